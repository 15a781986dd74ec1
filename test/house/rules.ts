import { posix } from 'node:path'
import { type Files, type Source, sourcesOf } from './tree.ts'
import { ambientAllowed, floors, maxLines, maxTestLines, registries, walls } from './plan.ts'

export interface Rule {
  readonly name: string
  /** What to do about it: printed below what was found. */
  readonly mend: string
  /** What is wrong, each with its place; empty where the tree keeps the rule. */
  readonly find: (tree: Tree) => readonly string[]
  /** A tiny tree that breaks the rule, and what must be found in it: a rule that cannot fail is no rule. */
  readonly broken: { readonly files: Readonly<Record<string, string>>; readonly found: readonly string[] }
}

export interface Tree {
  readonly files: Files
  readonly sources: readonly Source[]
}

export function treeOf(files: Files): Tree {
  return { files, sources: sourcesOf(files) }
}

const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)))

export const rules: readonly Rule[] = [
  {
    name: 'every room has a floor',
    mend: 'A new room is rare: give it a floor in test/house/plan.ts and ARCHITECTURE.md, with a decision note.',
    find: ({ sources }) =>
      unique(sources.filter(({ room }) => !floorOf.has(room)).map(({ room }) => `src/${room}/`)),
    broken: { files: { 'src/attic/box.ts': 'export const box = 1' }, found: ['src/attic/'] },
  },
  {
    name: 'imports run downward, and rooms of one floor do not know each other',
    mend: 'A noun is missing on the ground (schema/), or the verb that needs both rooms belongs one floor up.',
    find: ({ sources }) =>
      sources.flatMap((source) =>
        source.imports.flatMap(({ target, line }) => {
          const to = target === undefined ? undefined : roomOf(target)
          if (to === undefined || to === source.room) return []
          const wall = walls.find((candidate) => candidate.from === source.room && candidate.to === to)
          const [here = -1, there = -1] = [floorOf.get(source.room), floorOf.get(to)]
          if (wall === undefined && there < here) return []
          return [`${source.path}:${line} imports ${target}${wall === undefined ? '' : `: ${wall.why}`}`]
        }),
      ),
    broken: {
      files: {
        'src/lib/a.ts': "import type { Trace } from '../schema/trace.ts'",
        'src/gate/b.ts': "export * from '../store/store.ts'",
        'src/capture/c.ts': "const store = () => import('../store/store.ts')",
        'src/run/d.test.ts': "let x: import('../cli/main.ts').Main",
        'src/cli/main.ts': "import '../run/d.ts'",
      },
      found: [
        'src/lib/a.ts:1 imports src/schema/trace.ts',
        'src/gate/b.ts:1 imports src/store/store.ts',
        'src/capture/c.ts:1 imports src/store/store.ts: agents in production import capture, and must not load SQLite with it',
        'src/run/d.test.ts:1 imports src/cli/main.ts',
      ],
    },
  },
  {
    name: 'what ships imports what is declared as a dependency',
    mend: 'Move the package to "dependencies" (with a reason in the pull request), or do without it. Tests may use devDependencies.',
    find: ({ files, sources }) => {
      const manifest = manifestOf(files)
      const shipped = new Set(
        [manifest.dependencies, manifest.peerDependencies].flatMap((list) => Object.keys(list ?? {})),
      )
      const tests = new Set([...shipped, ...Object.keys(manifest.devDependencies ?? {})])
      return sources.flatMap((source) =>
        source.imports.flatMap(({ specifier, target, line }) => {
          if (target !== undefined || /^(node|data|https?|file):/.test(specifier)) return []
          const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
          return (source.isTest ? tests : shipped).has(name)
            ? []
            : [`${source.path}:${line} imports ${specifier}`]
        }),
      )
    },
    broken: {
      files: {
        'package.json': '{ "dependencies": { "zod": "4" }, "devDependencies": { "vitest": "5" } }',
        'src/lib/a.ts': "import * as z from 'zod'\nimport { it } from 'vitest'\nimport fs from 'fs'",
        'src/lib/a.test.ts': "import { it } from 'vitest'\nimport x from '@left/pad/x'",
      },
      found: [
        'src/lib/a.ts:2 imports vitest',
        'src/lib/a.ts:3 imports fs',
        'src/lib/a.test.ts:2 imports @left/pad/x',
      ],
    },
  },
  {
    name: 'what ships does not import tests',
    mend: 'Move what both need into a file of its own that is no test, contract or sample.',
    find: ({ sources }) => {
      const tests = new Set(sources.filter(({ isTest }) => isTest).map(({ path }) => path))
      return sources
        .filter(({ isTest }) => !isTest)
        .flatMap(({ path, imports }) =>
          imports
            .filter(({ target = '' }) => tests.has(target))
            .map(({ target, line }) => `${path}:${line} imports ${target}`),
        )
    },
    broken: {
      files: { 'src/lib/a.ts': "import './a.test.ts'", 'src/lib/a.test.ts': '' },
      found: ['src/lib/a.ts:1 imports src/lib/a.test.ts'],
    },
  },
  {
    name: 'only cli/ prints, exits, and reads the clock, chance and the environment',
    mend: 'Take it as an argument and hand it down from cli/. If that is impossible: test/house/plan.ts, ambientAllowed, with the reason.',
    find: ({ sources }) =>
      sources
        .filter(({ room }) => room !== 'cli')
        .flatMap(({ path, isTest, ambient }) =>
          ambient
            .filter(({ what }) => (isTest ? what === 'Math.random' : true))
            .filter(
              ({ what }) =>
                !ambientAllowed.some((allowed) => allowed.file === path && allowed.what.includes(what)),
            )
            .map(({ what, line }) => `${path}:${line} uses ${what}`),
        ),
    broken: {
      files: {
        'src/run/a.ts':
          "console.log(1)\nglobalThis.process.exit(1)\nconst { env } = process\n// Date.now()\nnew Date()\nnew Date(0)\n'process.env'",
        'src/run/b.ts':
          "import { randomUUID } from 'node:crypto'\nimport process from 'node:process'\nDate.now() + Math.random()",
        'src/run/c.test.ts': 'process.env.X\nMath.random()',
        'src/cli/d.ts': 'console.log(process.env)',
      },
      found: [
        'src/run/a.ts:1 uses console',
        'src/run/a.ts:2 uses process.exit',
        'src/run/a.ts:3 uses process',
        'src/run/a.ts:5 uses new Date()',
        'src/run/b.ts:1 uses randomUUID',
        'src/run/b.ts:2 uses node:process',
        'src/run/b.ts:3 uses Date.now',
        'src/run/b.ts:3 uses Math.random',
        'src/run/c.test.ts:2 uses Math.random',
      ],
    },
  },
  {
    name: 'schema/ imports nothing of Node',
    mend: 'Nouns are plain data: what needs Node (files, processes, time) is a verb, and belongs higher up.',
    find: ({ sources }) =>
      sources
        .filter(({ room, isTest }) => room === 'schema' && !isTest)
        .flatMap(({ path, imports }) =>
          imports
            .filter(({ specifier }) => specifier.startsWith('node:'))
            .map(({ specifier, line }) => `${path}:${line} imports ${specifier}`),
        ),
    broken: {
      files: { 'src/schema/a.ts': "import fs from 'node:fs'", 'src/lib/b.ts': "import 'node:crypto'" },
      found: ['src/schema/a.ts:1 imports node:fs'],
    },
  },
  {
    name: 'every member is in its list',
    mend: 'Add its line to the index. What is no member but helps some goes where its name says so, or exports no member.',
    find: ({ sources }) =>
      registries.flatMap(({ folder, index, member }) => {
        const listed = new Set(
          sources.find(({ path }) => path === index)?.imports.map(({ target }) => target),
        )
        return sources
          .filter(
            ({ path, isTest, text }) =>
              posix.dirname(path) === folder && !isTest && path !== index && member.test(text),
          )
          .filter(({ path }) => !listed.has(path))
          .map(({ path }) => `${path} is not in ${index}`)
      }),
    broken: {
      files: {
        'src/score/checks/index.ts': "import { a } from './a.ts'",
        'src/score/checks/a.ts': 'export const a = defineCheck({})',
        'src/score/checks/b.ts': 'export const b = defineCheck({})',
        'src/score/checks/helper.ts': 'export const help = 1',
        'src/report/table.ts': 'export const table: Reporter = {}',
        'src/report/style.ts': 'export const style = 1',
      },
      found: [
        'src/score/checks/b.ts is not in src/score/checks/index.ts',
        'src/report/table.ts is not in src/report/index.ts',
      ],
    },
  },
  {
    name: 'every file is reached from a door of the package',
    mend: 'Delete the file, or use it: doors are src/index.ts, src/cli/main.ts, what package.json exports, and what scripts use.',
    find: ({ files, sources }) => {
      const byPath = new Map(sources.map((source) => [source.path, source]))
      const exported = [
        ...JSON.stringify(manifestOf(files).exports ?? {}).matchAll(/"\.\/dist\/([^"]+)\.js"/g),
      ]
      const doors = new Set([
        'src/index.ts',
        'src/cli/main.ts',
        ...exported.map(([, path]) => `src/${path}.ts`),
        ...usedByScripts(files),
      ])
      const reached = reachable(
        sources.filter(({ path }) => doors.has(path)),
        byPath,
      )
      return sources.filter(({ path, isTest }) => !isTest && !reached.has(path)).map(({ path }) => path)
    },
    broken: {
      files: {
        'package.json': '{ "exports": { "./a": { "default": "./dist/lib/a.js" } } }',
        'src/lib/a.ts': "export const worker = new URL('./worker.ts', import.meta.url)",
        'src/lib/worker.ts': '',
        'src/cli/main.ts': "export * from '../run/used.ts'",
        'src/run/used.ts': '',
        'src/run/unused.ts': '',
        'src/run/measured.ts': '',
        'bench/run.ts': "import { x } from '../src/run/measured.ts'",
        'src/run/unused.test.ts': "import './unused.ts'",
      },
      found: ['src/run/unused.ts'],
    },
  },
  {
    name: `files are short: ${maxLines} lines, tests ${maxTestLines}`,
    mend: 'Find the second nameable thing in the file and give it a file of its own.',
    find: ({ files }) =>
      codeFiles(files).flatMap(([path, text]) => {
        const lines = text.split('\n').length - 1
        const most =
          /\.(test|contract|sample)\.ts$/.test(path) || path.startsWith('test/') ? maxTestLines : maxLines
        return lines > most ? [`${path} has ${lines} lines`] : []
      }),
    broken: {
      files: { 'src/lib/long.ts': '\n'.repeat(401), 'src/lib/long.test.ts': '\n'.repeat(401) },
      found: ['src/lib/long.ts has 401 lines'],
    },
  },
  {
    name: 'every error code is in the catalogue, and every entry of the catalogue is used',
    mend: 'The catalogue is src/schema/errors.ts: add the line (code, exit, hint), or drop one that nothing throws.',
    find: ({ files }) => {
      const catalogue = 'src/schema/errors.ts'
      const known = new Set(
        Array.from((files.get(catalogue) ?? '').matchAll(/^ {2}(EVK_\w+):/gm), ([, code]) => code),
      )
      const used = [...files].filter(
        ([path]) => /^(src|bin|docs|evals|examples)\/|^[A-Z]+\.md$/.test(path) && path !== catalogue,
      )
      const thrown = new Set<string>()
      const unknown: string[] = []
      for (const [path, text] of used) {
        for (const [code] of text.matchAll(/\bEVK_[A-Z0-9]+(_[A-Z0-9]+)*\b(?![_*])/g)) {
          if (/^(src|bin)\//.test(path) && !path.endsWith('.test.ts')) thrown.add(code)
          if (!known.has(code)) unknown.push(`${path} names ${code}, which is not in the catalogue`)
        }
      }
      const idle = [...known]
        .filter((code = '') => !thrown.has(code))
        .map((code) => `${catalogue}: nothing uses ${code}`)
      return [...unique(unknown), ...idle]
    },
    broken: {
      files: {
        'src/schema/errors.ts': 'export const catalogue = {\n  EVK_A: {},\n  EVK_B: {},\n}',
        'src/run/a.ts': "throw new EvalkitError('EVK_A')\n// family: EVK_STORE_*",
        'src/run/a.test.ts': "'EVK_B'",
        'README.md': 'fails with EVK_C',
      },
      found: [
        'README.md names EVK_C, which is not in the catalogue',
        'src/schema/errors.ts: nothing uses EVK_B',
      ],
    },
  },
  {
    name: 'nothing names the machine it was written on',
    mend: 'Use a path from the root of the repository, or a temporary folder.',
    find: ({ files }) =>
      linesWith(
        files,
        /(?<![\w.~$}*-])\/(?:work|root|home\/\w+|Users\/\w+)\/\w/,
        (path) => !path.startsWith('test/house/'),
      ),
    broken: {
      files: { 'README.md': 'ok: docs/work/x\nsee /home/anna/x', 'fixtures/a.json': '{ "at": "/root/x" }' },
      found: ['README.md:2', 'fixtures/a.json:1'],
    },
  },
  {
    name: 'nothing is left to be done, and no rule is switched off',
    mend: 'Do it, or open an issue. A lint rule that is wrong here is changed for all in .oxlintrc.json, with the reason.',
    find: ({ files }) =>
      linesWith(
        new Map(codeFiles(files)),
        /\b(TODO|FIXME|XXX)\b|@ts-(ignore|expect-error|nocheck)|(oxlint|eslint)-disable|biome-ignore|\b(it|test|describe)\.(only|skip|todo)\b/,
        (path) => !path.startsWith('test/house/'),
      ),
    broken: {
      files: {
        'src/lib/a.ts': '// TODO later\nconst a = 1\n// @ts-ignore',
        'src/lib/a.test.ts': 'it.only()',
        'data/a.json': 'TODO',
      },
      found: ['src/lib/a.ts:1', 'src/lib/a.ts:3', 'src/lib/a.test.ts:1'],
    },
  },
  {
    name: 'the lockfile names no download addresses',
    mend: 'Run npm install again with the .npmrc of this repository (omit-lockfile-registry-resolved=true).',
    find: ({ files }) => linesWith(files, /"resolved":/, (path) => path === 'package-lock.json'),
    broken: {
      files: { 'package-lock.json': '{\n "resolved": "https://example.org/a.tgz" }' },
      found: ['package-lock.json:2'],
    },
  },
  {
    name: 'the lockfile holds every platform',
    mend: 'npm leaves out optional packages it could not fetch, and then npm ci fails: pin a version that is complete.',
    find: ({ files }) => {
      const { packages = {} } = JSON.parse(files.get('package-lock.json') ?? '{}') as Lockfile
      return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies)
          .filter((name) => !Object.hasOwn(packages, `node_modules/${name}`))
          .filter((name) => !Object.hasOwn(packages, `${path}/node_modules/${name}`))
          .map((name) => `${path} wants ${name}`),
      )
    },
    broken: {
      files: {
        'package-lock.json':
          '{ "packages": { "node_modules/a": { "optionalDependencies": { "b": "1", "c": "1" } }, "node_modules/b": {} } }',
      },
      found: ['node_modules/a wants c'],
    },
  },
]

function roomOf(path: string): string | undefined {
  const [src, room, ...inside] = path.split('/')
  if (src !== 'src' || room === undefined) return undefined
  return inside.length === 0 ? 'index.ts' : room
}

/** Paths of the files that `from` leads to, itself included; type-only and lazy imports count. */
function reachable(from: readonly Source[], byPath: ReadonlyMap<string, Source>): ReadonlySet<string> {
  const reached = new Set<string>()
  const queue = from.map(({ path }) => path)
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = byPath.get(path)
    if (source === undefined || reached.has(path)) continue
    reached.add(path)
    for (const { target } of source.imports) if (target !== undefined) queue.push(target)
  }
  return reached
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly exports?: unknown
}

interface Lockfile {
  readonly packages?: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >
}

function manifestOf(files: Files): Manifest {
  return JSON.parse(files.get('package.json') ?? '{}') as Manifest
}

function codeFiles(files: Files): readonly (readonly [string, string])[] {
  return [...files].filter(([path]) =>
    /^((src|test|scripts|bench|bin|evals|examples)\/.*\.(ts|mjs|js)|action\/[^/]+\.ts)$/.test(path),
  )
}

function usedByScripts(files: Files): readonly string[] {
  return codeFiles(files)
    .filter(([path]) => /^(scripts|bench)\//.test(path))
    .flatMap(([, text]) =>
      Array.from(text.matchAll(/from '(?:\.\.\/)+(src\/[^']+)'/g), ([, path = '']) => path),
    )
}

function linesWith(files: Files, pattern: RegExp, applies: (path: string) => boolean): readonly string[] {
  return [...files].flatMap(([path, text]) =>
    !applies(path) || !pattern.test(text)
      ? []
      : text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  )
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)]
}
