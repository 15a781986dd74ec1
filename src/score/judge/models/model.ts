import type { Json } from '../../../schema/json.ts'
import type { Usage } from '../../../schema/call.ts'
import type { AnswerSchema } from '../answer-schema.ts'

/**
 * The seam of judges' models: whoever can be asked through a client of its own. A member turns a question into one request
 * and what comes back into an answer or a `ModelFailure`; it makes no second try, and reads no verdict.
 */
export interface JudgeProvider {
  readonly name: string
  /** As people call it. */
  readonly title: string
  /** The package its client comes in: loaded when it is first asked. */
  readonly sdk: string
  /** Variables of the environment its own client reads. */
  readonly keyName: string
  readonly baseUrlName: string
  /** Parameters that are the harness's to set. */
  readonly reserved: readonly string[]
  /** Where it is asked when nothing else is said. Prices are looked up by it. */
  readonly address: string
  /** Throws `EVK_JUDGE_SDK` where the package is not installed. */
  open(access: ClientAccess): Promise<JudgeClient>
}

export interface ClientAccess {
  readonly key: string
  readonly baseUrl: string | undefined
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds since the epoch: a provider may name a date until which it wants to be left alone. */
  readonly now: () => number
}

export interface JudgeClient {
  /** One request. Throws `ModelFailure`, and the signal's reason when it aborts. */
  ask(question: ModelQuestion): Promise<ModelAnswer>
}

export interface ModelQuestion {
  readonly model: string
  readonly system: string
  readonly user: string
  readonly schema: AnswerSchema
  /** Under the provider's own names; they win over what the harness would say. */
  readonly parameters: { readonly [key: string]: Json }
  /** Milliseconds for the whole answer. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** What a model answered, in whatever way it did. */
export interface ModelAnswer {
  readonly said: ModelSaid
  /** It reached its limit: what it said is half an answer. */
  readonly isCut: boolean
  /** As it calls itself. */
  readonly model: string
  readonly usage?: Usage
}

export type ModelSaid =
  | { readonly fields: unknown }
  | { readonly text: string }
  /** The provider or the model declined; nothing else is known to be a refusal. */
  | { readonly refusal: string }

/** Tokens an answer may have where the provider wants a number and the judge names none. */
export const usualTokens = 2048
