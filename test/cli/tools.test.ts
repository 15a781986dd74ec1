import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'

interface Pay {
  readonly properties?: object
  readonly required?: readonly string[]
  readonly tools?: string
}

/** An eval whose agent pays, with a tool that asks for this. */
function desk({
  properties = { order: { type: 'string' } },
  required = ['order'],
  tools = '',
}: Pay = {}): string {
  const schema = JSON.stringify({ type: 'object', properties, required })
  return `
    import { defineEval, tool } from 'evalkit'
    const pay = tool({ name: 'pay', description: 'Pays an order.', input_schema: ${schema} }, () => 'paid', { effect: 'write' })
    ${tools}
    export default defineEval({
      name: 'desk',
      dataset: [{ id: 'w12', input: 'W12' }],
      target: async function desk(order: string) { return pay({ order }) },
      checks: [function paid({ output }: { output: unknown }) { return output === 'paid' }],
    })`
}

const fixture = JSON.stringify({
  v: 1,
  dataset: 'desk',
  case: 'w12',
  recordings: [
    {
      trace: 't_w12',
      trial: 0,
      output: 'paid',
      calls: [
        {
          step: 1,
          kind: 'tool',
          request: { name: 'pay', arguments: { order: 'W12' } },
          reply: { response: 'paid', isError: false },
        },
      ],
    },
  ],
})

const files = { 'evals/desk.eval.ts': desk(), 'fixtures/desk/w12.json': fixture }

/** An MCP server over stdio that lists these tools, and calls none. */
function server(tools: readonly object[]): string {
  return `
    import { createInterface } from 'node:readline'
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, method } = JSON.parse(line)
      const result = { initialize: { serverInfo: { name: 'travel' } }, 'tools/list': { tools: ${JSON.stringify(tools)} } }[method]
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }`
}

function weather(more: object = {}): object {
  const properties = { city: { type: 'string' }, ...more }
  return { name: 'get_weather', inputSchema: { type: 'object', properties, required: ['city'] } }
}

describe('evalkit tools snapshot', () => {
  it('writes what the code tells, the same bytes twice, and leaves facts alone', async () => {
    const given = {
      ...files,
      'evals/tools.json':
        '{ "tools": { "pay": { "effect": "external" }, "mail": { "effect": "external" } } }',
    }
    const dry = await runCli(given, ['tools', 'snapshot', '--dry-run'])
    expect(dry.exitCode).toBe(0)
    expect(dry.stdout).toContain('tools.pay.inputSchema')
    expect(dry.stdout).toContain('Nothing was written.')
    const { dir } = dry
    const path = join(dir, 'evals/tools.json')
    expect(readFileSync(path, 'utf8')).toBe(given['evals/tools.json'])

    const first = await runCli({}, ['tools', 'snapshot', '--json'], { dir })
    expect(JSON.parse(first.stdout)).toMatchObject({
      added: [],
      updated: ['pay'],
      written: true,
      sources: ['code'],
    })
    const written = readFileSync(path, 'utf8')
    expect(JSON.parse(written).tools).toMatchObject({
      mail: { effect: 'external' },
      pay: {
        effect: 'external',
        description: 'Pays an order.',
        inputSchema: { required: ['order'] },
        source: 'code',
      },
    })
    const again = await runCli({}, ['tools', 'snapshot'], { dir })
    expect([again.exitCode, readFileSync(path, 'utf8')]).toEqual([0, written])

    const inCi = await runCli({}, ['tools', 'snapshot'], { dir, env: { CI: 'true' } })
    expect([inCi.exitCode, inCi.stderr.includes('at the desk')]).toEqual([2, true])
  })

  it('asks an MCP server, or reads what one said', async () => {
    const asked = await runCli({ 'server.mjs': server([weather()]) }, [
      'tools',
      'snapshot',
      '--',
      'node',
      'server.mjs',
    ])
    expect(asked.stdout).toContain('1 tool added, 0 updated, 0 as before (from mcp travel)')
    const { dir } = asked
    const listed = {
      result: { serverInfo: { name: 'travel' }, tools: [weather({ unit: { type: 'string' } })] },
    }
    const log = { 'mcp.jsonl': `${JSON.stringify({ dir: 'server', message: listed })}\n` }
    const grown = await runCli(log, ['tools', 'check', '--mcp', 'mcp.jsonl'], { dir })
    expect([grown.exitCode, grown.stdout.includes('"unit" may be given now')]).toEqual([0, true])
    const shrunk = await runCli(
      { 'server.mjs': server([]) },
      ['tools', 'check', '--from', 'mcp', '--', 'node', 'server.mjs'],
      { dir },
    )
    expect([shrunk.exitCode, shrunk.stdout.includes('the tool is gone')]).toEqual([1, true])
  })

  it('says what it was told wrong', async () => {
    const none = await runCli(files, ['tools', 'snapshot', '--from', 'nowhere'])
    const { dir } = none
    const of = async (...words: readonly string[]): Promise<string> => {
      const { exitCode, stderr } = await runCli({}, ['tools', ...words], { dir })
      return `${exitCode} ${stderr.split('\n')[0]}`
    }
    expect([none.exitCode, none.stderr.split('\n')[0]]).toEqual([
      2,
      'EVK_USAGE  --from takes code, mcp, traces, fixtures, not "nowhere".',
    ])
    expect(await of('check')).toBe('2 EVK_FILE_NOT_FOUND  There are no contracts yet.')
    expect(await of('snapshot', '--from', 'mcp')).toBe('2 EVK_USAGE  Which MCP server?')
    expect(await of('snapshot', '--from', 'traces')).toBe(
      '2 EVK_USAGE  No tool was found (looked in: traces).',
    )
    expect(await of('snapshot', '--mcp', 'package.json')).toMatch(/^2 EVK_FORMAT_UNKNOWN/)
    expect(await of('snapshot', '--mcp', 'gone.json')).toMatch(/^2 EVK_FILE_NOT_FOUND/)
    expect(await of('snapshot', '--from', 'mcp', '--', 'node', '-e', 'process.exit(1)')).toMatch(
      /^4 EVK_MCP_FAILED/,
    )
    expect(await of('audit', '--run', 'x', '--where', 'y=z')).toMatch(/^2 EVK_USAGE/)
  })
})

describe('evalkit tools check', () => {
  it('finds what broke and which fixtures no longer fit, until both are mended', async () => {
    const kept = await runCli(files, ['tools', 'snapshot'])
    const { dir } = kept
    const same = await runCli({}, ['tools', 'check'], { dir })
    expect([same.exitCode, same.stdout.includes('the contracts hold')]).toEqual([0, true])

    const properties = { order: { type: 'string' }, iban: { type: 'string' } }
    const optional = await runCli({ 'evals/desk.eval.ts': desk({ properties }) }, ['tools', 'check'], { dir })
    expect([optional.exitCode, optional.stdout.includes('"iban" may be given now')]).toEqual([0, true])

    const broken = desk({ properties, required: ['order', 'iban'] })
    const check = await runCli({ 'evals/desk.eval.ts': broken }, ['tools', 'check'], { dir })
    expect(check.exitCode).toBe(1)
    expect(check.stdout).toContain('pay input iban  "iban" must be given now')
    expect(check.stdout).toContain('no longer fits: desk/w12 trial 0 step 1, pay input')
    const json = await runCli({}, ['tools', 'check', '--json'], { dir })
    expect(JSON.parse(json.stdout)).toMatchObject({
      exit: 1,
      changes: [{ tool: 'pay', side: 'input', path: 'iban', class: 'breaking' }],
      fixtures: { unfit: [{ dataset: 'desk', case: 'w12', trial: 0, step: 1, tool: 'pay', side: 'input' }] },
    })

    await runCli({}, ['tools', 'snapshot'], { dir })
    const accepted = await runCli({}, ['tools', 'check'], { dir })
    expect([
      accepted.exitCode,
      accepted.stdout.includes('broken: 1 recorded call that no longer fits'),
    ]).toEqual([1, true])
    const recorded = fixture.replace('"order":"W12"', '"order":"W12","iban":"DE1"')
    const mended = await runCli({ 'fixtures/desk/w12.json': recorded }, ['tools', 'check'], { dir })
    expect(mended.exitCode).toBe(0)
  })

  it('does not pass where nothing was compared', async () => {
    const facts = { ...files, 'evals/tools.json': '{ "tools": { "pay": { "effect": "write" } } }' }
    const { exitCode, stdout } = await runCli(facts, ['tools', 'check'])
    expect(exitCode).toBe(3)
    expect(stdout).toContain('without a contract yet (evalkit tools snapshot): pay')
    expect(stdout).toContain('nothing could be compared')
  })
})

describe('evalkit tools audit', () => {
  it('says who used what, and what is granted for nothing', async () => {
    const tools = `const mail = tool({ name: 'mail' }, () => null); void mail`
    const facts = { tools: { pay: { effect: 'write', granted: ['boss'] }, mail: { granted: ['desk'] } } }
    const { dir } = await runCli(
      { ...files, 'evals/desk.eval.ts': desk({ tools }), 'evals/tools.json': JSON.stringify(facts) },
      ['run', 'desk'],
    )
    const recorded = await runCli({}, ['tools', 'audit', '--json'], { dir })
    expect(JSON.parse(recorded.stdout).traces).toBe(0)
    const { exitCode, stdout } = await runCli({}, ['tools', 'audit', '--run', 'desk', '--json'], { dir })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      traces: 1,
      agents: [
        { agent: 'boss', traces: 0, neverUsed: ['pay'] },
        { agent: 'desk', traces: 1, neverUsed: ['mail'], neverGranted: ['pay'] },
      ],
    })
    const shown = await runCli({}, ['tools', 'audit', '--run', 'desk'], { dir })
    expect(shown.stdout).toContain('used and never granted: pay')
  })
})

describe('evalkit run', () => {
  it('fails where a tool of the code broke its contract, though every case passes', async () => {
    const { dir } = await runCli(files, ['tools', 'snapshot'])
    const whole = await runCli({}, ['run', 'desk'], { dir })
    expect(whole.exitCode).toBe(0)
    const broken = desk({ properties: { order: { type: 'string' }, iban: {} }, required: ['order', 'iban'] })
    const run = await runCli({ 'evals/desk.eval.ts': broken }, ['run', 'desk', '--json'], { dir })
    expect(run.exitCode).toBe(1)
    const [report] = JSON.parse(run.stdout).reports
    expect(report.verdict).toMatchObject({
      word: 'fail',
      reasons: [{ code: 'tool-contract' }, { code: 'no-baseline' }],
    })
    await runCli({}, ['tools', 'snapshot'], { dir })
    expect((await runCli({}, ['run', 'desk'], { dir })).exitCode).toBe(0)
  })
})
