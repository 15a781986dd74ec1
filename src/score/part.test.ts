import { describe, expect, it } from 'vitest'
import type { Span } from '../schema/trace.ts'
import { textMessage } from '../schema/message.ts'
import { contains, maxSteps, maxTokens, toolCalls } from './checks/index.ts'
import { asCheck } from './plain-check.ts'
import { score } from './score.ts'
import { subjectOf } from './subject.ts'

const usage = (input: number) => ({ input, cacheRead: 0, cacheWrite: 0, output: 10 })
const says = (
  parent: string,
  text: string,
  calls: readonly string[] = [],
): Omit<Span & { kind: 'llm' }, 'id'> => ({
  parent,
  name: 'chat',
  kind: 'llm',
  status: 'ok',
  request: { messages: [] },
  reply: {
    message: {
      role: 'assistant',
      parts: [
        ...textMessage('assistant', text).parts,
        ...calls.map((name, at) => ({ type: 'tool_call' as const, id: `c${at}`, name, arguments: { at } })),
      ],
    },
    usage: usage(text.length),
  },
})
const tool = (parent: string, name: string, response: string): Omit<Span & { kind: 'tool' }, 'id'> => ({
  parent,
  name: `execute ${name}`,
  kind: 'tool',
  status: 'ok',
  request: { name, arguments: {} },
  reply: { response, isError: false },
})
const agent = (
  parent: string | null,
  name: string,
  output?: string,
): Omit<Span & { kind: 'agent' }, 'id'> => ({
  parent,
  name,
  kind: 'agent',
  status: 'ok',
  ...(output === undefined ? {} : { output }),
})

/** s1 desk: says s2, hands over to s3 refunds (says s4, tool s5, hands over to s6 audit: tool s7), says s8. */
const subject = subjectOf({
  output: 'All done.',
  spans: [
    agent(null, 'desk'),
    says('s1', 'Let me see.', ['get_order', 'get_user']),
    agent('s1', 'refunds', 'refunded 18'),
    says('s3', 'I refund it.', ['refund']),
    tool('s3', 'refund', 'ok'),
    agent('s3', 'audit', 'fine'),
    tool('s6', 'log', 'logged'),
    says('s1', 'All done.'),
  ],
})
const asked = async (...checks: Parameters<typeof score>[1]) => score(subject, checks)

describe('a check of a part of a run', () => {
  it('looks at what one agent did itself', async () => {
    const [own, inner, answer] = await asked(
      toolCalls({ mode: 'strict', expected: [{ name: 'refund' }], on: { agent: 'refunds' } }),
      toolCalls({ mode: 'strict', expected: [{ name: 'log' }], on: { agent: 'audit' }, as: 'audit' }),
      contains({ text: 'refunded 18', on: { agent: 'refunds' } }),
    )
    expect(own).toMatchObject({ passed: true, reason: expect.stringMatching(/^agent refunds: /) })
    expect([inner, answer]).toMatchObject([{ name: 'audit', passed: true }, { passed: true }])
  })

  it('counts tokens and steps of that part alone', async () => {
    const [tokens, steps, whole] = await asked(
      maxTokens({ tokens: 30, on: { agent: 'refunds' } }),
      maxSteps({ steps: 2, on: { agent: 'refunds' } }),
      maxSteps({ steps: 2, as: 'whole' }),
    )
    expect([tokens, steps, whole]).toMatchObject([
      { passed: true, reason: 'agent refunds: 22 tokens, 30 allowed' },
      { passed: true },
      { passed: false },
    ])
  })

  it('looks at one tool-choosing step', async () => {
    const [first] = await asked(
      toolCalls({
        mode: 'unordered',
        args: 'ignore',
        expected: [{ name: 'get_order' }, { name: 'get_user' }],
        on: { span: 'llm', nth: 1 },
      }),
    )
    expect(first).toMatchObject({ passed: true })
    const [second] = await asked(contains({ text: 'done', on: { span: 'llm', nth: 'last' } }))
    expect(second).toMatchObject({ passed: true })
  })

  it('asks each of several spans, and says which one fails', async () => {
    const [each] = await asked(contains({ text: 'o', on: { span: 'tool' } }))
    expect(each).toMatchObject({ passed: true, value: 1 })
    const [one] = await asked(contains({ text: 'logged', on: { span: 'tool' } }))
    expect(one).toMatchObject({
      passed: false,
      value: 0.5,
      reason: expect.stringMatching(/^tool refund \(1 of 2\): the output lacks/),
    })
  })

  it('is unscored where there is no such part, or it cannot be told of one', async () => {
    const [none, nth, unknown] = await asked(
      contains({ text: 'x', on: { agent: 'billing' } }),
      contains({ text: 'x', on: { span: 'tool', name: 'refund', nth: 2 }, as: 'second' }),
      maxTokens({ tokens: 5, on: { span: 'tool' } }),
    )
    expect([none, nth, unknown]).toMatchObject([
      { status: 'unscored', reason: 'the run has no agent billing' },
      { status: 'unscored', reason: 'the run has no tool span refund number 2' },
      { status: 'unscored', reason: expect.stringMatching(/^tool refund \(1 of 2\): /) },
    ])
  })

  it('is another question, and is refused where it is none', () => {
    const whole = contains({ text: 'x' })
    expect(contains({ text: 'x', on: { agent: 'a' } }).identity).not.toEqual(whole.identity)
    expect(() => contains({ text: 'x', on: { agnet: 'a' } as never })).toThrow(/cannot be asked like this/)
    expect(() => asCheck(() => true, { as: 'x', on: { span: 'tol' } as never })).toThrow(/cannot be asked/)
  })

  it('may be any function', async () => {
    const [got] = await asked(
      asCheck(({ output }) => output === 'logged', { as: 'log', on: { span: 'tool', name: 'log' } }),
    )
    expect(got).toMatchObject({ passed: true })
  })
})
