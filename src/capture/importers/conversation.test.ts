import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textMessage, type ToolCallPart } from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Span, type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { type Conversation, type ConversationItem, traceOf } from './conversation.ts'
import { withTraceId } from './trace-id.ts'

const policy = [{ type: 'text', content: 'Be kind to travellers.' }] as const
const lookup = { flight: 'HAT001' }

function conversation(items: readonly ConversationItem[], more: Partial<Conversation> = {}): Conversation {
  return {
    name: 'airline',
    source: { format: 'test', at: 'a.json#0' },
    status: 'ok',
    request: { system: policy, model: 'gpt-test' },
    items,
    dialogue: { stopTexts: ['BYE'], stopTools: ['hang_up'], user: true },
    ...more,
  }
}

function user(text: string, at = 'u'): ConversationItem {
  return { kind: 'user', at, message: textMessage('user', text) }
}

function says(text: string, reply?: (ConversationItem & { kind: 'assistant' })['reply']): ConversationItem {
  return { kind: 'assistant', at: 'a', message: textMessage('assistant', text), ...(reply ? { reply } : {}) }
}

function call(id: string, name = 'find_flight'): ToolCallPart {
  return { type: 'tool_call', id, name, arguments: lookup }
}

function calls(...parts: ToolCallPart[]): ConversationItem {
  return { kind: 'assistant', at: 'c', message: { role: 'assistant', parts } }
}

function result(id: string | undefined, response: string, more: { name?: string; isError?: boolean } = {}) {
  return { kind: 'result', at: 'r', id, response, isError: false, ...more } as const
}

function tools(trace: Trace): readonly (Span & { kind: 'tool' })[] {
  return trace.spans.filter((span) => span.kind === 'tool')
}

function responses(trace: Trace): readonly unknown[] {
  return tools(trace).map(({ reply }) => reply?.response)
}

describe('a conversation as a trace', () => {
  const items = [
    user('Is HAT001 late?'),
    calls(call('1')),
    result('1', 'on time'),
    says('It is on time.'),
    user('Thanks. BYE'),
  ]
  const { trace, repairs } = traceOf(conversation(items))

  it('has a span for the agent, each reply, each call and each user turn', () => {
    expect(trace.spans.map(({ id, kind, parent }) => [id, kind, parent])).toEqual([
      ['s1', 'agent', null],
      ['s2', 'human', 's1'],
      ['s3', 'llm', 's1'],
      ['s4', 'tool', 's1'],
      ['s5', 'llm', 's1'],
      ['s6', 'human', 's1'],
    ])
    expect(repairs).toEqual([])
    expect(trace.output).toBe('It is on time.')
    recordFrom(traceSchema, trace, {}, 'trace')
  })

  it('asks each time with all that was said, and shares the messages instead of copying them', () => {
    const [first, second] = trace.spans.flatMap((span) => (span.kind === 'llm' ? [span] : []))
    expect(first?.request.messages.map(({ role }) => role)).toEqual(['user'])
    expect(second?.request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
    expect(second?.request.messages[0]).toBe(first?.request.messages[0])
    expect(second?.request.messages[1]).toBe(first?.reply?.message)
    expect(second?.request.system).toBe(policy)
  })

  it('knows no usage and no cost where no reply knows them', () => {
    expect(trace).not.toHaveProperty('usage')
    expect(trace).not.toHaveProperty('costUsd')
  })

  it('sums what is known', () => {
    const usage = { input: 10, cacheRead: 5, cacheWrite: 0, output: 2 }
    const known = traceOf(
      conversation([user('Hi'), says('Hello', { usage, costUsd: 0.25 }), user('?'), says('Yes')]),
    )
    expect(known.trace).toMatchObject({ usage, costUsd: 0.25 })
  })

  it('has an identity that does not depend on where it was found, only on what it says', () => {
    const moved = traceOf(conversation(items, { source: { format: 'test', at: 'b.json#9' } })).trace
    expect(moved.id).toBe(trace.id)
    expect(traceOf(conversation(items, { trial: 1 })).trace.id).not.toBe(trace.id)
    const { id, ...content } = trace
    expect(withTraceId(content).id).toBe(id)
  })
})

describe('what the agent said before anybody asked', () => {
  it('is the opening, not a model reply', () => {
    const { trace } = traceOf(conversation([says('Hi! How can I help?'), user('BYE')]))
    expect(trace.dialogue?.opening).toEqual([textMessage('assistant', 'Hi! How can I help?')])
    expect(trace.spans.map(({ kind }) => kind)).toEqual(['agent', 'human'])
  })

  it('is a model reply where it used a model, called a tool, or is all there is', () => {
    const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1 }
    for (const first of [says('Hi!', { usage }), calls(call('1'))]) {
      expect(traceOf(conversation([first, user('BYE')])).trace.dialogue?.opening).toEqual([])
    }
    const solo = conversation([says('Done.')], { dialogue: { stopTexts: [], stopTools: [], user: false } })
    expect(traceOf(solo).trace.spans.map(({ kind }) => kind)).toEqual(['agent', 'llm'])
  })
})

describe('how a run ended', () => {
  const start = [user('Hi'), calls(call('1')), result('1', 'ok')]
  it.each([
    ['the user said goodbye', [...start, says('Fine.'), user('Well, BYE')], undefined],
    ['a tool that ends it', [user('Hi'), calls(call('1', 'hang_up')), result('1', 'ok')], undefined],
    ['a result of another tool', start, 1],
    ['a user turn like any other', [...start, says('Fine.'), user('And?')], 2],
    ['the agent’s turn', [...start, says('Fine.')], 2],
    ['a call that never came back', [user('Hi'), calls(call('1'))], 1],
  ])('%s: maxTurns %s', (_, items, maxTurns) => {
    expect(traceOf(conversation(items)).trace.dialogue?.maxTurns).toBe(maxTurns)
  })
})

function twoTurns(...rest: ConversationItem[]) {
  return traceOf(conversation([user('Hi'), ...rest, user('BYE')]))
}

describe('pairing results with calls', () => {
  it('goes by id, whatever order parallel results come in', () => {
    const { trace, repairs } = twoTurns(calls(call('1'), call('2')), result('2', 'two'), result('1', 'one'))
    expect(responses(trace)).toEqual(['one', 'two'])
    expect(repairs).toEqual([])
  })

  it('gives the k-th result of an id to its k-th call, and says that the id is reused', () => {
    const { trace, repairs } = twoTurns(
      calls(call('1')),
      result('1', 'before'),
      calls(call('1')),
      result('1', 'after'),
    )
    expect(responses(trace)).toEqual(['before', 'after'])
    expect(repairs).toEqual([
      { at: 'c', reason: 'call id "1" is used again; results are paired by id and order' },
    ])
  })

  it('goes by order among parallel calls that share an id', () => {
    const { trace } = twoTurns(calls(call('1'), call('1')), result('1', 'one'), result('1', 'two'))
    expect(responses(trace)).toEqual(['one', 'two'])
  })

  it('does not give a call that lost its result the one of a later call', () => {
    const { trace, repairs } = twoTurns(calls(call('1')), calls(call('1')), result('1', 'for the second'))
    expect(responses(trace)).toEqual([undefined, 'for the second'])
    expect(repairs.map(({ reason }) => reason)).toEqual([
      'call id "1" is used again before the earlier call had a result; that one stays without',
    ])
  })

  it('goes by name and order where ids are missing, and says so', () => {
    const { trace, repairs } = twoTurns(
      calls(call('', 'a'), call('', 'b')),
      result(undefined, 'for b', { name: 'b' }),
      result(undefined, 'for a', { name: 'a' }),
    )
    expect(responses(trace)).toEqual(['for a', 'for b'])
    expect(tools(trace).map(({ request }) => request.id)).toEqual(['call_1', 'call_2'])
    expect(repairs).toHaveLength(4)
    recordFrom(traceSchema, trace, {}, 'trace')
  })

  it('goes by order alone where nothing else is known', () => {
    const { trace } = twoTurns(calls(call('x'), call('y')), result(undefined, 'one'), result('z', 'two'))
    expect(responses(trace)).toEqual(['one', 'two'])
  })

  it('keeps a result that nobody asked for, and makes no call of it', () => {
    const { trace, repairs } = twoTurns(
      calls(call('1')),
      result('1', 'one'),
      result('1', 'again'),
      says('Hm.'),
    )
    expect(responses(trace)).toEqual(['one'])
    expect(trace.spans.find(({ kind }) => kind === 'custom')).toMatchObject({ output: 'again' })
    expect(repairs).toEqual([{ at: 'r', reason: 'call "1" has its result already' }])
    const asked = trace.spans.findLast((span) => span.kind === 'llm')
    expect(asked?.request.messages.filter(({ role }) => role === 'tool')).toHaveLength(2)
  })

  it('leaves a call without a result open: an error only where the run failed', () => {
    const items = [user('Hi'), calls(call('1'))]
    expect(tools(traceOf(conversation(items)).trace)).toMatchObject([{ status: 'ok' }])
    const failed = tools(traceOf(conversation(items, { status: 'error' })).trace)
    expect(failed).toMatchObject([{ status: 'error' }])
    expect(failed[0]).not.toHaveProperty('reply')
  })

  it('does not show the agent what the user did with tools of its own', () => {
    const mine: ConversationItem = { kind: 'user-calls', at: 'u', calls: [call('1', 'toggle_airplane_mode')] }
    const byUser = { ...result('1', 'off'), attributes: { requestor: 'user' } }
    const { trace, repairs } = twoTurns(
      calls(call('1')),
      result('1', 'agent’s'),
      mine,
      byUser,
      says('Better?'),
    )
    expect(responses(trace)).toEqual(['agent’s', 'off'])
    expect(tools(trace)[1]?.attributes).toEqual({ requestor: 'user' })
    expect(repairs).toEqual([])
    const asked = trace.spans.findLast((span) => span.kind === 'llm')
    expect(JSON.stringify(asked?.request.messages)).not.toContain('airplane')
  })

  it('never gives a result to two calls, nor a call two results', () => {
    const id = fc.constantFrom('', 'a', 'b')
    const name = fc.constantFrom('find', 'book')
    const step = fc.oneof(
      fc.array(fc.record({ id, name }), { minLength: 1, maxLength: 3 }),
      fc.record({ id, name: fc.option(name, { nil: undefined }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const items = steps.map((it, index) =>
          Array.isArray(it)
            ? calls(...it.map((part) => call(part.id, part.name)))
            : result(it.id || undefined, `r${index}`, it.name === undefined ? {} : { name: it.name }),
        )
        const { trace } = traceOf(conversation(items))
        recordFrom(traceSchema, trace, {}, 'trace')
        const given = trace.spans.flatMap((span) =>
          span.kind === 'tool' && span.reply
            ? [span.reply.response]
            : span.kind === 'custom'
              ? [span.output]
              : [],
        )
        const came = items.flatMap((item) => (item.kind === 'result' ? [item.response] : []))
        expect(given).toHaveLength(came.length)
        expect(new Set(given)).toEqual(new Set(came))
      }),
      { seed: 42, numRuns: 200 },
    )
  })
})
