import type * as z from 'zod'
import type { Case } from '../schema/case.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Score } from '../schema/score.ts'
import type { Json } from '../schema/json.ts'
import type { Judged } from '../schema/judgement.ts'
import type { JudgeFacts, Judging } from './judge/judge.ts'

/** What a check looks at: ground truth, and what a trial of it produced. */
export interface Subject {
  readonly case: Case
  readonly outcome: Outcome
  /** Scores that came with the recording this trial was replayed against. */
  readonly recorded?: readonly Score[]
  /** What the recorded run put out that this trial was replayed against: what a pairwise judge sets beside the outcome. */
  readonly recordedOutput?: Json
  /** What is known of tools. Default: what their names say. */
  readonly tools?: KnownTools
  /** What answers judges. Absent: nothing does. */
  readonly judging?: Judging
  /** Which trial it is, from 0: several trials of one answer are several questions to a judge. Default: 0. */
  readonly trial?: number
}

/** Where a check stands in the docs: it looks at the answer, at the way to it, or at what must not happen on it. */
export type CheckGroup = 'answer' | 'trajectory' | 'guardrail'

/**
 * What a check says. A number is a value in [0,1] that passes at 1; `undefined` means it cannot say, and the score
 * is unscored with the reason.
 */
export type Answer =
  | { readonly value: number; readonly passed?: boolean; readonly reason?: string; readonly judged?: Judged }
  | { readonly unscored: string; readonly judged?: Judged }

/** An example is documentation and test at once: `subject` builds the smallest subject that shows it. */
export interface CheckExample<P> {
  readonly title: string
  readonly params: P
  readonly subject: Subject
  /** What must come out. */
  readonly expect: 'pass' | 'fail' | 'unscored'
  /** A piece of the reason, where the reason is the point. */
  readonly says?: string
}

/**
 * One deterministic question about one outcome. `answer` may throw: `score()` turns that into an unscored score,
 * never a pass and never 0. A member is one file that says everything about itself.
 */
export interface CheckDefinition<S extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly group: CheckGroup
  readonly description: string
  /** Whether its answers hang on what is known of tools (`subject.tools`): then that is a part of what was asked. */
  readonly usesTools?: true
  /**
   * Whether it is asked of a run that failed, too, because that is what it is about. The trial's metrics stay 0: the score
   * says what became of the world.
   */
  readonly asksFailed?: true
  readonly params: S
  /** At least one that passes and one that fails. */
  readonly examples: readonly CheckExample<z.input<S>>[]
  answer(subject: Subject, params: z.output<S>): Answer | Promise<Answer>
}

/** A check with its parameters, ready to be asked: what an eval's `checks` holds. */
export interface Check {
  /** The score's and metric's name. */
  readonly name: string
  readonly gating: boolean
  /** What identifies the question: other text, other check, other baseline. */
  readonly identity: unknown
  readonly usesTools?: true
  readonly asksFailed?: true
  /** The definition it was made of, where it was made of one: who holds the same object knows its code. */
  readonly definition?: object
  /** Where a model answers: the instrument, and what it is asked. */
  readonly judge?: JudgeFacts
  answer(subject: Subject): Answer | Promise<Answer>
}
