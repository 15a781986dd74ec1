import { describe, expect, it } from 'vitest'
import { type Fixture, fixture } from '../../schema/fixture.ts'
import type { Json } from '../../schema/json.ts'
import { toolsFile } from '../../schema/tool.ts'
import type { FixtureCheck, FoundContracts } from '../../schema/tool-contract.ts'
import { judgeOf } from './judge.ts'
import { recheckFixtures } from './recheck.ts'

type Schema = { readonly [key: string]: Json | undefined }

const before: Schema = { type: 'object', properties: { order: { type: 'string' } }, required: ['order'] }
const after: Schema = { ...before, required: ['order', 'iban'] }
const paid: Schema = { type: 'object', properties: { paid: { type: 'boolean' } }, required: ['paid'] }

interface Recorded {
  readonly given?: Json
  readonly result?: Json
  readonly isError?: boolean
  readonly malformed?: true
  /** What the model was told when it was recorded. */
  readonly told?: Schema
}

function fixtureOf({
  given = { order: 'W1' },
  result = 'ok',
  isError = false,
  malformed,
  told,
}: Recorded): Fixture {
  const asks =
    told === undefined
      ? []
      : [
          {
            kind: 'llm',
            add: [],
            tools: [{ name: 'pay', inputSchema: told }],
            reply: { message: { role: 'assistant', parts: [] } },
          },
        ]
  const pays = {
    kind: 'tool',
    request: { name: 'pay', arguments: given, ...(malformed ? { malformed } : {}) },
    reply: { response: result, isError },
  }
  const calls = [...asks, pays].map((call, at) => ({ step: at + 1, ...call }))
  const recordings = [{ trace: 't_1', trial: 0, calls }]
  return fixture.parse({ v: 1, dataset: 'desk', case: 'pay', recordings, rerecordings: recordings })
}

function check(
  recorded: Recorded,
  now: { inputSchema?: Schema; outputSchema?: Schema },
  file: object = {},
): FixtureCheck {
  const contracts: FoundContracts = new Map([['pay', { source: 'code', facts: {}, ...now }]])
  return recheckFixtures([fixtureOf(recorded)], {
    file: toolsFile.parse({ tools: { pay: file } }),
    now: contracts,
  })
}

function counts({ fit, unfit, neverFit, notChecked }: FixtureCheck): readonly number[] {
  return [fit, unfit.length, neverFit, notChecked]
}

describe('recheckFixtures', () => {
  it('finds recorded arguments that no longer fit, in recordings and what was recorded again', () => {
    const { unfit } = check({ told: before }, { inputSchema: after })
    const place = { dataset: 'desk', case: 'pay', trial: 0, step: 2, tool: 'pay', side: 'input' }
    const problems = [{ path: '', what: "must have required property 'iban'" }]
    expect(unfit).toEqual([
      { ...place, problems },
      { ...place, rerecorded: true, problems },
    ])
  })

  it.each<[string, Recorded, Parameters<typeof check>[1], object, readonly number[]]>([
    ['what fits', {}, { inputSchema: before }, {}, [2, 0, 0, 0]],
    [
      'what the committed file says, where nothing tells of today',
      {},
      {},
      { inputSchema: after },
      [0, 2, 0, 0],
    ],
    ['a call that never fitted', { given: {}, told: before }, { inputSchema: after }, {}, [0, 0, 2, 0]],
    [
      'one that did not fit the committed schema',
      { given: {} },
      { inputSchema: after },
      { inputSchema: before },
      [0, 0, 2, 0],
    ],
    [
      'one that failed, of which nothing else is known',
      { given: {}, isError: true },
      { inputSchema: before },
      {},
      [0, 0, 2, 0],
    ],
    [
      'one that failed although it fitted',
      { told: before, isError: true },
      { inputSchema: after },
      {},
      [0, 2, 0, 0],
    ],
    [
      'arguments that were no JSON',
      { given: '{"or', malformed: true },
      { inputSchema: before },
      {},
      [0, 0, 0, 2],
    ],
    [
      'arguments with a secret taken out',
      { given: { a: '<redacted:iban:0123456789>' } },
      { inputSchema: before },
      {},
      [0, 0, 0, 2],
    ],
    ['a result', { result: { paid: true } }, { outputSchema: paid }, {}, [2, 0, 0, 0]],
    ['a result that no longer fits', { result: { paid: 1 } }, { outputSchema: paid }, {}, [0, 2, 0, 0]],
    [
      'an error, which is no result',
      { result: { paid: 1 }, isError: true },
      { outputSchema: paid },
      {},
      [0, 0, 0, 0],
    ],
    ['a result that is text of JSON', { result: '{"paid":true}' }, { outputSchema: paid }, {}, [2, 0, 0, 0]],
    [
      'a result of MCP',
      { result: { content: [], structuredContent: { paid: 1 } } },
      { outputSchema: paid },
      {},
      [0, 2, 0, 0],
    ],
    [
      'a result of MCP that is text alone',
      { result: { content: [{ type: 'text', text: 'ok' }] } },
      { outputSchema: paid },
      {},
      [0, 0, 0, 2],
    ],
    [
      'a result that never fitted',
      { result: 1 },
      { outputSchema: paid },
      { outputSchema: { type: 'string' } },
      [0, 0, 2, 0],
    ],
  ])('counts %s', (_, recorded, now, file, expected) => {
    expect(counts(check(recorded, now, file))).toEqual(expected)
  })

  it('says which schemas cannot be used', () => {
    const { unusable, notChecked } = check({}, { inputSchema: { $ref: 'https://example.com/pay.json' } })
    expect(notChecked).toBe(2)
    expect(unusable).toHaveLength(1)
    expect(unusable[0]?.why).toContain('https://example.com/pay.json')
  })
})

describe('a schema of strangers', () => {
  it('does not hold anybody up', () => {
    const judge = judgeOf({ type: 'string', pattern: '^(a+)+$' })
    const evil = `${'a'.repeat(40)}!`
    const first = judge(evil)
    // Whether the pattern is refused, stopped, or the value: it ends, and a value that cannot be judged does not pass.
    expect(first.ok && first.problems.length === 0).toBe(false)
    expect(judgeOf({ description: 'x'.repeat(600_000) })(1)).toMatchObject({ ok: false })
  })
})
