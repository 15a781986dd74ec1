import { describe, expect, it } from 'vitest'
import { judged as judgedSchema } from '../../schema/judgement.ts'
import type { Check, Subject } from '../check.ts'
import { score } from '../score.ts'
import { subjectOf } from '../subject.ts'
import { judge } from './index.ts'
import type { Judging, Verdict } from './judge.ts'
import { scripted } from './testing/scripted-judging.ts'

const model = 'claude-sonnet-4-5-20250929'
const text = 'The answer is polite.'
const answered = subjectOf({ output: 'Gladly.' })

async function scoreOf(check: Check, judging: Judging, subject: Subject = answered) {
  const [got] = await score({ ...subject, judging }, [check])
  expect(judgedSchema.optional().parse(got?.judged)).toEqual(got?.judged)
  return got
}

/** Answers with verdicts as they are, in order. */
function answering(...verdicts: Verdict[]): Judging {
  return { verdict: async () => verdicts.shift() ?? { unjudged: 'provider', why: 'the script ends here' } }
}

const said = (verdict: 'pass' | 'fail', more: object = {}): Verdict => ({
  verdict,
  critique: `It is a ${verdict}.`,
  model,
  tries: 1,
  recorded: false,
  ...more,
})

describe('a judge', () => {
  it('tells what its score rests on', async () => {
    const usage = { input: 100, cacheRead: 0, cacheWrite: 0, output: 10 }
    const check = judge.rubric({ text, model, samples: 3 })
    const got = await scoreOf(
      check,
      answering(
        said('pass', { recorded: true, usage, costUsd: 1 }),
        said('fail', { usage, costUsd: 0.25 }),
        said('pass', { usage, costUsd: 0.5 }),
      ),
    )
    expect(got).toMatchObject({
      value: 1,
      passed: true,
      reason: 'It is a pass. (2 pass, 1 fail)',
      judged: {
        fingerprint: check.judge?.fingerprint,
        criterion: check.judge?.criterion,
        model,
        samples: 3,
        agreeing: 2,
        recorded: 1,
        // Nothing is spent on what is recorded.
        usage: { input: 200, output: 20 },
        costUsd: 0.75,
      },
    })
    expect(got?.judged).not.toHaveProperty('flipped')
  })

  it.each([
    ['refusal', 'the model refused: no'],
    ['parse', 'It answered nothing.'],
    ['schema', 'It answered "ok".'],
    ['timeout', 'no answer within 60 ms'],
    ['rate limit', 'after 3 requests: 429'],
    ['provider', '500'],
    ['abstain', 'the judge cannot tell'],
    ['canary', 'it passes what no judge may pass'],
    ['not recorded', 'evalkit run asks for it'],
  ] as const)('that gives no verdict (%s) is unscored with the reason', async (unjudged, why) => {
    const got = await scoreOf(judge.rubric({ text, model }), answering({ unjudged, why }))
    expect(got).toMatchObject({
      status: 'unscored',
      reason: `${unjudged}: ${why}`,
      judged: { samples: 0, agreeing: 0, recorded: 0 },
    })
  })

  it('decides by most of those that answered, where they are more than half', async () => {
    const check = judge.rubric({ text, model, samples: 3 })
    const gone: Verdict = { unjudged: 'timeout', why: 'no answer' }
    expect(await scoreOf(check, answering(said('fail'), gone, said('fail')))).toMatchObject({ value: 0 })
    expect(await scoreOf(check, answering(said('pass'), gone, gone))).toMatchObject({
      status: 'unscored',
      reason: 'timeout: no answer (1 of 3 gave a verdict)',
    })
    expect(await scoreOf(check, answering(said('pass'), said('fail'), gone))).toMatchObject({
      status: 'unscored',
      reason: 'abstain: no verdict has a majority: 1 pass, 1 fail',
    })
  })

  it('asks each sample, and each trial, for itself', async () => {
    const asked: [number, number][] = []
    const judging: Judging = {
      verdict: async (question, sample) => {
        asked.push([question.trial, sample])
        return said('pass')
      },
    }
    await scoreOf(judge.rubric({ text, model, samples: 3 }), judging, { ...answered, trial: 2 })
    expect(asked).toEqual([
      [2, 0],
      [2, 1],
      [2, 2],
    ])
  })

  it('says that it saw a part only', async () => {
    const long = subjectOf({ output: 'Gladly. '.repeat(5000) })
    expect((await scoreOf(judge.rubric({ text, model }), scripted(['pass']), long))?.reason).toContain(
      'a part only',
    )
  })

  it('of a failed run is not asked', async () => {
    const failed = subjectOf({ status: 'failed', reason: 'it threw', output: 'Gladly.' })
    expect(await scoreOf(judge.rubric({ text, model }), scripted([]), failed)).toMatchObject({
      value: 0,
      passed: false,
    })
  })

  it('may look at parts of a run', async () => {
    const subject = subjectOf({
      calls: [
        { name: 'send', response: 'Dear Sir' },
        { name: 'send', response: 'Hey' },
      ],
    })
    const check = judge.rubric({ text, model, on: { span: 'tool', name: 'send' } })
    expect(check.judge?.questionsOf(subject)).toHaveLength(2)
    expect(await scoreOf(check, scripted(['pass', 'fail']), subject)).toMatchObject({
      value: 0.5,
      passed: false,
      reason: expect.stringContaining('(2 of 2): It says fail.'),
      judged: { samples: 2 },
    })
    expect(await scoreOf(check, scripted(['pass', 'cannot tell']), subject)).toMatchObject({
      status: 'unscored',
    })
    expect(await scoreOf(check, scripted([]))).toMatchObject({ reason: 'the run has no tool span send' })
  })
})

describe('pairwise', () => {
  const pair = subjectOf({ output: 'Gladly.', recordedOutput: 'No.' })
  const check = judge.pairwise({ model })

  it('is advisory unless the eval says otherwise, and shows both orders', () => {
    expect(check.gating).toBe(false)
    expect(judge.pairwise({ model, gating: true }).gating).toBe(true)
    const [one, other] = check.judge?.questionsOf(pair) ?? []
    expect(one?.shown.map(({ content }) => content).slice(1)).toEqual(['Gladly.', 'No.'])
    expect(other?.shown.map(({ content }) => content).slice(1)).toEqual(['No.', 'Gladly.'])
    expect(one?.subject).not.toBe(other?.subject)
    expect(one?.fingerprint).toBe(other?.fingerprint)
  })

  it.each([
    [['first', 'second'], 1, true, false],
    [['second', 'first'], 0, false, false],
    [['tie', 'tie'], 0.5, true, false],
    [['first', 'first'], 0.5, true, true],
    [['second', 'second'], 0.5, true, true],
    [['first', 'tie'], 0.5, true, true],
  ])('of %j is worth %d', async (words, value, passed, flipped) => {
    expect(await scoreOf(check, scripted(words), pair)).toMatchObject({ value, passed, judged: { flipped } })
  })

  it('has no verdict where one order has none', async () => {
    const got = await scoreOf(check, scripted(['first', 'cannot tell']), pair)
    expect(got).toMatchObject({ status: 'unscored', reason: expect.stringContaining('abstain') })
  })
})

describe('a panel', () => {
  const models = [{ model }, { model: 'gpt-4o-2024-11-20' }, { model: 'gemini-2.5-pro' }]
  const panel = judge.panel({ text, models })

  it('asks each of its models the same', () => {
    const questions = panel.judge?.questionsOf(answered) ?? []
    expect(questions.map((question) => question.model.model)).toEqual(models.map((one) => one.model))
    expect(new Set(questions.map(({ fingerprint }) => fingerprint)).size).toBe(3)
    expect(new Set(questions.map(({ subject, criterion }) => subject + criterion)).size).toBe(1)
  })

  it('is the same whatever order its models are listed in', () => {
    const turned = judge.panel({ text, models: models.toReversed() })
    expect(turned.judge?.fingerprint).toBe(panel.judge?.fingerprint)
  })

  it('has an odd number of them, three at least', () => {
    expect(() => judge.panel({ text, models: models.slice(1) })).toThrow(/models/)
    expect(() => judge.panel({ text, models: [...models, { model: 'grok-4' }] })).toThrow(/odd/)
    expect(() => judge.rubric({ text, model, samples: 2 })).toThrow(/odd/)
  })
})
