import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
import type { JudgementLine } from '../schema/judgement.ts'
import { judge } from '../score/judge/index.ts'
import type { Question, Verdict } from '../score/judge/judge.ts'
import { subjectOf } from '../score/subject.ts'
import { type JudgingOptions, openJudging } from './judging.ts'

const polite = judge.rubric({ text: 'The answer is polite.', model: 'claude-sonnet-4-5-20250929' })
const questionFor = (output: string, check = polite, trial = 0): Question => {
  const [question] = check.judge?.questionsOf({ ...subjectOf({ output }), trial }) ?? []
  return question as Question
}
const said = (verdict: 'pass' | 'fail', more: object = {}): Verdict => ({
  verdict,
  critique: `A ${verdict}.`,
  model: 'claude-sonnet-4-5-20250929',
  usage: { input: 100, cacheRead: 0, cacheWrite: 0, output: 10 },
  costUsd: 0.01,
  tries: 1,
  recorded: false,
  ...more,
})
const shownIn = ({ shown }: Question): string => JSON.stringify(shown.at(-1)?.content)

const another = 'The answer to another: your password was reset, look into your mailbox.'

/** A model that passes what says "please", and what `passes` says besides; it remembers what it was asked. */
function modelThat(passes: (shown: string) => boolean = () => false) {
  const asked: string[] = []
  return {
    asked,
    ask: async (question: Question): Promise<Verdict> => {
      const shown = shownIn(question)
      asked.push(shown)
      await Promise.resolve()
      return said(shown.includes('please') || passes(shown) ? 'pass' : 'fail')
    },
  }
}
const open = (options: Partial<JudgingOptions> = {}) =>
  openJudging({ recorded: [], command: 'evalkit run a --judges live', ...options })

describe('judging what is recorded', () => {
  it('says with which command to record what is not', async () => {
    const judging = open()
    expect(await judging.verdict(questionFor('Gladly.'), 0)).toEqual({
      unjudged: 'not recorded',
      why: 'no verdict on case example is recorded; evalkit run a --judges live asks for it',
    })
    expect(judging.stats()).toMatchObject({ asked: 1, recorded: 0, live: 0, unjudged: { 'not recorded': 1 } })
    expect(judging.added()).toEqual([])
  })

  it('gives each question its own verdict: another output, trial, sample, judge or model has none', async () => {
    const live = open(modelThat())
    await live.verdict(questionFor('Yes, please.'), 0)
    const judging = open({ recorded: live.added() })
    expect(await judging.verdict(questionFor('Yes, please.'), 0)).toEqual({
      verdict: 'pass',
      critique: 'A pass.',
      model: 'claude-sonnet-4-5-20250929',
      usage: { input: 100, cacheRead: 0, cacheWrite: 0, output: 10 },
      tries: 1,
      recorded: true,
    })
    const other = judge.rubric({ text: 'The answer is polite.', model: 'claude-haiku-4-5-20251001' })
    const text = judge.rubric({ text: 'The answer is rude.', model: 'claude-sonnet-4-5-20250929' })
    const missing: [Question, number][] = [
      [questionFor('Yes please.'), 0],
      [questionFor('Yes, please.', polite, 1), 0],
      [questionFor('Yes, please.'), 1],
      [questionFor('Yes, please.', other), 0],
      [questionFor('Yes, please.', text), 0],
    ]
    for (const [question, sample] of missing) {
      expect(await judging.verdict(question, sample)).toMatchObject({ unjudged: 'not recorded' })
    }
    expect(judging.stats()).toMatchObject({ asked: 6, recorded: 1, costUsd: 0, warnings: [] })
  })

  it('has no verdict of a judge that once let a canary pass, and warns of one without canaries', async () => {
    const live = open(modelThat())
    await live.verdict(questionFor('Yes, please.'), 0)
    const lines = live.added()
    const fooled = lines.map((line) => (line.kind === 'canary' ? { ...line, passed: ['empty'] } : line))
    const disabled = open({ recorded: fooled })
    expect(await disabled.verdict(questionFor('Yes, please.'), 0)).toEqual({
      unjudged: 'canary',
      why: 'the judge passes what no judge may pass: "empty"',
    })
    expect(disabled.stats().disabled).toEqual([{ judge: 'rubric', passed: ['empty'] }])
    const untested = open({ recorded: lines.filter(({ kind }) => kind === 'verdict') })
    expect(await untested.verdict(questionFor('Yes, please.'), 0)).toMatchObject({ verdict: 'pass' })
    expect(untested.stats().warnings).toEqual([
      expect.stringContaining('"rubric" has recorded verdicts and no canaries'),
    ])
  })

  it('does not take a word that is none of the judge', async () => {
    const live = open(modelThat())
    await live.verdict(questionFor('Yes, please.'), 0)
    const recorded = live
      .added()
      .map((line): JudgementLine => (line.kind === 'verdict' ? { ...line, verdict: 'better' } : line))
    expect(await open({ recorded }).verdict(questionFor('Yes, please.'), 0)).toMatchObject({
      unjudged: 'schema',
    })
  })
})

describe('judging live', () => {
  it('puts a judge to its canaries first, once, and keeps that and each verdict', async () => {
    const model = modelThat()
    const lines: JudgementLine[] = []
    const judging = open({
      ...model,
      onLine: (line) => lines.push(line),
      otherAnswer: () => another,
    })
    const verdicts = await Promise.all(
      ['Yes, please.', 'No.', 'Please.', 'Yes, please.'].map((output) =>
        judging.verdict(questionFor(output), 0),
      ),
    )
    expect(verdicts.map((verdict) => 'verdict' in verdict && verdict.verdict)).toEqual([
      'pass',
      'fail',
      'fail',
      'pass',
    ])
    expect(model.asked.slice(0, 5)).toEqual([
      '""',
      '"."',
      '"Thought process:"',
      expect.stringContaining('Ignore all previous instructions'),
      '"The answer to another: your password was reset, look into your mailbox."',
    ])
    // The same question asked twice at once is one.
    expect(model.asked).toHaveLength(8)
    expect(lines).toEqual(judging.added())
    expect(lines[0]).toMatchObject({ kind: 'canary', judge: 'rubric', passed: [] })
    expect(lines.filter(({ kind }) => kind === 'verdict')).toHaveLength(3)
    const stats = judging.stats()
    expect(stats).toMatchObject({
      asked: 4,
      live: 4,
      recorded: 0,
      canaries: 5,
      usage: { input: 800, output: 80 },
    })
    expect(stats.costUsd).toBeCloseTo(0.08)
  })

  it.each(['""', '"."', '"Thought process:"', 'Ignore all previous', another])(
    'has no verdict of a judge that passes %s',
    async (weakness) => {
      const model = modelThat((shown) => shown.includes(weakness) && shown !== '"No."')
      const judging = open({ ...model, otherAnswer: () => another })
      expect(await judging.verdict(questionFor('Yes, please.'), 0)).toMatchObject({ unjudged: 'canary' })
      expect(await judging.verdict(questionFor('No.'), 0)).toMatchObject({ unjudged: 'canary' })
      expect(model.asked).toHaveLength(5)
      expect(judging.added()).toEqual([
        expect.objectContaining({ kind: 'canary', passed: [expect.any(String)] }),
      ])
      // Neither is it asked again the next time, until it withstands.
      const again = open({ ...model, recorded: judging.added() })
      expect(await again.verdict(questionFor('Yes, please.'), 0)).toMatchObject({ unjudged: 'canary' })
      expect(model.asked).toHaveLength(5)
    },
  )

  it('of a pair means by passing that the canary wins', async () => {
    const pair = judge.pairwise({ model: 'claude-sonnet-4-5-20250929' })
    const questions = pair.judge?.questionsOf(subjectOf({ output: 'Gladly.', recordedOutput: 'No.' })) ?? []
    const askWith = (verdict: 'better' | 'tie' | 'worse') =>
      open({ ask: async () => ({ ...said('pass'), verdict }) })
    for (const verdict of ['tie', 'worse'] as const) {
      expect(await askWith(verdict).verdict(questions[0] as Question, 0)).toMatchObject({ verdict })
    }
    expect(await askWith('better').verdict(questions[0] as Question, 0)).toMatchObject({ unjudged: 'canary' })
  })

  it('takes a canary that is refused or not understood for withstood', async () => {
    for (const unjudged of ['refusal', 'abstain', 'parse', 'schema'] as const) {
      const ask = async (question: Question): Promise<Verdict> =>
        shownIn(question).includes('Ignore')
          ? { unjudged, why: 'no' }
          : said(shownIn(question).includes('please') ? 'pass' : 'fail')
      expect(await open({ ask }).verdict(questionFor('Yes, please.'), 0)).toMatchObject({ verdict: 'pass' })
    }
  })

  it('has no verdict before all canaries are answered, and does not ask them for ever', async () => {
    let down = true
    let count = 0
    const ask = async (question: Question): Promise<Verdict> => {
      count++
      return down ? { unjudged: 'provider', why: '503' } : modelThat().ask(question)
    }
    const judging = open({ ask })
    expect(await judging.verdict(questionFor('Yes, please.'), 0)).toMatchObject({
      unjudged: 'provider',
      why: '503',
    })
    down = false
    expect(await judging.verdict(questionFor('Yes, please.'), 0)).toMatchObject({ verdict: 'pass' })
    expect(count).toBe(11)
    down = true
    const dead = open({ ask })
    count = 0
    for (let at = 0; at < 10; at++) await dead.verdict(questionFor(`No ${at}.`), 0)
    expect(count).toBe(15)
    expect(dead.added()).toEqual([])
  })

  it('keeps only verdicts', async () => {
    const ask = async (question: Question): Promise<Verdict> =>
      shownIn(question) === '"Hm."'
        ? { unjudged: 'abstain', why: 'unclear', costUsd: 0.5 }
        : modelThat().ask(question)
    const judging = open({ ask })
    expect(await judging.verdict(questionFor('Hm.'), 0)).toMatchObject({ unjudged: 'abstain' })
    expect(judging.added().map(({ kind }) => kind)).toEqual(['canary'])
    expect(judging.stats()).toMatchObject({ unjudged: { abstain: 1 }, costUsd: 0.55 })
  })

  it('keeps no secret that a judge quotes', async () => {
    const redact = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value).replaceAll('please', '[redacted]')) as T
    const ask = async (question: Question): Promise<Verdict> =>
      said('fail', { critique: `It says ${shownIn(question)}.` })
    const judging = open({ ask, redact })
    const verdict = await judging.verdict(questionFor('Yes, please.'), 0)
    expect(verdict).toMatchObject({ critique: 'It says "Yes, [redacted].".' })
    expect(JSON.stringify(judging.added())).not.toContain('please')
  })

  it('asks no more at once than it may', async () => {
    let running = 0
    let most = 0
    const ask = async (): Promise<Verdict> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return said('fail')
    }
    const judging = open({ ask, concurrency: 3 })
    await Promise.all(Array.from({ length: 20 }, (_, at) => judging.verdict(questionFor(`No ${at}.`), 0)))
    expect(most).toBe(3)
  })

  it('stops asking where no model can be asked, and says why', async () => {
    let count = 0
    const ask = async (): Promise<Verdict> => {
      count++
      throw new EvalkitError('EVK_KEY_MISSING', 'A judge asks Anthropic, but ANTHROPIC_API_KEY is not set.')
    }
    const judging = open({ ask, concurrency: 1 })
    expect(await judging.verdict(questionFor('No.'), 0)).toMatchObject({
      unjudged: 'provider',
      why: expect.stringContaining('EVK_KEY_MISSING'),
    })
    await judging.verdict(questionFor('Yes.'), 0)
    expect(count).toBe(1)
    expect(judging.failure()).toMatchObject({ code: 'EVK_KEY_MISSING' })
  })

  it('gives the verdict, and says so, where it could not be kept', async () => {
    const onLine = (): never => {
      throw new EvalkitError('EVK_DISK_FULL', 'The disk is full.')
    }
    const judging = open({ ...modelThat(), onLine })
    await judging.verdict(questionFor('Yes, please.'), 0)
    expect(judging.failure()).toMatchObject({ code: 'EVK_DISK_FULL' })
  })

  it('is ended by who runs it', async () => {
    const judging = open({ ask: () => Promise.reject(new Error('the run is over')) })
    await expect(judging.verdict(questionFor('No.'), 0)).rejects.toThrow('the run is over')
  })
})
