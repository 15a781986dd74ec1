import * as z from 'zod'
import { provenance, usage } from './call.ts'
import { type DeepReadonly, json } from './json.ts'
import { effect } from './tool.ts'

/** What a line of a comparison is. Each word is explained in docs/diff.md. */
export const diffClass = z.enum([
  'identical',
  'commuted',
  'read drift',
  'repeat',
  'argument drift',
  'write drift',
  'blind write',
  'model drift',
  'code drift',
  'off-tape',
])
export type DiffClass = z.infer<typeof diffClass>

/** How much a difference matters, from least to most. `excluded` is not judged. */
export const diffSeverity = z.enum(['same', 'excluded', 'note', 'warning', 'divergence', 'regression'])
export type DiffSeverity = z.infer<typeof diffSeverity>

/** What the agent does to the world is the signal; what it reads and says is drift. */
export const severityOf: Readonly<Record<DiffClass, DiffSeverity>> = {
  identical: 'same',
  commuted: 'same',
  'read drift': 'note',
  repeat: 'note',
  'model drift': 'note',
  'blind write': 'warning',
  'argument drift': 'divergence',
  'code drift': 'divergence',
  'write drift': 'regression',
  'off-tape': 'excluded',
}

/** One place where the two sides differ. A side that has nothing there is absent. Long texts are cut. */
export const sideDifference = z.strictObject({
  /** `arguments.items[0].id`, `result.status`, `request.system[0].content`. */
  path: z.string(),
  left: json.optional(),
  right: json.optional(),
})
export type SideDifference = DeepReadonly<z.infer<typeof sideDifference>>

/** One step of one side. */
export const diffStep = z.strictObject({
  /** From 1, as replay counts: model calls, tools, people and other endpoints in order of start. */
  step: z.number().int().positive(),
  span: z.string(),
  kind: z.enum(['llm', 'tool', 'human', 'custom', 'retrieval']),
  name: z.string(),
  /** What it does to the world. Of model calls and the user's turns there is none. */
  effect: effect.optional(),
  /** What was said or called, on a line, cut. */
  says: z.string(),
  /** The call failed: what it was to write is not written. */
  failed: z.literal(true).optional(),
  served: provenance.optional(),
})
export type DiffStep = DeepReadonly<z.infer<typeof diffStep>>

/** A line: a step of each side, or of one. */
export const diffRow = z.strictObject({
  left: diffStep.optional(),
  right: diffStep.optional(),
  class: diffClass,
  /** Why it is of its class, where that is not plain to see. */
  note: z.string().optional(),
  differences: z.array(sideDifference).default([]),
  /** The same call stands on the other side in this row (from 0): it was moved, and is counted there or here, once. */
  movedTo: z.number().int().nonnegative().optional(),
})
export type DiffRow = DeepReadonly<z.infer<typeof diffRow>>

/** What is compared, and what it took. Absent numbers are unknown, not 0. */
export const diffSide = z.strictObject({
  trace: z.string(),
  name: z.string(),
  task: z.string().optional(),
  trial: z.number().int().nonnegative().optional(),
  status: z.enum(['ok', 'error']),
  llmCalls: z.number().int().nonnegative(),
  toolCalls: z.number().int().nonnegative(),
  usage: usage.optional(),
  costUsd: z.number().nonnegative().optional(),
  durationMs: z.number().nonnegative().optional(),
})
export type DiffSide = DeepReadonly<z.infer<typeof diffSide>>

const tally = z.number().int().nonnegative()

/** What happened to calls that change something: the first thing to look at. */
export const writeEffects = z.strictObject({
  same: tally,
  /** Same tool, other arguments; or the same call that failed on one side. */
  changed: tally,
  /** On the left only, and not failed. */
  removed: tally,
  added: tally,
  /** The same call, before and after something it does not commute with. */
  reordered: tally,
})
export type WriteEffects = DeepReadonly<z.infer<typeof writeEffects>>

const counts = z.partialRecord(diffClass, z.number().int().positive())
export type DiffCounts = DeepReadonly<z.infer<typeof counts>>

/** A tool of which nobody says what it does to the world: its name was taken for it. */
export const guessedEffect = z.strictObject({ tool: z.string(), effect })
export type GuessedEffect = DeepReadonly<z.infer<typeof guessedEffect>>

/** Two traces, step by step. `left` is what was, `right` what is now. */
export const traceDiff = z.strictObject({
  left: diffSide,
  right: diffSide,
  /** The worst of all rows; a warning at least where only the right one ended in an error. */
  severity: diffSeverity,
  /** Rows by class; a call that was moved is one. */
  counts,
  writes: writeEffects,
  /** Index of the first row that is neither identical nor commuted. */
  firstDifference: z.number().int().nonnegative().optional(),
  /** Index of the first row that is a divergence or a regression. */
  firstDivergence: z.number().int().nonnegative().optional(),
  /** How the runs ended: status, end, output, scores. */
  ends: z.array(sideDifference),
  /** What the first model call of each was asked with: model, system prompt, tools, parameters. */
  settings: z.array(sideDifference),
  guessed: z.array(guessedEffect),
  rows: z.array(diffRow),
})
export type TraceDiff = DeepReadonly<z.infer<typeof traceDiff>>

/** Whether something was done to the world, or asked by the code, that was not before: exit code 1. */
export function diverges(severity: DiffSeverity): boolean {
  return severity === 'divergence' || severity === 'regression'
}

/** Whether only what is now ended in an error. */
export function endsWorse({ left, right }: Pick<TraceDiff, 'left' | 'right'>): boolean {
  return left.status === 'ok' && right.status === 'error'
}

/** The worst of several; `same` of none. */
export function worstSeverity(severities: Iterable<DiffSeverity>): DiffSeverity {
  let worst = 0
  for (const severity of severities) worst = Math.max(worst, diffSeverity.options.indexOf(severity))
  return diffSeverity.options[worst] ?? 'same'
}
