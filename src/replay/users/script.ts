import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { copyJson } from '../../lib/json.ts'
import { type Call, type CallOf, userName } from '../../schema/call.ts'
import type { Case } from '../../schema/case.ts'
import type { DeepReadonly } from '../../schema/json.ts'
import { type Message, textMessage, textOf } from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import type { Recording } from '../../schema/recording.ts'
import { cross } from '../../tap/tap.ts'
import type { User } from '../target.ts'
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
    tape: (recording, given) => (recording.calls.some(isSimulated) ? scripted(recording, given) : recording),
    join: ({ recording }) => speaker(recording),
  })
}

function speaker(recording: Recording | undefined): User {
  let left = recording?.calls.filter(isTurn).length ?? 0
  return {
    async next(said) {
      if (left === 0) return undefined
      left--
      const question = said === undefined ? {} : { question: textOf(said) }
      const reply = await cross('human', { name: userName, ...question })
      // A copy: what the agent does to it must not reach the recording.
      return copyJson(reply.message)
    },
  }
}

function isTurn(call: Call): call is CallOf<'human'> {
  return call.kind === 'human' && call.request.name === userName
}

function isSimulated(call: Call): call is CallOf<'llm'> {
  return call.kind === 'llm' && call.by === 'user'
}

/** The talk with a simulated user, as if a person had said what was said. */
function scripted(recording: Recording, given: Case): Recording {
  const { calls, dialogue } = recording
  const said = calls.flatMap((call) => {
    if (!isSimulated(call)) return [call]
    // Its last word was never said to the agent.
    return hangsUp(call, dialogue?.stopTexts) ? [] : [asTurn(call, call.reply.message)]
  })
  return { ...recording, calls: [...openingOf(calls, given), ...said] }
}

function asTurn({ startedAt, durationMs }: Pick<Call, 'startedAt' | 'durationMs'>, said: Message): Call {
  const reply = { message: textMessage('user', textOf(said)) }
  return { kind: 'human', request: { name: userName }, reply, ...defined({ startedAt, durationMs }) }
}

/** What a simulated user opened with by itself, before its model was asked: it stands in what its model was told. */
function openingOf(calls: readonly Call[], { messages = [] }: Case): readonly Call[] {
  if (messages.length > 0) return []
  const said = calls.find(isSimulated)?.request.messages.find(({ role }) => role === 'assistant')
  return said === undefined ? [] : [asTurn({}, said)]
}

function hangsUp({ reply }: CallOf<'llm'>, stopTexts: readonly string[] = []): boolean {
  const text = textOf(reply.message)
  return stopTexts.some((stop) => text.includes(stop))
}
