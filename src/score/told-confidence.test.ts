import { expect, it } from 'vitest'
import { type SketchedSpan, subjectOf } from './subject.ts'
import { type ConfidencePlace, toldConfidences } from './told-confidence.ts'

const says = (text: string, attributes?: Record<string, number | string>): SketchedSpan => ({
  kind: 'llm',
  parent: null,
  name: 'chat',
  status: 'ok',
  request: { messages: [] },
  reply: { message: { role: 'assistant', parts: [{ type: 'text', content: text }] } },
  ...(attributes === undefined ? {} : { attributes }),
})
const told = (place: ConfidencePlace, ...spans: readonly SketchedSpan[]) =>
  toldConfidences(
    subjectOf({ spans, calls: [{ name: 'label', arguments: { sure: 0.3 } }] }).outcome.trace,
    place,
  ).map(({ at, said }) => [at, said])

it.each<[string, string, (number | string)[][]]>([
  ['JSON', '{"c":0.5}', [[0, 0.5]]],
  ['JSON in a code block', 'I think:\n```json\n{"c": 0.5}\n```\nDone.', [[0, 0.5]]],
  ['a number as text', '{"c":"0.5"}', [[0, 0.5]]],
  ['a share', '{"c":"85 %"}', [[0, 0.85]]],
  ['a word', '{"c":"low"}', [[0, 'low']]],
  ['a text that is no JSON', 'c: 0.5', []],
  ['no confidence', '{"d":1}', []],
  ['nothing', '{"c":null}', []],
])('is read of a reply that is %s', (_, text, expected) => {
  expect(told({ path: 'c' }, says(text))).toEqual(expected)
})

it('reads a long reply in a moment', () => {
  expect(told({ path: 'c' }, says('```' + '\n'.repeat(300_000)), says('```json\n'.repeat(100_000)))).toEqual(
    [],
  )
})

it('is the lowest of several', () => {
  expect(told({ path: 'items[*].c' }, says('{"items":[{"c":0.9},{"c":0.2},{"c":"high"}]}'))).toEqual([
    [0, 0.2],
  ])
})

it('is read of arguments and attributes', () => {
  expect(told({ path: 'arguments.sure' }, says('x'))).toEqual([[1, 0.3]])
  expect(told({ attribute: 'confidence' }, says('x', { confidence: 0.1 }), says('y'))).toEqual([[0, 0.1]])
})

it('is placed by the calls in it, where a replay puts the parts of an agent behind all calls', () => {
  const call = { ...says('{}'), served: 'exact' } as const
  const part = (attributes: Record<string, number>): SketchedSpan => ({
    kind: 'agent',
    parent: 's1',
    name: 'decide',
    status: 'ok',
    attributes,
  })
  const spans = [call, { ...call, parent: 's3' }, part({ confidence: 0.1 }), part({ confidence: 0.2 })]
  const { trace } = subjectOf({ spans }).outcome
  expect(toldConfidences(trace, { attribute: 'confidence' }).map(({ at, said }) => [at, said])).toEqual([
    [0.5, 0.1],
    [undefined, 0.2],
  ])
})
