import { describe, expect, it } from 'vitest'
import { type Message, textMessage } from '../schema/message.ts'
import type { Span, Trace } from '../schema/trace.ts'
import { stepsOf } from './steps.ts'

function traceOf(spans: readonly Span[]): Trace {
  const rest = { name: 'shop', source: { format: 'test' }, status: 'ok', versions: {}, tags: [] } as const
  return { v: 1, id: 't_1', ...rest, attributes: {}, scores: [], spans }
}

function asked(id: string, messages: readonly Message[], reply: Message): Span {
  const base = { id, parent: null, kind: 'llm', name: 'llm', status: 'ok' } as const
  return { ...base, request: { messages }, reply: { message: reply } }
}

function saidIn(trace: Trace): readonly string[] {
  return stepsOf(trace).flatMap((step) => (step.kind === 'said' ? [step.text] : []))
}

const user = (text: string): Message => textMessage('user', text)
const agent = (text: string): Message => textMessage('assistant', text)

describe('what requests repeat', () => {
  it('is shown once, also after somebody went back', () => {
    const [a, b, c, d] = [user('a'), user('b'), user('c'), user('d')]
    const spans = [
      asked('s1', [a], agent('1')),
      asked('s2', [a, agent('1'), b], agent('2')),
      // Back to the first question, and on from there; then all of it again, as copies.
      asked('s3', [a, c], agent('3')),
      asked('s4', [user('a'), user('c'), agent('3'), d], agent('4')),
    ]
    expect(saidIn(traceOf(spans))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('is shown again where it was said again', () => {
    const yes = user('yes')
    const spans = [asked('s1', [yes], agent('1')), asked('s2', [yes, agent('1'), yes], agent('2'))]
    expect(saidIn(traceOf(spans))).toEqual(['yes', 'yes'])
  })
})
