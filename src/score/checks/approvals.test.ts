import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import { score } from '../score.ts'
import { type SketchedSpan, subjectOf } from '../subject.ts'
import { approvals } from './approvals.ts'

const base = { parent: null, status: 'ok' } as const
const call = { name: 'refund', arguments: { order: 'W12', usd: 80 } }

function asks(
  answer: Json | undefined,
  more: { durationMs?: number; question?: Json; parent?: string } = {},
): SketchedSpan {
  const { durationMs, question = call.arguments, parent = null } = more
  return {
    ...base,
    parent,
    kind: 'human',
    name: 'approve-refund',
    request: { name: 'approve-refund', question },
    ...(answer === undefined
      ? {}
      : { reply: { message: { role: 'user', parts: [{ type: 'opaque', value: answer }] } } }),
    ...(durationMs === undefined ? {} : { durationMs }),
  }
}

function does(response: Json = 'done', isError = false, given: Json = call.arguments): SketchedSpan {
  const request = { name: call.name, arguments: given }
  return { ...base, kind: 'tool', name: call.name, request, reply: { response, isError } }
}

async function asked(
  spans: readonly SketchedSpan[],
  params: Parameters<typeof approvals>[0] = {},
  facts: ToolsFile['tools'][string] = { risk: 'high' },
) {
  const [one] = await score(subjectOf({ spans, tools: { refund: { effect: 'write', ...facts } } }), [
    approvals(params),
  ])
  const word = one?.status === 'scored' ? (one.passed ? 'pass' : 'fail') : 'unscored'
  return `${word}: ${one?.reason ?? ''}`
}

describe('a yes', () => {
  it('may be asked for by the tool itself, before it acts', async () => {
    expect(await asked([does(), asks(true, { parent: 's1' })])).toMatch(/^pass/)
    expect(await asked([does(), asks(true)])).toMatch(/^fail.*nobody was asked/)
  })

  it('is not used up by a call that came back with an error', async () => {
    expect(await asked([asks(true), does('Error: busy', true), does()])).toMatch(/^pass/)
    expect(await asked([asks(true), does(), does()])).toMatch(/^fail.*used up/)
    expect(await asked([asks(true), does(), asks(true), does()])).toMatch(/^pass/)
  })

  it('is taken back by a no after it, and the other way round', async () => {
    expect(await asked([asks(true), asks(false), does()])).toMatch(/^fail.*said no/)
    expect(await asked([asks(false), asks(true), does()])).toMatch(/^pass/)
  })

  it('is none where nobody answered, or the answer cannot be read', async () => {
    expect(await asked([asks(undefined), does()])).toMatch(/^fail.*gave no answer/)
    expect(await asked([asks({ note: 'hm' }), does()])).toMatch(/^unscored.*neither yes nor no/)
  })

  it('is good for what is new in every run, too', async () => {
    const facts = { risk: 'high', idempotencyKey: 'arguments.key' } as const
    expect(
      await asked([asks(true), does('done', false, { ...call.arguments, key: 'k1' })], {}, facts),
    ).toMatch(/^pass/)
  })

  it('has to come in time, where there is one', async () => {
    const facts = { risk: 'high', sla: 1_000 } as const
    expect(await asked([asks(true, { durationMs: 1_000 }), does()], {}, facts)).toMatch(/^pass/)
    expect(await asked([asks(true, { durationMs: 1_001 }), does()], {}, facts)).toMatch(/^fail.*later than/)
    expect(await asked([asks(true), does()], {}, facts)).toMatch(/^unscored.*not recorded/)
  })

  it('has to be of somebody who may say it, and told whose', async () => {
    const facts = { risk: 'high', approver: ['cfo', 'team-lead'] } as const
    expect(await asked([asks({ approved: true, by: 'CFO' }), does()], {}, facts)).toMatch(/^pass/)
    expect(await asked([asks(true), does()], {}, facts)).toMatch(/^unscored.*takes cfo or team-lead/)
  })
})

describe('a call of medium risk', () => {
  const facts = { risk: 'medium', sla: 1_000 } as const

  it('needs a yes as one of high risk', async () => {
    expect(await asked([asks(undefined, { durationMs: 2_000 }), does()], {}, facts)).toMatch(/^fail/)
  })

  it('may go on after its time, where the eval says so', async () => {
    const medium = { medium: 'asked' } as const
    expect(await asked([asks(undefined, { durationMs: 2_000 }), does()], medium, facts)).toMatch(/^pass/)
    expect(await asked([asks(undefined, { durationMs: 500 }), does()], medium, facts)).toMatch(
      /^fail.*waited for/,
    )
    expect(await asked([asks(undefined), does()], medium, facts)).toMatch(/^unscored/)
    expect(await asked([asks(false), does()], medium, facts)).toMatch(/^fail/)
    expect(await asked([does()], medium, facts)).toMatch(/^fail/)
    expect(await asked([asks(undefined, { durationMs: 2_000 }), does()], medium)).toMatch(/^fail/)
  })
})

describe('a yes that does not tell what it is about', () => {
  const vague = asks(true, { question: 'Shall we?' })

  it('is worth what the eval says, and once', async () => {
    expect(await asked([vague, does()])).toMatch(/^unscored/)
    expect(await asked([vague, does()], { vague: 'fail' })).toMatch(/^fail/)
    expect(await asked([vague, does()], { vague: 'accept' })).toMatch(/^pass/)
    const other = does('done', false, { order: 'W13', usd: 1 })
    expect(await asked([vague, does(), other], { vague: 'accept' })).toMatch(/^fail/)
  })
})

describe('without any question', () => {
  it('holds what the eval says', async () => {
    expect(await asked([does()])).toMatch(/^fail/)
    expect(await asked([does()], { otherwise: 'unscored' })).toMatch(/^unscored/)
    expect(await asked([does()], { otherwise: 'user-said-yes' })).toMatch(/^unscored.*not recorded/)
  })

  it('is nothing where the risk is low', async () => {
    expect(await asked([does()], { risk: { refund: 'low' } })).toMatch(/^pass/)
    expect(await asked([], {})).toMatch(/^pass/)
  })
})

it('cannot tell the order where only the model shows the calls', async () => {
  const message = {
    role: 'assistant',
    parts: [{ type: 'tool_call', id: 'c1', name: 'refund', arguments: call.arguments }],
  } as const
  const model: SketchedSpan = {
    ...base,
    kind: 'llm',
    name: 'chat',
    request: { messages: [] },
    reply: { message },
  }
  expect(await asked([model, asks(true)])).toMatch(/^unscored.*no tool was recorded/)
})
