import type { LlmRequest } from '../schema/call.ts'
import type { Case } from '../schema/case.ts'
import type { Json } from '../schema/json.ts'
import type { Message } from '../schema/message.ts'
import type { Dialogue, Versions } from '../schema/trace.ts'
import type { Conduct } from './conduct.ts'

/** Who answers the agent's turns in a dialogue. */
export interface User {
  /** The next turn, given what the agent said last; `undefined` when the user has nothing more to say. */
  next(said: Message | undefined): Promise<Message | undefined>
}

/** What a target gets beside its input. */
export interface PlayContext {
  readonly case: Case
  readonly trial: number
  readonly user: User
  /** Aborts when the trial's time is up or the run is cancelled. */
  readonly signal: AbortSignal
  /** How the recorded conversation was run, where there is a recording. */
  readonly dialogue: Dialogue | undefined
  /** What the recording's first model request was sent with: model, system prompt, tools, parameters. */
  readonly recordedSettings: Omit<LlmRequest, 'messages'>
  /** How the recorded agent's code went about it, as far as its calls show. For agents that have no way of their own. */
  readonly conduct?: (() => Conduct) | undefined
}

/**
 * The seam for systems under test. `play` returns the output; what it throws makes the outcome `failed`. It meets
 * models and tools only through the tap in force. Every member passes `target.contract.ts`.
 */
export interface Target {
  readonly kind: string
  readonly name: string
  readonly versions: Versions
  /**
   * Its output is what its model said last, whatever the recorded agent made of that: compared only with a recorded
   * output that is the same view.
   */
  readonly lastWords?: true
  /** Trials that can be played beside each other. Left out: any number. */
  readonly concurrency?: number
  /**
   * Makes ready what the trials of a run share, until the function it gives is called. Without, each trial makes it ready
   * for itself. Throws where that cannot be done, before a trial is played: `EVK_TARGET_UNREACHABLE`.
   */
  open?(signal: AbortSignal): Promise<() => Promise<void>>
  play(input: Json, context: PlayContext): Promise<Json | undefined>
}

/** Runs `body` while what the target's trials share is ready. Throws what making it ready throws. */
export async function whileOpen<T>(target: Target, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  const close = await target.open?.(signal)
  try {
    return await body()
  } finally {
    await close?.()
  }
}

const limitBrand = Symbol.for('evalkit.limit')

/**
 * Thrown by a target that reached a limit of turns: the agent's fault, so its metric is 0. Recognise it with
 * `LimitReached.is`, which also holds for another copy of the package.
 */
export class LimitReached extends Error {
  readonly [limitBrand] = true

  constructor(what: string) {
    super(what)
    this.name = 'LimitReached'
  }

  static is(value: unknown): value is LimitReached {
    return typeof value === 'object' && value !== null && limitBrand in value
  }
}

const brand = Symbol.for('evalkit.target')

/** Marks a value as a target, recognisable across copies of the package. */
export function asTarget(target: Target): Target {
  return Object.assign({ [brand]: true }, target)
}

export function isTarget(value: unknown): value is Target {
  return typeof value === 'object' && value !== null && brand in value
}
