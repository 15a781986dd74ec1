import type { Json } from '../../schema/json.ts'
import type { Judged, Unjudged, VerdictWord } from '../../schema/judgement.ts'
import type { Subject } from '../check.ts'

/** Which model answers, how it is reached, and with what: settings of a judge, resolved. */
export interface JudgeModel {
  /** A provider's member by name: `anthropic`, `openai`. */
  readonly provider: string
  /** Dated, where the provider dates its models. */
  readonly model: string
  /** Where it is asked. Left out: the provider's own address, or what the environment says. */
  readonly baseUrl?: string | undefined
  /** Temperature and the like, under the provider's own names. None is required. */
  readonly parameters: { readonly [key: string]: Json }
}

/**
 * One question to a judge about one outcome, whole: what it is told, what it is shown, how it may answer. Pure data: the same
 * outcome gives the same question, delimiters excepted, which are made when it is asked.
 */
export interface Question {
  /** The score's name. */
  readonly judge: string
  readonly model: JudgeModel
  readonly fingerprint: string
  readonly criterion: string
  readonly case: string
  readonly trial: number
  readonly subject: string
  /** The instruction: nothing of an agent, a tool or a case is in it. The delimiter has a place in it (`prompt.ts`). */
  readonly system: string
  /** What is judged, as data: in this order, each under its heading. */
  readonly shown: readonly ShownPart[]
  /** Words it may answer with, and what each means. */
  readonly vocabulary: Readonly<Record<string, VerdictWord | 'abstain'>>
}

/** A piece of what a judge is shown. Hostile, whoever wrote it. */
export interface ShownPart {
  readonly heading: string
  readonly content: Json
  /** Whether it is what is judged: canaries stand in its place. */
  readonly judged?: true
  /** What stands in its place in a canary, where that is no answer: steps that were never made. */
  readonly inCanary?: Json
}

/** What came of a question. */
export type Verdict =
  | {
      readonly verdict: VerdictWord
      readonly critique: string
      readonly model: string
      readonly usage?: Judged['usage']
      readonly costUsd?: number
      readonly tries: number
      readonly recorded: boolean
    }
  | {
      readonly unjudged: Unjudged
      readonly why: string
      readonly usage?: Judged['usage']
      readonly costUsd?: number
    }

/**
 * What answers judges in a run: recorded verdicts, and models where they may be asked. `subject.judging` of a check; where it
 * is absent nothing answers, and a judge's score is unscored (`not recorded`).
 */
export interface Judging {
  /** Answers a question; `sample` counts the answers to the very same one. Never throws for what a model does. */
  verdict(question: Question, sample: number): Promise<Verdict>
}

/** What is known of a check that a judge answers, before it is asked. */
export interface JudgeFacts {
  /** `rubric`, `reference`, `trajectory`, `pairwise`, `panel`. */
  readonly kind: string
  readonly fingerprint: string
  readonly criterion: string
  /** What is asked, in words: for the people who are asked the same. */
  readonly asks: string
  /** Of a panel: each of its members'. */
  readonly models: readonly JudgeModel[]
  /** Answers to the same question that are asked for. */
  readonly samples: number
  /** All that is asked about an outcome: of a pair both orders, of a panel each member's. */
  questionsOf(subject: Subject): readonly Question[]
}
