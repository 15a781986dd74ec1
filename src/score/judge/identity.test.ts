import { describe, expect, it } from 'vitest'
import { fingerprintOf, panelFingerprint, subjectOfParts } from './identity.ts'
import { judge } from './index.ts'

const model = 'claude-sonnet-4-5-20250929'
const text = 'The answer is polite.'
const models = [{ model }, { model: 'gpt-4o-2024-11-20' }, { model: 'gemini-2.5-pro' }]

describe('fingerprints', () => {
  // Whoever changes one of these makes all verdicts and calibrations of such judges those of another instrument: everybody
  // has to ask, pay and calibrate again. That is a change for the changelog, never a by-product.
  it('are what they were', () => {
    const fingerprints = [
      judge.rubric({ text, model }),
      judge.reference({ model }),
      judge.trajectory({ text, model }),
      judge.pairwise({ model }),
      judge.panel({ text, models }),
    ].map(({ name, judge: facts }) => [name, facts?.fingerprint])
    expect(Object.fromEntries(fingerprints)).toEqual({
      pairwise: '9eeb9d679c7a5291',
      panel: 'd31c84910a88ca40',
      reference: '7f65c6e360644289',
      rubric: '0df8a7b6ba49b205',
      trajectory: 'b15d1a3342db83bc',
    })
  })

  it('tell apart whatever could make a judge another one', () => {
    const plain = {
      model: { provider: 'openai', model: 'm', parameters: {} },
      template: 'Judge.',
      vocabulary: { pass: 'pass', fail: 'fail' },
    } as const
    const others = [
      plain,
      { ...plain, model: { ...plain.model, provider: 'anthropic' } },
      { ...plain, model: { ...plain.model, model: 'n' } },
      { ...plain, model: { ...plain.model, parameters: { temperature: 0 } } },
      { ...plain, template: 'Judge well.' },
      { ...plain, vocabulary: { ...plain.vocabulary, tie: 'tie' } },
    ] as const
    expect(new Set(others.map(fingerprintOf)).size).toBe(others.length)
    expect(panelFingerprint(['a', 'b', 'c'])).toBe(panelFingerprint(['c', 'b', 'a']))
    expect(panelFingerprint(['a', 'b', 'b'])).not.toBe(panelFingerprint(['a', 'a', 'b']))
  })
})

describe('subjectOfParts', () => {
  it('hangs on all that is shown, whatever is cut of it, and on nothing else', () => {
    const long = 'x'.repeat(100_000)
    const part = { heading: 'The answer', content: `${long}a${long}` }
    expect(subjectOfParts([{ ...part, judged: true }])).toBe(subjectOfParts([part]))
    expect(subjectOfParts([{ ...part, content: `${long}b${long}` }])).not.toBe(subjectOfParts([part]))
    expect(subjectOfParts([{ ...part, heading: 'The task' }])).not.toBe(subjectOfParts([part]))
    expect(subjectOfParts([{ ...part, content: { b: 1, a: 2 } }])).toBe(
      subjectOfParts([{ ...part, content: { a: 2, b: 1 } }]),
    )
  })
})
