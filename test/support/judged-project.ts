import { defined } from '../../src/lib/defined.ts'
import { judge } from '../../src/score/judge/index.ts'
import { instrumentsOf } from '../../src/score/judge/instruments.ts'
import { subjectOf } from '../../src/score/subject.ts'
import type { Json } from '../../src/schema/json.ts'
import type { Label } from '../../src/schema/label.ts'
import type { Subject } from '../../src/score/check.ts'

/** A project whose judge is recorded: everything a command needs is in files, and no model is asked. */
export interface JudgedCase {
  readonly id: string
  readonly input: string
  readonly output: string
  readonly tags?: readonly string[]
  /** What the judge is recorded to say. Left out: nothing. */
  readonly judge?: 'pass' | 'fail'
  readonly critique?: string
  /** What a person said. Left out: nothing. */
  readonly person?: 'pass' | 'fail'
  readonly note?: string
  readonly split?: Label['split']
}

export interface JudgeSketch {
  readonly as?: string
  readonly text?: string
  readonly model?: string
  readonly parameters?: { readonly [key: string]: Json }
}

const params = ({
  as = 'accuracy',
  text = 'The answer is right.',
  model = 'gpt-4o-2024-11-20',
  parameters = {},
}: JudgeSketch) => ({ as, text, model, parameters })

/** `evals/support.eval.ts` with these judges; its agent answers as the cases say. */
export function judgedEval(cases: readonly JudgedCase[], judges: readonly JudgeSketch[] = [{}]): string {
  const dataset = cases.map(({ id, input, tags = [] }) => ({ id, input, tags }))
  const answers = Object.fromEntries(cases.map(({ input, output }) => [input, output]))
  return `
import { defineEval, none } from 'evalkit'
import { judge } from 'evalkit/judge'
const answers: Record<string, string> = ${JSON.stringify(answers)}
export default defineEval({
  name: 'support',
  dataset: ${JSON.stringify(dataset)},
  target: (asked: string) => answers[asked],
  checks: [${judges.map((one) => `judge.rubric(${JSON.stringify(params(one))})`).join(', ')}],
  user: none(),
})
`
}

/** `evals/support.judgements.jsonl`: what the judge is recorded to say, and that it withstood a canary. */
export function judgements(cases: readonly JudgedCase[], sketch: JudgeSketch = {}): string {
  const check = judge.rubric(params(sketch))
  const lines = cases.flatMap((one) => {
    const [question] = check.judge?.questionsOf(subjectFor(one)) ?? []
    if (question === undefined || one.judge === undefined) return []
    const { fingerprint, criterion, subject } = question
    return [
      {
        v: 1,
        kind: 'verdict',
        judge: check.name,
        fingerprint,
        criterion,
        case: one.id,
        subject,
        trial: 0,
        sample: 0,
        verdict: one.judge,
        critique: one.critique ?? `It seems to be a ${one.judge}.`,
        model: params(sketch).model,
        tries: 1,
      },
    ]
  })
  const { fingerprint, criterion } = check.judge ?? {}
  const canary = {
    v: 1,
    kind: 'canary',
    judge: check.name,
    fingerprint,
    criterion,
    asked: ['empty'],
    passed: [],
  }
  return [canary, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** `evals/support.labels.jsonl`: what people said. */
export function labels(cases: readonly JudgedCase[], sketch: JudgeSketch = {}): string {
  const check = judge.rubric(params(sketch))
  return cases
    .flatMap((one) => {
      const [question] = check.judge?.questionsOf(subjectFor(one)) ?? []
      if (question === undefined || one.person === undefined) return []
      const label: Label = {
        v: 1,
        judge: check.name,
        case: one.id,
        trial: 0,
        subject: question.subject,
        label: one.person,
        ...(one.note === undefined ? {} : { note: one.note }),
        split: one.split ?? 'test',
        tags: [...(one.tags ?? [])],
        output: one.output,
        by: 'Ann',
        at: '2026-11-28T09:00:00.000Z',
      }
      return [`${JSON.stringify(label)}\n`]
    })
    .join('')
}

/** The instrument of a judge, as calibrations have it. */
export function instrument(sketch: JudgeSketch = {}) {
  const check = judge.rubric(params(sketch))
  if (check.judge === undefined) throw new Error('a judge is a judge')
  const { fingerprint, criterion } = check.judge
  return { fingerprint, criterion, instruments: [...instrumentsOf(check.judge)] }
}

function subjectFor({ id, input, output, tags = [] }: JudgedCase): Subject {
  return { ...subjectOf({ output }), case: { v: 1, id, input, tags: [...tags] }, trial: 0 }
}

/** So many of each: both pass, only the person, only the judge, neither. */
export function judgedCases(tp: number, fn: number, fp: number, tn: number): JudgedCase[] {
  const kinds = [
    ...Array.from({ length: tp }, () => ['pass', 'pass'] as const),
    ...Array.from({ length: fn }, () => ['pass', 'fail'] as const),
    ...Array.from({ length: fp }, () => ['fail', 'pass'] as const),
    ...Array.from({ length: tn }, () => ['fail', 'fail'] as const),
  ]
  return kinds.map(([person, said], at) => ({
    id: `case-${at}`,
    input: `Question ${at}`,
    output: `Answer ${at}`,
    person,
    judge: said,
  }))
}

/** The same case, with nothing recorded of the judge. */
export function withoutVerdict({ id, input, output, tags, person, note, split }: JudgedCase): JudgedCase {
  return { id, input, output, ...defined({ tags, person, note, split }) }
}

/** What in a text would steer a terminal or a CI runner; empty where it is inert. */
export function steeringIn(text: string): readonly string[] {
  const controls = ['\u001b', '\u0007', '\u202e'].filter((control) => text.includes(control))
  return text.split('\n').some((line) => line.startsWith('::')) ? [...controls, '::'] : controls
}
