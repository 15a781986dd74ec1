import type { Case } from '../schema/case.ts'
import type { ErrorCode } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import type { Recording } from '../schema/recording.ts'
import type { User } from './target.ts'

/**
 * The seam for who answers the agent's turns in a dialogue. A member meets models and recorded people only through the
 * tap in force, so that what it does is served, logged and counted there. Every member passes `user.contract.ts`.
 */
export interface UserKind {
  readonly kind: string
  readonly description: string
  /** What decides its answers beside the recording: a part of what a run measured. Absent where nothing does. */
  readonly identity?: Json
  /** A turn that holds one of these is the last: noted in the trace, so that who plays it again knows where it ended. */
  readonly stopTexts?: readonly string[]
  /** Whether the next recorded turn is given to another question than it was said to. Only asked of live models. */
  readonly answersAnew?: true
  /** What a trial is played against, where that is not the recording as it stands. */
  tape?(recording: Recording, given: Case): Recording
  /** The user of one trial. */
  join(trial: UserTrial): User
}

/** What a user gets to know of the trial it talks in. */
export interface UserTrial {
  readonly case: Case
  /** What `tape` made of it. */
  readonly recording: Recording | undefined
  /** The user cannot go on, and it is not the agent's fault: ends the trial as `aborted`. Throws `TapAborted`. */
  readonly fail: (what: string, code: ErrorCode) => never
}

const brand = Symbol.for('evalkit.user')

/** Marks a value as a user, recognisable across copies of the package. */
export function asUser(user: UserKind): UserKind {
  return Object.assign({ [brand]: true }, user)
}

export function isUser(value: unknown): value is UserKind {
  return typeof value === 'object' && value !== null && brand in value
}
