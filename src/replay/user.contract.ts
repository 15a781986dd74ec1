import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../lib/json.ts'
import { type Message, textMessage, textOf } from '../schema/message.ts'
import { type Recording, recordingOf } from '../schema/recording.ts'
import { trace as traceSchema } from '../schema/trace.ts'
import type { PlayContext } from './target.ts'
import { playing } from './testing/trials.ts'
import { isUser, type UserKind } from './user.ts'

/** A member of the seam: how to make the user, a recording of a talk with them, and what they said in it. */
export interface UserMember {
  readonly make: () => UserKind
  readonly recording: Recording
  readonly turns: readonly string[]
}

/** An agent that listens until the user is silent, says what it heard, and asks twice more. */
export async function listener(_: unknown, { user }: Pick<PlayContext, 'user'>): Promise<string[]> {
  const turns: string[] = []
  let silent = 0
  let said: Message | undefined
  while (silent < 3) {
    const turn = await user.next(said)
    if (turn === undefined) silent++
    else turns.push(textOf(turn))
    said = textMessage('assistant', `Noted: ${turns.length}.`)
  }
  return turns
}

/**
 * What every user keeps to: they meet models and recorded people at the tap only, so that a talk is the same each time;
 * who has hung up stays silent; what an agent does to a turn stays the agent's.
 *
 * ```ts
 * describeUser('script', { make: () => script(), recording, turns: ['Hi.', 'Bye.'] })
 * ```
 */
export function describeUser(name: string, { make, recording, turns }: UserMember): void {
  describe(`${name}, as a user`, () => {
    it('says what it is, the same each time', () => {
      const user = make()
      expect(isUser(user)).toBe(true)
      expect([user.kind, user.description]).not.toContain('')
      expect(canonicalJson(make().identity ?? null)).toBe(canonicalJson(user.identity ?? null))
    })

    it('says its turns in order, from the tape, and stays silent after', async () => {
      const outcome = await playing(listener, recording, { user: make() })
      expect(outcome).toMatchObject({ status: 'completed', output: turns, divergences: [] })
      const steps = recording.calls.length
      expect(outcome.fidelity).toEqual({ share: 1, steps, counts: steps === 0 ? {} : { exact: steps } })
    })

    it('leaves a valid trace, the same each time, that can itself be replayed', async () => {
      const [one, two] = [
        await playing(listener, recording, { user: make() }),
        await playing(listener, recording, { user: make(), now: () => 7 }),
      ]
      expect(traceSchema.parse(one.trace)).toEqual(one.trace)
      expect(canonicalJson(two.trace)).toBe(canonicalJson(one.trace))
      const again = await playing(listener, recordingOf(one.trace), { user: make() })
      expect(again).toMatchObject({ status: 'completed', output: turns, divergences: [] })
      expect(again.fidelity).toEqual(one.fidelity)
    })

    it('gives copies: what an agent does to a turn reaches nobody', async () => {
      const vandal = async (input: unknown, context: PlayContext): Promise<string[]> => {
        const user = {
          async next(said: Message | undefined) {
            const turn = await context.user.next(said)
            const kept = structuredClone(turn)
            for (const part of turn?.parts ?? []) Object.assign(part, { content: 'vandalised' })
            return kept
          },
        }
        return listener(input, { user })
      }
      for (let round = 0; round < 2; round++) {
        expect(await playing(vandal, recording, { user: make() })).toMatchObject({
          output: turns,
          divergences: [],
        })
      }
    })

    it('talks in many trials at once without mixing them', async () => {
      const user = make()
      const all = await Promise.all(Array.from({ length: 20 }, () => playing(listener, recording, { user })))
      for (const outcome of all) expect(outcome).toMatchObject({ output: turns, divergences: [] })
    })
  })
}
