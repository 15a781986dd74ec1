import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tracesOf } from '../../src/capture/testing/memory-session.ts'
import { outlineOf } from '../../src/capture/testing/outline.ts'
import type { SpoolRecord } from '../../src/schema/spool.ts'
import type { Trace } from '../../src/schema/trace.ts'
import {
  type CliOptions,
  type CliResult,
  linkPackage,
  repository,
  runProgram,
  workspace,
} from '../support/cli.ts'
import { modelServer, type ModelServer } from './support/model-server.ts'

const completion = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Rye.' } }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
})

let server: ModelServer
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  server = await modelServer(() => ({
    headers: { 'content-type': 'application/json' },
    chunks: [completion],
  }))
  env = { ORIGIN: server.origin, OPENAI_API_KEY: 'sk-none', OPENAI_BASE_URL: `${server.origin}/v1` }
})
afterAll(async () => {
  await server.close()
})

/** Runs an agent of this text with what its flags load. */
function run(
  name: string,
  text: string,
  options: CliOptions & { readonly flags?: readonly string[] } = {},
): Promise<CliResult> {
  const dir = options.dir ?? workspace({ [name]: text })
  const { flags = ['--import', 'evalkit/register'] } = options
  return runProgram(process.execPath, [...flags, name], { ...options, dir, env: { ...env, ...options.env } })
}

function spooled(dir: string): readonly Trace[] {
  const spool = join(dir, '.evalkit', 'spool')
  if (!existsSync(spool)) return []
  return tracesOf(
    readdirSync(spool, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.jsonl'))
      .flatMap((file) => readFileSync(join(spool, file), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SpoolRecord),
  )
}

const ask = `const body = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Bread?' }] })
const url = process.env.ORIGIN + '/v1/chat/completions'
const byFetch = async () => (await (await fetch(url, { method: 'POST', body })).json()).choices[0].message.content
`
const byHttp = (http: string): string => `${ask}
const byHttp = () => new Promise((resolve, reject) => {
  const request = ${http}.request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  request.on('response', (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (piece) => (text += piece))
    response.on('end', () => resolve(JSON.parse(text).choices[0].message.content))
  })
  request.on('error', reject)
  request.end(body)
})
`

it.each(['register', 'temporal', 'index'])('what production loads is Node and we alone: %s', (entry) => {
  const specifiers = loadedBy(join(repository, 'dist', 'capture', `${entry}.js`))
  expect(specifiers.size).toBeGreaterThan(30)
  const foreign = [...specifiers].filter((one) => !one.startsWith('node:') && !one.startsWith(repository))
  expect(foreign).toEqual([])
})

/** What a built module imports, and what that imports: our own files as paths, the rest as it is named. */
function loadedBy(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  const text = readFileSync(path, 'utf8')
  for (const [, specifier = ''] of text.matchAll(/^(?:import|export) (?:[^'"]* from )?['"]([^'"]+)['"]/gm)) {
    if (specifier.startsWith('.')) loadedBy(join(dirname(path), specifier), seen)
    else seen.add(specifier)
  }
  return seen
}

describe('node --import evalkit/register', () => {
  it.each([
    ['agent.mjs', `import * as http from 'node:http'\n${byHttp('http')}`],
    ['named.mjs', `import { request } from 'http'\nconst http = { request }\n${byHttp('http')}`],
    ['agent.cjs', byHttp("require('node:http')")],
  ])('records fetch and node:http of %s', async (name, text) => {
    const code = `${text};(async () => console.log(await byFetch(), await byHttp()))()`
    const { exitCode, stdout, stderr, dir } = await run(name, code)
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: 'Rye. Rye.\n', stderr: '' })
    const [trace, ...others] = spooled(dir)
    expect(others).toEqual([])
    expect(trace).toMatchObject({ name, status: 'ok', ended: 'exit', usage: { input: 18, output: 4 } })
    expect(trace === undefined ? [] : outlineOf(trace)).toEqual([
      `agent ${name}`,
      '  llm gpt-4o-mini x1',
      '  llm gpt-4o-mini x1',
    ])
    // As it went over the wire, and nothing that identifies the agent to the provider.
    expect(JSON.stringify(trace)).toContain(JSON.stringify(completion))
  })

  it('works by --require and by NODE_OPTIONS as well', async () => {
    const text = `${ask};byFetch().then(console.log)`
    const required = await run('agent.cjs', text, { flags: ['--require', 'evalkit/register'] })
    const told = await run('agent.mjs', text, {
      flags: [],
      env: { NODE_OPTIONS: '--import=evalkit/register' },
    })
    expect([required.stdout, told.stdout]).toEqual(['Rye.\n', 'Rye.\n'])
    expect([spooled(required.dir).length, spooled(told.dir).length]).toEqual([1, 1])
  })

  it('records an official SDK that nobody told of it', async () => {
    const text = `import OpenAI from 'openai'
const client = new OpenAI()
const messages = [{ role: 'user', content: 'Bread?' }]
const { choices } = await client.chat.completions.create({ model: 'gpt-4o-mini', messages })
console.log(choices[0].message.content)`
    const dir = workspace({ 'agent.mjs': text })
    linkPackage(dir, 'openai')
    const { stdout, stderr } = await run('agent.mjs', text, { dir })
    expect({ stdout, stderr }).toEqual({ stdout: 'Rye.\n', stderr: '' })
    expect(spooled(dir).map(outlineOf)).toEqual([['agent agent.mjs', '  llm gpt-4o-mini x1']])
  })

  it('records the AI SDK with its agents and tools', async () => {
    const text = `import { generateText } from 'ai'
import { createOpenAI } from '@ai-sdk/openai'
const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL })
const { text } = await generateText({ model: openai.chat('gpt-4o-mini'), prompt: 'Bread?' })
console.log(text)`
    const dir = workspace({ 'agent.mjs': text })
    for (const name of ['ai', '@ai-sdk/openai']) linkPackage(dir, name)
    const { stdout, stderr } = await run('agent.mjs', text, { dir })
    expect({ stdout, stderr }).toEqual({ stdout: 'Rye.\n', stderr: '' })
    expect(spooled(dir).map(outlineOf)).toEqual([
      ['agent agent.mjs', '  agent generateText', '    llm gpt-4o-mini x1'],
    ])
  })

  it('leaves runs to evalkit.trace, and the rest to the trace of the process', async () => {
    const text = `import { fetch as tapped, trace } from 'evalkit/capture'
${ask}
await byFetch()
await trace('baker', byFetch)
await trace('baker', async () => (await tapped(url, { method: 'POST', body })).text())`
    const { dir, stderr } = await run('agent.mjs', text)
    expect(stderr).toBe('')
    const outlines = spooled(dir).map((trace) => outlineOf(trace).join())
    expect(outlines.toSorted()).toEqual([
      'agent agent.mjs,  llm gpt-4o-mini x1',
      'agent baker,  llm gpt-4o-mini x1',
      'agent baker,  llm gpt-4o-mini x1',
    ])
  })

  it('changes nothing when it is loaded twice', async () => {
    const twice = `import 'evalkit/register'
await import(import.meta.resolve('evalkit/register') + '?again')`
    const dir = workspace({ 'twice.mjs': twice, 'agent.mjs': `${ask}console.log(await byFetch())` })
    const { stdout } = await run('agent.mjs', '', { dir, flags: ['--import', './twice.mjs'] })
    expect(stdout).toBe('Rye.\n')
    expect(spooled(dir).map(outlineOf)).toEqual([['agent agent.mjs', '  llm gpt-4o-mini x1']])
  })

  it('is nothing where capture is off', async () => {
    const text = `const { fetch: before } = globalThis
console.log(Object.getOwnPropertySymbols(globalThis).length, Object.getOwnPropertySymbols(before).length)`
    const { dir, stdout } = await run('agent.mjs', text, { env: { EVALKIT_CAPTURE: 'off' } })
    const { stdout: plain } = await run('agent.mjs', text, { flags: [] })
    expect(stdout).toBe(plain)
    expect(existsSync(join(dir, '.evalkit'))).toBe(false)
  })

  it('records workers too', async () => {
    const text = `import { isMainThread, Worker } from 'node:worker_threads'
${ask}
if (isMainThread) new Worker(new URL(import.meta.url))
else await byFetch()`
    const { dir, exitCode, stderr } = await run('agent.mjs', text)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(spooled(dir).map(outlineOf)).toEqual([['agent agent.mjs', '  llm gpt-4o-mini x1']])
  })

  it('an agent that crashes, exits at once or rejects does so as it would', async () => {
    const ends = ['throw new RangeError("burnt")', 'process.exit(7)', 'Promise.reject(new Error("burnt"))']
    for (const end of ends) {
      const text = `${ask}await byFetch()\n${end}`
      const [tapped, plain] = await Promise.all([
        run('agent.mjs', text),
        run('agent.mjs', text, { flags: [] }),
      ])
      expect(tapped.exitCode).toBe(plain.exitCode)
      expect(tapped.exitCode).not.toBe(0)
      const places = (stderr: string): string => stderr.replaceAll(/file:\S+\//g, '')
      expect(places(tapped.stderr)).toBe(places(plain.stderr))
      expect(spooled(tapped.dir)).toHaveLength(1)
    }
  })

  it('starts the agent whatever fails, and says so in one line', async () => {
    const dir = workspace({
      'frozen.mjs': `Object.defineProperty(globalThis, 'fetch', { value: fetch, writable: false, configurable: false })`,
      'agent.mjs': `${ask}console.log(await byFetch())`,
    })
    const { exitCode, stdout, stderr } = await run('agent.mjs', '', {
      dir,
      flags: ['--import', './frozen.mjs', '--import', 'evalkit/register'],
    })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Rye.\n' })
    expect(stderr).toMatch(/^evalkit: not everything of this process is recorded: .*'fetch'.*\n$/)
  })

  it('a spool that cannot be written costs the agent nothing', async () => {
    const { exitCode, stdout } = await run('agent.mjs', `${ask}console.log(await byFetch())`, {
      env: { EVALKIT_SPOOL: '/dev/null/spool' },
    })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Rye.\n' })
  })

  it('an agent that has nothing to do any more ends', async () => {
    const started = performance.now()
    const { exitCode } = await run('agent.mjs', `${ask}await byFetch()`)
    expect(exitCode).toBe(0)
    // The silence after which a trace of the process ends is ten minutes.
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
