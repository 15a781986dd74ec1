import { describe, expect, it } from 'vitest'
import { inlineDataset } from '../dataset/load.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Case } from '../schema/case.ts'
import type { Judgement, VerdictWord } from '../schema/judgement.ts'
import type { Trace } from '../schema/trace.ts'
import type { Check, Subject } from '../score/check.ts'
import { judge } from '../score/judge/index.ts'
import { subjectOf } from '../score/subject.ts'
import { type JudgeCheck, judgeLabels, recordedCount, unlabelledVerdicts } from './judge-labels.ts'
import { openJudging } from './judging.ts'
import { labelOf } from './testing/labels.ts'

const model = 'gpt-4o-2024-11-20'
const text = 'The answer is right.'
const of = (check: Check): JudgeCheck => {
  if (check.judge === undefined) throw new Error('no judge')
  return check as JudgeCheck
}
const rubric = of(judge.rubric({ as: 'accuracy', text, model }))
const trajectory = of(judge.trajectory({ as: 'accuracy', text, model }))
const panel = of(
  judge.panel({
    as: 'accuracy',
    text,
    models: [{ model }, { model: 'claude-sonnet-4-5-20250929' }, { model: 'mistral-large-2411' }],
  }),
)
const pairwise = of(judge.pairwise({ as: 'accuracy', model, against: 'expected' }))

const given: Case = { v: 1, id: 'refund', input: 'Refund me.', expected: 'Refunded.', tags: [] }
const subject = (output: string, calls: readonly string[] = []): Subject => ({
  ...subjectOf({ output, calls: calls.map((name) => ({ name })) }),
  case: given,
  trial: 0,
})
const trace = (output: string, calls: readonly string[] = []): Trace => subject(output, calls).outcome.trace

/** What judges are recorded to say of a subject, in the order they are asked. */
const lines = (check: JudgeCheck, about: Subject, verdicts: readonly VerdictWord[]): Judgement[] =>
  check.judge.questionsOf(about).map(({ fingerprint, criterion, subject: shown }, at) => ({
    v: 1,
    kind: 'verdict',
    judge: check.name,
    fingerprint,
    criterion,
    case: given.id,
    subject: shown,
    trial: 0,
    sample: 0,
    verdict: verdicts[at] ?? 'pass',
    critique: 'because',
    model,
    tries: 1,
  }))

const ask = async (
  check: JudgeCheck,
  recorded: readonly Judgement[],
  label: object,
  traces: Readonly<Record<string, Trace>> = {},
) => {
  const judging = openJudging({ recorded, command: 'evalkit judge calibrate' })
  const dataset = await inlineDataset('support', [given], 'support.eval.ts')
  const [first] = check.judge.questionsOf(subject('Done.', ['refund']))
  const [judged] = await judgeLabels([labelOf({ subject: first?.subject ?? '', ...label })], {
    check,
    judging,
    recorded: judging,
    outcomes: {
      cases: new Map([[given.id, given]]),
      dataset,
      fixtures: '/nowhere',
      labelled: check,
      async traceOf(id) {
        const found = traces[id]
        if (found === undefined) throw new EvalkitError('EVK_TRACE_NOT_FOUND', 'There is none.')
        return found
      },
    },
  })
  return judged
}

describe('what a judge says of labelled outcomes', () => {
  it('is found by the trace, by the output, or by the record alone', async () => {
    const recorded = lines(rubric, subject('Done.'), ['fail'])
    const said = { answer: { passed: false, reason: 'because', sure: 1 }, length: 5 }
    expect(await ask(rubric, recorded, { trace: 't_1' }, { t_1: trace('Done.') })).toMatchObject(said)
    expect(await ask(rubric, recorded, { trace: 't_gone', output: 'Done.' })).toMatchObject(said)
    expect(await ask(rubric, recorded, {})).toMatchObject({ answer: said.answer })
    expect(await ask(rubric, [], {})).toMatchObject({ answer: { unscored: 'not recorded' } })
  })

  it('is of the very outcome that was labelled, or of none', async () => {
    const recorded = [
      ...lines(rubric, subject('Done.'), ['fail']),
      ...lines(rubric, subject('Something else.'), ['pass']),
    ]
    // A store that holds another answer under that name, and a label whose output was edited.
    const edited = { trace: 't_1', output: 'Something else.' }
    expect(await ask(rubric, recorded, edited, { t_1: trace('Something else.') })).toMatchObject({
      answer: { passed: false },
    })
  })

  it('needs the trace where the way is judged, or the record', async () => {
    const recorded = lines(trajectory, subject('Done.', ['refund']), ['fail'])
    const label = { output: 'Done.' }
    expect(await ask(trajectory, recorded, label)).toMatchObject({ answer: { passed: false } })
    const traced = await ask(
      trajectory,
      recorded,
      { ...label, trace: 't_1' },
      { t_1: trace('Done.', ['refund']) },
    )
    expect(traced).toMatchObject({ answer: { passed: false } })
  })

  it('is what most of a panel say, with how many of them', async () => {
    const about = subject('Done.')
    const recorded = lines(panel, about, ['pass', 'fail', 'pass'])
    for (const label of [{ output: 'Done.' }, {}]) {
      const judged = await ask(panel, recorded, label)
      expect(judged?.answer).toMatchObject({ passed: true, sure: 2 / 3 })
    }
    const judging = openJudging({ recorded, command: '' })
    expect(await unlabelledVerdicts(recorded, [], { check: panel, recorded: judging })).toEqual([true])
    expect(recordedCount(recorded, panel.judge)).toBe(1)
  })

  it('asks both orders of a pair, for which the outcome has to be at hand', async () => {
    const recorded = lines(pairwise, subject('Done.'), ['better', 'better'])
    expect(await ask(pairwise, recorded, { output: 'Done.' })).toMatchObject({ answer: { passed: true } })
    expect(await ask(pairwise, recorded, {})).toMatchObject({
      answer: { unscored: 'the outcome that was labelled is not at hand' },
    })
    const judging = openJudging({ recorded, command: '' })
    expect(await unlabelledVerdicts(recorded, [], { check: pairwise, recorded: judging })).toEqual([])
  })

  it('counts what nobody labelled once, whatever trial it came in', async () => {
    const [one] = lines(rubric, subject('Done.'), ['pass'])
    const [other] = lines(rubric, subject('Gone.'), ['fail'])
    if (one === undefined || other === undefined) throw new Error('no line')
    const recorded = [one, { ...one, trial: 1 }, other]
    const judging = openJudging({ recorded, command: '' })
    const asked = { check: rubric, recorded: judging }
    expect(await unlabelledVerdicts(recorded, [], asked)).toEqual([true, false])
    expect(await unlabelledVerdicts(recorded, [labelOf({ subject: one.subject })], asked)).toEqual([false])
  })
})
