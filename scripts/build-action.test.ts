import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Io } from '../src/cli/io.ts'
import type { CommandModule } from '../src/cli/main.ts'
import { inputNames, readInputs } from '../action/inputs.ts'
import { bundleAction, bundleFile } from './build-action.ts'

const root = dirname(import.meta.dirname)

interface Manifest {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>
  readonly outputs: Readonly<Record<string, object>>
  readonly runs: { readonly using: string; readonly main: string }
}

const manifest = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as Manifest

describe('the bundle of the action', () => {
  it('is what its sources give, byte for byte: else npm run build:action', async () => {
    const { text } = await bundleAction()
    expect(readFileSync(bundleFile, 'utf8')).toBe(text)
  })

  it('holds our own code alone, imports what every Node has, and nothing native', async () => {
    const { modules, imports, text } = await bundleAction()
    expect(
      modules.filter((path) => !/^(action\/[\w-]+|src\/(cli|github|lib)\/[\w-]+)\.ts$/.test(path)),
    ).toEqual([])
    expect(imports.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))).toEqual([])
    expect(text).not.toMatch(/\.node\b|process\.dlopen|\beval\(|new Function/)
    expect(text.length).toBeLessThan(30_000)
  })
})

describe('action.yml', () => {
  it('starts the bundle', () => {
    expect(manifest.runs).toEqual({ using: 'node24', main: 'action/dist/index.mjs' })
    expect(join(root, manifest.runs.main)).toBe(bundleFile)
  })

  it('has the inputs that are read, each described', () => {
    expect(Object.keys(manifest.inputs).toSorted()).toEqual([...inputNames].toSorted())
    expect(Object.values(manifest.inputs).filter(({ description }) => description.length < 10)).toEqual([])
    expect(Object.keys(manifest.outputs)).toEqual(['verdict', 'exit', 'comment-url', 'report'])
  })

  it('asks for nothing but all evals, where a workflow says nothing', () => {
    const env = Object.fromEntries(
      Object.entries(manifest.inputs).map(([name, { default: by = '' }]) => [
        `INPUT_${name.toUpperCase()}`,
        by,
      ]),
    )
    expect(readInputs({ ...env, GITHUB_WORKSPACE: '/repo', RUNNER_TEMP: '/tmp/job' })).toEqual({
      ok: true,
      asked: {
        folder: '/repo',
        args: ['ci', '--report=/tmp/job/evalkit-report', '--'],
        token: '${{ github.token }}',
        report: '/tmp/job/evalkit-report',
      },
    })
  })

  it.each(['ci', 'comment'] as const)('makes flags of inputs that evalkit %s takes', async (name) => {
    const ofOthers = name === 'ci' ? ['reports'] : inputNames.filter((one) => !ofComment.has(one))
    const given = inputNames.filter((one) => !ofOthers.includes(one)).map((one) => [one, 'x'])
    const env = Object.fromEntries(
      [...given, ['command', name]].map(([one = '', value]) => [`INPUT_${one.toUpperCase()}`, value]),
    )
    const read = readInputs(env)
    const module = (await import(`../src/cli/commands/${name}.ts`)) as CommandModule
    const known = module.command({} as Io, () => undefined).options.map(({ long }) => long)
    const flags = read.ok ? read.asked.args.slice(1, read.asked.args.indexOf('--')) : []
    expect(flags.length).toBe(name === 'ci' ? 12 : 2)
    expect(flags.map((flag) => flag.split('=')[0]).filter((flag) => !known.includes(flag))).toEqual([])
    expect(read.ok && read.asked.args.at(-1)).toBe('x')
  })
})

const ofComment = new Set(['command', 'working-directory', 'token', 'suite', 'comment-author', 'reports'])
