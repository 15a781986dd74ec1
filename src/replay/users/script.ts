import * as z from 'zod'
import { copyJson } from '../../lib/json.ts'
import { type Call, type CallOf, userName } from '../../schema/call.ts'
import type { Case } from '../../schema/case.ts'
import type { DeepReadonly } from '../../schema/json.ts'
import { type Message, textMessage, textOf } from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import type { Recording } from '../../schema/recording.ts'
import { cross } from '../../tap/tap.ts'
import { asUser, type UserKind } from '../user.ts'

export const scriptSettings = z.strictObject({
  /**
   * What happens where a live model asks something else than the recorded one did: `stop` ends the trial unscored;
   * `answer` gives the next recorded turn all the same, and everything from there on is off the tape.
   */
  whenAskedAnew: z.enum(['stop', 'answer']).default('stop'),
})
export type ScriptSettings = DeepReadonly<z.input<typeof scriptSettings>>

/**
 * The recorded user: their turns, in order, until there are none left. Where a simulated user was recorded, what it said
 * is the script. Throws `EVK_EVAL_INVALID` on wrong settings.
 */
export function script(settings: ScriptSettings = {}): UserKind {
  const { whenAskedAnew } = recordFrom(scriptSettings, settings, {}, 'scripted user', 'EVK_EVAL_INVALID')
  return asUser({
    kind: 'script',
    description: 'The recorded turns, in order; off the tape once the agent asks something else.',
    ...(whenAskedAnew === 'stop' ? {} : { answersAnew: true, identity: { kind: 'script', whenAskedAnew } }),
    tape: (recording) => {
      return recording.calls.some(isSimulated)
        ? { ...recording, calls: recording.calls.map((call) => (isSimulated(call) ? asTurn(call) : call)) }
        : recording
    },
    join: ({ recording, case: given }) => speaker(recording, given),
  })
}

function speaker(recording: Recording | undefined, given: Case): ReturnType<UserKind['join']> {
  const turns = recording?.calls.filter((call) => isTurn(call) || isSimulated(call)) ?? []
  const opening = openingOf(turns, given)
  let spoken = 0
  let opened = opening === undefined
  return {
    async next(said) {
      if (!opened) {
        opened = true
        return opening
      }
      const turn = turns[spoken]
      if (turn === undefined) return undefined
      spoken++
      const question = said === undefined ? {} : { question: textOf(said) }
      const { message } = await cross('human', { name: userName, ...question })
      // A simulated user's last word was never said to the agent.
      const isLast = isSimulated(turn) && hangsUp(message, recording?.dialogue?.stopTexts)
      // A copy: what the agent does to it must not reach the recording.
      return isLast ? undefined : copyJson(message)
    },
  }
}

function isTurn(call: Call): call is CallOf<'human'> {
  return call.kind === 'human' && call.request.name === userName
}

function isSimulated(call: Call): call is CallOf<'llm'> {
  return call.kind === 'llm' && call.by === 'user'
}

/** What a simulated user said, as if a person had. */
function asTurn({ reply, startedAt, durationMs }: CallOf<'llm'>): CallOf<'human'> {
  return {
    kind: 'human',
    request: { name: userName },
    reply: { message: textMessage('user', textOf(reply.message)) },
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(durationMs === undefined ? {} : { durationMs }),
  }
}

/** What a simulated user opened with by itself, before its model was asked: it stands in what its model was told. */
function openingOf(turns: readonly Call[], { messages = [] }: Case): Message | undefined {
  const [first] = turns
  if (first === undefined || !isSimulated(first) || messages.length > 0) return undefined
  const said = first.request.messages.find(({ role }) => role === 'assistant')
  return said === undefined ? undefined : textMessage('user', textOf(said))
}

function hangsUp(message: Message, stopTexts: readonly string[] = []): boolean {
  const text = textOf(message)
  return stopTexts.some((stop) => text.includes(stop))
}
