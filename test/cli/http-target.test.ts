import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serveChat } from '../support/chat-server.ts'
import { runCli, workspace } from '../support/cli.ts'

/** A service that answers customers: it hands the header of a request on to its model. */
const service = `
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
appendFileSync('starts', 'x')
createServer(async (request, response) => {
  let body = ''
  for await (const piece of request) body += piece
  if (request.url === '/health') return response.end('ok')
  const trace = request.headers['x-evalkit-trace']
  const handedOn = trace === undefined ? {} : { 'x-evalkit-trace': trace }
  const { question } = JSON.parse(body)
  const told = process.env.EVALKIT_TRACE_URL
  if (process.argv.includes('--recorded')) {
    await fetch(told, { method: 'POST', headers: handedOn, body: JSON.stringify({ input: question }) })
  }
  const answer = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...handedOn },
    body: JSON.stringify({ model: 'gpt-shop', messages: [{ role: 'user', content: question }] }),
  })
  const { choices, error } = await answer.json()
  if (error !== undefined) {
    response.writeHead(502).end(error.message)
    return
  }
  const text = choices[0].message.content
  if (process.argv.includes('--recorded')) {
    await fetch(told + '/end', { method: 'POST', headers: handedOn, body: JSON.stringify({ output: text }) })
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }))
}).listen(Number(process.env.PORT), '127.0.0.1')
`

/** Records a few runs of the service: it is asked by a program that knows it is recorded. */
const asking = `
import { spawn } from 'node:child_process'
const service = spawn('node', ['service.mjs', '--recorded'], { env: { ...process.env, PORT: process.argv[2] }, stdio: 'inherit' })
const at = 'http://127.0.0.1:' + process.argv[2]
while (!(await fetch(at + '/health').then(({ ok }) => ok, () => false))) await new Promise((resolve) => setTimeout(resolve, 20))
for (const [index, question] of ['Where is W1?', 'Where is W2?', 'Where is W3?'].entries()) {
  await fetch(at, { method: 'POST', headers: { 'x-evalkit-trace': 'r' + index }, body: JSON.stringify({ question }) })
}
service.kill()
`

const evalFile = (target: string): string => `
import { defineEval, httpTarget } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'shop', dataset: 'shop', checks: [equals()],
  target: httpTarget({ request: (question) => ({ question }), output: (body: any) => body.text, ${target} }),
})
`
const started = (more = ''): string =>
  evalFile(
    `url: 'http://127.0.0.1:{port}/answer', start: { command: ['node', 'service.mjs'], ready: 'http://127.0.0.1:{port}/health' }, ${more}`,
  )

interface Report {
  readonly stats: { readonly passRate: { readonly passed: number; readonly of: number } }
  readonly cases: { readonly trials: { readonly status: string; readonly fidelity: object }[] }[]
}

async function freePort(): Promise<number> {
  const model = await serveChat(() => ({ text: '' }))
  await model.close()
  return Number(new URL(model.url).port)
}

describe('an eval of a service', () => {
  it('is recorded, promoted, played again with trials beside each other, and replayed one by one', async () => {
    const model = await serveChat((messages) => ({ text: `${messages[0]?.content?.slice(9, 11)} was sent.` }))
    const dir = workspace({
      'service.mjs': service,
      'ask.mjs': asking,
      'evals/shop.eval.ts': started('concurrent: true'),
    })
    const env = { OPENAI_BASE_URL: `${model.url}/v1` }
    const recorded = await runCli({}, ['record', '--', 'node', 'ask.mjs', String(await freePort())], {
      dir,
      env,
    })
    expect(recorded.stderr).toContain('recorded 3 runs, 3 calls')
    await model.close()
    await runCli({}, ['import', '.evalkit/spool'], { dir })
    expect((await runCli({}, ['promote', '--all', '--dataset', 'shop'], { dir })).stdout).toContain('3 cases')
    const dataset = join(dir, 'datasets/shop.jsonl')
    const cases = readFileSync(dataset, 'utf8').trim().split('\n')
    const expected = (line: string): string => {
      const one = JSON.parse(line) as { input: string }
      return JSON.stringify({ ...one, expected: `${one.input.slice(9, 11)} was sent.` })
    }
    writeFileSync(dataset, `${cases.map(expected).join('\n')}\n`)
    writeFileSync(join(dir, 'starts'), '')

    for (const target of [started('concurrent: true'), started()]) {
      writeFileSync(join(dir, 'evals/shop.eval.ts'), target)
      const { exitCode, stdout, stderr } = await runCli({}, ['run', 'shop', '--json'], { dir })
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
      const [report] = (JSON.parse(stdout) as { reports: Report[] }).reports
      expect(report?.stats.passRate).toMatchObject({ passed: 3, of: 3 })
      for (const { trials } of report?.cases ?? []) {
        expect(trials).toMatchObject([{ status: 'completed', fidelity: { share: 1, steps: 1 } }])
      }
    }
    expect(readFileSync(join(dir, 'starts'), 'utf8')).toBe('xx')

    const replayed = await runCli({}, ['replay', '--all', '--eval', 'shop'], { dir })
    expect(replayed).toMatchObject({ exitCode: 0, stdout: '3 of 3 reproduced, 0 diverged\n' })
    expect(readFileSync(join(dir, 'starts'), 'utf8')).toBe('xxx')

    // Another question to the model is a miss, whatever the service answers then.
    writeFileSync(join(dir, 'service.mjs'), service.replace('content: question', "content: question + '!'"))
    const changed = await runCli({}, ['run', 'shop', '--json'], { dir })
    const [report] = (JSON.parse(changed.stdout) as { reports: Report[] }).reports
    expect(changed.exitCode).toBe(3)
    for (const { trials } of report?.cases ?? []) expect(trials).toMatchObject([{ status: 'aborted' }])
  })
})

const line = '{"id":"one","input":"x","expected":"x"}\n'

describe('a service that is not one', () => {
  it.each([
    ['no address', '', 'EVK_EVAL_INVALID', 'url', 2],
    ['an address that is none', "url: 'shop'", 'EVK_EVAL_INVALID', 'expected an address', 2],
    ['a setting that is none', "url: 'http://127.0.0.1:9/', strat: {}", 'EVK_EVAL_INVALID', 'start', 2],
    [
      'nothing listens',
      "url: 'http://127.0.0.1:9/', tapPort: PORT",
      'EVK_TARGET_UNREACHABLE',
      'nothing listens there',
      4,
    ],
    [
      'no such program',
      "url: 'http://127.0.0.1:{port}/', start: { command: ['no-such-program'] }",
      'EVK_TARGET_UNREACHABLE',
      'cannot be started: ENOENT',
      4,
    ],
    [
      'it ends at once',
      `url: 'http://127.0.0.1:{port}/', start: { command: ['node', '-e', 'console.error("no key"); process.exit(1)'] }`,
      'EVK_TARGET_UNREACHABLE',
      'ended before it was ready (exit code 1: no key)',
      4,
    ],
  ])('%s', async (_, settings, code, why, exit) => {
    const target = evalFile(settings.replace('PORT', String(await freePort())))
    const { exitCode, stdout, stderr } = await runCli(
      { 'evals/e.eval.ts': target, 'datasets/shop.jsonl': line },
      ['run'],
    )
    expect(stderr).toContain(code)
    expect(stderr).toContain(why)
    expect(stderr).toContain('hint')
    expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at .*:\d+/)
    expect(exitCode).toBe(exit)
  })
})
