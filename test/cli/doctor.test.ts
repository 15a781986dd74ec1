import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'

/** An agent that gives every search an id of its own, and tells its model what time it is. */
const agent = `
  import { randomUUID } from 'node:crypto'
  import { defineEval, fetch, tool } from 'evalkit'
  const search = tool({ name: 'search', input_schema: SCHEMA }, () => null)
  let runs = 0
  export default defineEval({
    name: 'shop',
    dataset: [{ id: 'where', input: 'Where is W12?' }],
    target: async (question: string) => {
      runs++
      const [found] = (await search({ request_id: randomUUID(), q: question })) as { text: string }[]
      const at = \`2026-05-0\${1 + (runs % 9)}T10:00:00Z\`
      const response = await fetch('https://api.openai.com/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'gpt-4o',
          messages: [{ role: 'system', content: 'It is ' + at + '. Answer.' }, { role: 'user', content: found.text }],
        }),
      })
      if (!response.ok) throw new Error('no answer')
      return (await response.json()).choices[0].message.content
    },
    checks: [function answered({ output }: { output: unknown }) { return output === 'It is on its way.' }],
  })`
const shop = agent.replace('SCHEMA', "{ type: 'object', properties: { q: { type: 'string' } } }")

/** A recorded run of it: what the model was told of tools is known only where it is given. */
function fixture(tools?: object): string {
  const search = {
    step: 1,
    kind: 'tool',
    request: {
      name: 'search',
      arguments: { request_id: '9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e', q: 'Where is W12?' },
    },
    reply: { response: [{ text: 'W12: sent' }], isError: false },
    startedAt: '2026-01-02T10:00:00Z',
  }
  const answer = {
    step: 2,
    kind: 'llm',
    add: [{ role: 'user', parts: [{ type: 'text', content: 'W12: sent' }] }],
    model: 'gpt-4o',
    system: [{ type: 'text', content: 'It is 2026-01-02T10:00:01Z. Answer.' }],
    ...(tools === undefined ? {} : { tools: [tools] }),
    reply: { message: { role: 'assistant', parts: [{ type: 'text', content: 'It is on its way.' }] } },
  }
  const recording = { trace: 't_recorded', trial: 0, output: 'It is on its way.', calls: [search, answer] }
  return JSON.stringify({ v: 1, dataset: 'shop', case: 'where', recordings: [recording] })
}

const files = { 'evals/shop.eval.ts': shop, 'fixtures/shop/where.json': fixture() }

describe('evalkit doctor', () => {
  it('names each line that cures, and with these lines the project is healthy', async () => {
    const { exitCode, stdout, dir } = await runCli(files, ['doctor', '--json'])
    const report = JSON.parse(stdout)
    expect(report.sources).toMatchObject([
      {
        kind: 'tool',
        name: 'search',
        path: 'arguments.request_id',
        shape: 'uuid',
        status: 'cured',
        cases: ['where'],
      },
      { kind: 'llm', path: 'messages[0].content', shape: 'text', status: 'cured' },
    ])
    expect(report.lines).toEqual({
      tools: ['"search": { "effect": "read", "volatile": ["arguments.request_id"] }'],
      model: '"model": { "volatile": ["messages[0].content"] }',
    })
    expect(report.healthy).toBe(false)
    expect(exitCode).toBe(1)

    const shown = await runCli({}, ['doctor'], { dir })
    for (const line of [...report.lines.tools, report.lines.model])
      expect(shown.stdout).toContain(`    ${line}\n`)
    expect(shown.exitCode).toBe(1)

    const before = await runCli({}, ['run', '--json'], { dir })
    expect(JSON.parse(before.stdout).reports[0].outcomes).toMatchObject({ completed: 0, aborted: 1 })

    // As a person would paste them. A fixture keeps what it was made with, until that is asked for.
    const pasted = `{ "tools": { ${report.lines.tools.join(', ')} }, ${report.lines.model} }`
    const unfrozen = await runCli({ 'evals/tools.json': pasted }, ['doctor'], { dir })
    expect(unfrozen.stdout).toContain('evalkit doctor --freeze')
    expect(unfrozen.stdout).not.toContain('into evals/tools.json:')
    expect(unfrozen.exitCode).toBe(1)
    const inCi = await runCli({}, ['doctor', '--freeze'], { dir, env: { CI: 'true' } })
    expect(inCi.exitCode).toBe(2)
    const frozen = await runCli({}, ['doctor', '--freeze'], { dir })
    expect(frozen.stdout).toContain('was written into 1 fixture: where')
    expect(frozen.stdout).toContain('tool search arguments.request_id  a UUID, bound by its fixture')
    expect(frozen.stdout).toContain('healthy: nothing breaks a replay')
    expect(frozen.exitCode).toBe(0)

    const again = await runCli({}, ['doctor'], { dir })
    expect(again.stdout).not.toContain('freeze')
    expect(again.exitCode).toBe(0)
    const after = await runCli({}, ['run', '--json'], { dir })
    expect(JSON.parse(after.stdout).reports[0].outcomes).toMatchObject({ completed: 1, aborted: 0 })
    expect(JSON.parse(after.stdout).reports[0].stats.passRate).toMatchObject({ passed: 1, of: 1 })
  })

  it('looks at everything else, and says what to do', async () => {
    const mended = shop
      .replace('randomUUID()', "'9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e'")
      .replace(/const at = .*/, "const at = '2026-01-02T10:00:01Z'")
    const { exitCode, stdout } = await runCli(
      {
        'evals/shop.eval.ts': mended,
        'fixtures/shop/where.json': fixture({
          name: 'search',
          inputSchema: { type: 'object', properties: { q: { type: 'number' } } },
        }),
        'fixtures/shop/gone.json': '{}',
        'evals/tools.json': '{ "tools": { "serach": { "effect": "read" } } }',
      },
      ['doctor', '--max-age', '0'],
      { env: { OPENAI_API_KEY: 'sk-never-printed-0123456789' } },
    )
    expect(stdout).toContain('OPENAI_API_KEY is set')
    expect(stdout).not.toContain('never-printed')
    expect(stdout).toContain('evals/tools.json names serach, which no fixture calls; did you mean search?')
    expect(stdout).toContain('"search": { "effect": "read" }')
    expect(stdout).toContain('older than 0 days')
    expect(stdout).toContain('no case of shop has this fixture: fixtures/shop/gone.json')
    expect(stdout).toMatch(/tool search takes other arguments than when it was recorded/)
    // A model that was told of tools then, and is told of none now: no chance.
    expect(stdout).toContain('in both runs alike')
    expect(exitCode).toBe(1)
  })

  it('goes on behind what is broken', async () => {
    const { exitCode, stdout, dir } = await runCli(
      {
        ...files,
        'evals/bad.eval.ts': 'export default {}',
        'evals/tools.json': '{ "tools": { "search": { "effect": "reads" } } }',
        '.evalkit/evalkit.db': 'no database, as everybody sees who reads so far',
      },
      ['doctor'],
    )
    expect(stdout).toContain('EVK_EVAL_INVALID')
    expect(stdout).toContain('EVK_TOOLS_INVALID')
    expect(stdout).toContain('EVK_STORE_CORRUPT')
    expect(stdout).toContain('arguments.request_id')
    expect(exitCode).toBe(1)
    // Nothing was written.
    expect(readFileSync(join(dir, '.evalkit/evalkit.db'), 'utf8')).toContain('as everybody sees')
    writeFileSync(join(dir, 'fixtures/shop/where.json'), '{')
    const torn = await runCli({}, ['doctor', 'shop', '--case', 'w*'], { dir })
    expect(torn.stdout).toContain('EVK_JSON_SYNTAX')
    expect(torn.exitCode).toBe(1)
  })

  it('is told what is no question', async () => {
    const { dir, exitCode, stderr } = await runCli(files, ['doctor', 'shpo'])
    expect([exitCode, stderr.includes('did you mean "shop"')]).toEqual([2, true])
    const days = await runCli({}, ['doctor', '--max-age', 'old'], { dir })
    expect([days.exitCode, days.stderr.includes('--max-age')]).toEqual([2, true])
    const none = await runCli({}, ['doctor', '--case', 'venus'], { dir })
    expect(none.exitCode).toBe(3)
  })
})
