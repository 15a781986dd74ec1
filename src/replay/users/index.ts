import type { UserKind } from '../user.ts'
import { none } from './none.ts'
import { script } from './script.ts'
import { simulated } from './simulated.ts'

/** All there are, by the word an eval file has for them. */
export const users = { none, script, simulated }

/** Those that need to be told nothing: their word alone will do. */
export const plainUsers = { none, script } satisfies Partial<Record<keyof typeof users, () => UserKind>>
export type PlainUser = keyof typeof plainUsers

/** The user that is meant. */
export function userKind(user: UserKind | PlainUser): UserKind {
  return typeof user === 'string' ? plainUsers[user]() : user
}
