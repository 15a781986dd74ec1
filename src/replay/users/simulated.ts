import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import type { Case } from '../../schema/case.ts'
import { type DeepReadonly, jsonObject } from '../../schema/json.ts'
import { type Message, textMessage, textOf } from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import { cross } from '../../tap/tap.ts'
import { type WireName, wires } from '../../tap/wire/index.ts'
import type { User } from '../target.ts'
import { asUser, type UserKind, type UserTrial } from '../user.ts'
import { goalIn, heard, rolePrompt, saidBefore } from './simulated-prompt.ts'

export const simulatedSettings = z.strictObject({
  /** Who the user is. A case may say otherwise: `user.persona`. */
  persona: z.string().min(1),
  /** What the user wants. Left out, it is the input of the case; `user.goal` of a case comes before both. */
  goal: z.string().min(1).optional(),
  /** How the user goes about it: what they hold back, when they lose patience. */
  instructions: z.string().min(1).optional(),
  /** What the model writes to hang up. The agent never sees the turn that holds it. */
  stop: z.string().min(1).max(200).default('###STOP###'),
  /** The model that plays the user. */
  model: z.string().min(1),
  /** The provider format its requests have on the wire. */
  api: z.enum(Object.keys(wires) as [WireName, ...WireName[]]).default('openai-chat'),
  /** Temperature and the like, under the provider's own names. */
  parameters: jsonObject.optional(),
  /** Turns of the user before they hang up, the opening among them. */
  maxTurns: z.number().int().positive().default(20),
  /** What the user opens with, word for word; no model is asked for it. A case may say otherwise: `user.opening`. */
  opening: z.string().min(1).optional(),
})
export type SimulatedSettings = DeepReadonly<z.input<typeof simulatedSettings>>
type Settings = z.output<typeof simulatedSettings>

/**
 * A user that a model plays, by persona, goal and a rule when to stop. Its model is asked at the tap, as the user's own
 * call: taped and played again like any other, and no step, token or cost of the agent. A model that says nothing at all
 * ends the trial unscored (`EVK_USER_SILENT`). Throws `EVK_EVAL_INVALID` on wrong settings.
 *
 * @example
 * user: simulated({ persona: 'Impatient, writes short sentences.', model: 'gpt-4o-mini', maxTurns: 8 })
 */
export function simulated(input: SimulatedSettings): UserKind {
  const settings = recordFrom(simulatedSettings, input, {}, 'simulated user', 'EVK_EVAL_INVALID')
  const { persona, instructions, stop } = settings
  return asUser({
    kind: 'simulated',
    description: 'A model plays the user, by persona, goal and a rule when to stop; its calls are taped.',
    // Our own words are a part of what it is told.
    identity: {
      kind: 'simulated',
      ...defined(settings),
      prompt: rolePrompt({ persona, instructions, stop, goal: settings.goal ?? '' }),
    },
    stopTexts: [stop],
    join: (trial) => player(settings, trial),
  })
}

function player(settings: Settings, { case: given, fail }: UserTrial): User {
  const { model, api, parameters, stop, maxTurns } = settings
  const opening = given.user?.opening ?? settings.opening
  const fixed = {
    model,
    system: [{ type: 'text', content: promptFor(settings, given) }] as const,
    ...defined({ parameters }),
  }
  /** The conversation from the user's side: the roles are swapped. */
  const conversation: Message[] = saidBefore(given)
  let turns = 0
  let hungUp = false
  return {
    async next(said) {
      if (hungUp || turns >= maxTurns) return undefined
      turns++
      const opens = conversation.length === 0 && opening !== undefined
      conversation.push(heard(said === undefined ? undefined : textOf(said)))
      if (opens) {
        conversation.push(textMessage('assistant', opening))
        return textMessage('user', opening)
      }
      const reply = await cross(
        'llm',
        { ...fixed, messages: [...conversation] },
        { wire: wires[api], by: 'user' },
      )
      const text = textOf(reply.message)
      if (text.trim() === '') fail('the model that plays the user said nothing', 'EVK_USER_SILENT')
      hungUp = text.includes(stop)
      if (hungUp) return undefined
      conversation.push(reply.message)
      return textMessage('user', text)
    },
  }
}

function promptFor({ persona, goal, instructions, stop }: Settings, given: Case): string {
  const { user = {} } = given
  return rolePrompt({
    persona: user.persona ?? persona,
    goal: user.goal ?? goal ?? goalIn(given),
    instructions,
    stop,
  })
}
