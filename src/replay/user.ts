import { copyJson } from '../lib/json.ts'
import { textOf } from '../schema/message.ts'
import type { Recording } from '../schema/recording.ts'
import { cross } from '../tap/tap.ts'
import type { User } from './target.ts'

/** Who answers the agent's turns: `script` (the recorded turns, in order) or `none`. */
export type UserKind = 'script' | 'none'

/**
 * The user of one trial. A scripted user's turns cross the tap like any other call, so that they are served, logged
 * and counted there; when the recording has none left, the user has nothing more to say.
 */
export function userOf(kind: UserKind, recording: Recording | undefined): User {
  if (kind === 'none') return { next: () => Promise.resolve(undefined) }
  let left =
    recording?.calls.filter((call) => call.kind === 'human' && call.request.name === 'user').length ?? 0
  return {
    async next(said) {
      if (left === 0) return undefined
      left--
      const reply = await cross('human', {
        name: 'user',
        ...(said === undefined ? {} : { question: textOf(said) }),
      })
      // A copy: what the agent does to it must not reach the recording.
      return copyJson(reply.message)
    },
  }
}
