import { defined } from '../lib/defined.ts'
import type { Case } from '../schema/case.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Score } from '../schema/score.ts'
import type { Check } from './check.ts'
import { score } from './score.ts'
import { type SketchedCall, type SubjectSketch, subjectOf } from './subject.ts'

/**
 * What the checks of an eval make of outcomes that nobody would call right. `can-fail`: one of them fails nothing or
 * nonsense. `limits-only`: only what is too much fails. `always-passes`: one passes them all, and none fails.
 * `never-scored`: no check has an answer to any of them.
 */
export type Falsifiable = 'can-fail' | 'limits-only' | 'always-passes' | 'never-scored'

/**
 * Asks the gating checks about three outcomes that are surely wrong: nothing at all, nonsense, and far too much of it. A
 * check that fails none of them may still fail something (one that forbids a certain word does), so `always-passes` is a
 * question to a person, and so is `never-scored` where a check waits for evidence (a plan, a confidence) that none of the
 * three holds. `recorded` are scores of the recordings of the case, of one or of all: a check that reads them is shown that
 * they failed. No judge is asked: where one gates, the case is taken for one that can fail.
 */
export async function falsifiable(
  of: Case,
  checks: readonly Check[],
  { tools, recorded = [] }: { readonly tools?: KnownTools; readonly recorded?: readonly Score[] } = {},
): Promise<Falsifiable> {
  const gating = checks.filter((check) => check.gating && check.judge === undefined)
  // A model is asked about real outcomes only: it costs, and it would see that this is nonsense.
  if (gating.length < checks.filter((check) => check.gating).length) return 'can-fail'
  // A trial is shown the scores of one recording: each name once.
  const names = new Map(recorded.map((one) => [one.name, one]))
  const failed = [...names.values()].map((one): Score => {
    const { name, source, gating: decides } = one
    return { name, source, gating: decides, status: 'scored', value: 0, passed: false }
  })
  let scored = false
  for (const [kind, { outcome }] of probes) {
    const scores = await score({ case: of, outcome, recorded: failed, ...defined({ tools }) }, gating)
    if (scores.some((one) => one.status === 'scored' && !one.passed)) {
      return kind === 'excess' ? 'limits-only' : 'can-fail'
    }
    scored ||= scores.some((one) => one.status === 'scored')
  }
  return scored ? 'always-passes' : 'never-scored'
}

/** No word of any language, and no value of any case. */
const nonsense = 'qzxvw jkqpf 0xdeadbeef wvxzq'

const strange: SketchedCall = { name: 'qzxvw_jkqpf', arguments: { qzxvw: nonsense }, response: nonsense }

const sketches: readonly (readonly ['nothing' | 'nonsense' | 'excess', SubjectSketch])[] = [
  ['nothing', {}],
  ['nonsense', { output: nonsense, calls: [strange], says: [nonsense] }],
  [
    'excess',
    {
      output: nonsense.repeat(200),
      calls: Array.from({ length: 200 }, () => ({ ...strange, isError: true as const, durationMs: 600_000 })),
      says: Array.from({ length: 200 }, () => ({
        text: nonsense,
        costUsd: 1000,
        usage: { input: 1e8, output: 1e8 },
        durationMs: 600_000,
      })),
      usage: { input: 1e10, output: 1e10 },
      costUsd: 1e6,
      durationMs: 1e9,
    },
  ],
]

const probes = sketches.map(([kind, sketch]) => [kind, subjectOf(sketch)] as const)
