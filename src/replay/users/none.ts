import { asUser, type UserKind } from '../user.ts'

/** Nobody answers: the agent has its input and nothing more. */
export function none(): UserKind {
  return asUser({
    kind: 'none',
    description: 'Nobody answers: the agent has its input and nothing more.',
    join: () => ({ next: () => Promise.resolve(undefined) }),
  })
}
