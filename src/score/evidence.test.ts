import { describe, expect, it } from 'vitest'
import { textMessage } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import { callsMade, outputText, transcript } from './evidence.ts'
import { score } from './score.ts'
import { checks, maxCost, maxSteps, maxTokens, noToolErrors } from './checks/index.ts'
import { subjectOf } from './subject.ts'

describe('outputText', () => {
  it('is a text as it stands and anything else as JSON with sorted keys', () => {
    expect(outputText(subjectOf({ output: 'Done.' }).outcome)).toBe('Done.')
    expect(outputText(subjectOf({ output: { b: 1, a: [null] } }).outcome)).toBe('{"a":[null],"b":1}')
    expect(outputText(subjectOf({}).outcome)).toBeUndefined()
  })
})

describe('transcript', () => {
  it('is what the agent said, once each, and never what tools or users said', () => {
    const { outcome } = subjectOf({
      calls: [{ name: 'search', response: 'secret of the tool' }],
      says: ['One moment.', 'Done.'],
      output: 'Done.',
    })
    const opening = [
      { role: 'assistant', parts: [{ type: 'text', content: 'Hi!' }] },
      { role: 'user', parts: [{ type: 'text', content: 'secret of the user' }] },
    ] as const
    const dialogue = { opening, stopTexts: [], stopTools: [], user: true }
    expect(transcript({ ...outcome, trace: { ...outcome.trace, dialogue } })).toBe('Hi!\nOne moment.\nDone.')
  })

  it('is the output where no model was seen', () => {
    expect(transcript(subjectOf({ output: 'Done.' }).outcome)).toBe('Done.')
  })
})

describe('a simulated user', () => {
  it('is no step, word, token or cost of the agent', async () => {
    const usage = { input: 100, output: 10 }
    const subject = subjectOf({ says: [{ text: 'Refunded.', usage, costUsd: 0.01 }], output: 'Refunded.' })
    const { outcome } = subject
    const [own] = outcome.trace.spans
    if (own?.kind !== 'llm') throw new Error('no model call')
    // It tells neither tokens nor cost: the agent's are known all the same.
    const reply = { message: textMessage('assistant', 'I want my money back.') }
    const users = { ...own, id: 's0', by: 'user', reply } as const
    const talk = { ...subject, outcome: { ...outcome, trace: { ...outcome.trace, spans: [users, own] } } }
    expect(transcript(talk.outcome)).toBe('Refunded.')
    const scores = await score(talk, [
      maxSteps({ steps: 1 }),
      maxTokens({ tokens: 110 }),
      maxCost({ usd: 0.01 }),
    ])
    for (const one of scores) expect(one).toMatchObject({ status: 'scored', passed: true })
  })
})

describe('callsMade', () => {
  it('is what tools were asked, or where none was seen, what models asked for', () => {
    const { outcome } = subjectOf({ calls: [{ name: 'search', arguments: { q: 1 } }], says: ['Done.'] })
    expect(callsMade(outcome)).toEqual([{ name: 'search', arguments: { q: 1 } }])
    const asked: Outcome = {
      ...outcome,
      trace: {
        ...outcome.trace,
        spans: [
          {
            id: 's1',
            parent: null,
            name: 'chat',
            status: 'ok',
            kind: 'llm',
            request: { messages: [] },
            reply: {
              message: {
                role: 'assistant',
                parts: [{ type: 'tool_call', id: 'c1', name: 'book', arguments: '{', malformed: true }],
              },
            },
          },
        ],
      },
    }
    expect(callsMade(asked)).toEqual([{ name: 'book', arguments: '{', malformed: true }])
  })
})

describe('what a run spent', () => {
  it('fails as soon as the part that is known is too much', async () => {
    const subject = subjectOf({
      says: [{ text: 'One moment.', usage: { input: 900 }, costUsd: 0.9 }, 'Done.'],
    })
    expect(await score(subject, [maxTokens({ tokens: 800 }), maxCost({ usd: 0.8 })])).toMatchObject([
      { status: 'scored', passed: false, reason: '900 tokens, 800 allowed' },
      { status: 'scored', passed: false, reason: '$0.9, $0.8 allowed' },
    ])
  })

  it('is not taken from a total that leaves silent replies out', async () => {
    const subject = subjectOf({ says: [{ text: 'One moment.', costUsd: 0.1 }, 'Done.'], costUsd: 0.1 })
    expect(await score(subject, [maxCost({ usd: 1 })])).toMatchObject([
      { status: 'unscored', reason: 'only 1 of 2 model replies tell their cost' },
    ])
  })

  it('is unknown, not 0, where nothing tells', async () => {
    const [cost, tokens] = await score(subjectOf({}), [maxCost({ usd: 1 }), maxTokens({ tokens: 1 })])
    expect(cost).toMatchObject({ status: 'unscored', reason: 'the run does not tell what it cost' })
    expect(tokens).toMatchObject({ status: 'unscored' })
  })
})

describe('noToolErrors', () => {
  it('sees a call that never came back', async () => {
    const { case: of, outcome } = subjectOf({ calls: [{ name: 'search' }] })
    const spans = outcome.trace.spans.map((span) => ({
      ...span,
      status: 'error' as const,
      error: { type: 'timeout', message: 'no answer in 30 s' },
    }))
    const subject = { case: of, outcome: { ...outcome, trace: { ...outcome.trace, spans } } }
    expect(await score(subject, [noToolErrors()])).toMatchObject([
      { passed: false, reason: '1 tool call failed: search: no answer in 30 s' },
    ])
  })
})

describe('hostile outputs', () => {
  it('get a score or a reason from every check, never an exception', async () => {
    const hostile = [
      '\u001b[2J\u202e',
      '\ud800',
      { constructor: 'x', toString: null, hasOwnProperty: 1 },
      [[[]]],
      null,
      '{"a":'.repeat(500),
      `${'a'.repeat(200_000)}!`,
    ]
    const asked = [
      checks.equals({ value: {} }),
      checks.contains({ text: 'refund', in: 'transcript' }),
      checks.matches({ pattern: 'refund' }),
      checks.jsonSchema({ schema: { type: 'object', required: ['id'], additionalProperties: false } }),
      checks.toolCalls({ expected: [{ name: 'search', arguments: { q: 'refund' } }], mode: 'unordered' }),
    ]
    for (const output of hostile) {
      const scores = await score(
        subjectOf({ output, calls: [{ name: 'search', arguments: output }], says: ['Hm.'] }),
        asked,
      )
      expect(scores.filter((it) => it.status === 'scored' && it.passed)).toEqual([])
      expect(scores.filter((it) => it.reason?.startsWith('the check threw'))).toEqual([])
    }
  })
})
