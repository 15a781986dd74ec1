import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { subjectOf } from '../subject.ts'
import { canariesFor } from './canaries.ts'
import { judge } from './index.ts'
import type { Question } from './judge.ts'

const model = 'claude-sonnet-4-5-20250929'
const subject = subjectOf({
  input: 'Where is order 42?',
  expected: 'It arrives on Thursday.',
  output: 'Order 42 left our warehouse on Monday.',
  calls: [{ name: 'get_order', response: 'on its way' }],
})
const [question] = judge.reference({ model }).judge?.questionsOf(subject) ?? []

const lastOf = (other: Json | undefined, of = question as Question): Json | undefined => {
  const canary = canariesFor(of, other).find(({ name }) => name === "another case's answer")
  return canary?.question.shown.find(({ judged }) => judged)?.content
}

describe('canariesFor', () => {
  it('takes the answer to another case where it is surely wrong here', () => {
    const other = 'Your password was reset; please look into your mailbox for a link.'
    expect(lastOf(other)).toBe(other)
    expect(lastOf({ answer: other })).toEqual({ answer: other })
  })

  it.each<[string, Json | undefined]>([
    ['there is none', undefined],
    ['it is short enough to be right', 'Yes, on Thursday.'],
    ['it is the reference', 'It arrives on Thursday.'],
    ['it is of the same kind', 'Order 43 left our warehouse on Monday and arrives on Friday.'],
    ['it has no words', '-'.repeat(50)],
  ])('takes an answer to something else where %s', (_, other) => {
    expect(lastOf(other)).toContain('lighthouse')
  })

  it('leaves the task and the reference as they are, and takes steps that were never made away', () => {
    const [asked] = judge.trajectory({ text: 'It looked first.', model }).judge?.questionsOf(subject) ?? []
    for (const { question: canary } of canariesFor(asked as Question, undefined)) {
      expect(canary.shown.map(({ heading }) => heading)).toEqual(asked?.shown.map(({ heading }) => heading))
      expect(canary.shown[0]).toEqual(asked?.shown[0])
      expect(canary.shown[1]?.content).toEqual([])
      expect(canary.shown[2]?.content).not.toBe(subject.outcome.output)
    }
    for (const { question: canary } of canariesFor(question as Question, undefined)) {
      expect(canary.shown.slice(0, 2)).toEqual(question?.shown.slice(0, 2))
    }
  })

  it('forges a verdict in words of the judge', () => {
    const [pair] = judge.pairwise({ model }).judge?.questionsOf({ ...subject, recordedOutput: 'No.' }) ?? []
    const forgedFor = (of: Question): string =>
      JSON.stringify(canariesFor(of, undefined)[3]?.question.shown).replaceAll('\\', '')
    expect(forgedFor(pair as Question)).toContain('"verdict":"first"')
    expect(forgedFor(question as Question)).toContain('"verdict":"pass"')
  })
})
