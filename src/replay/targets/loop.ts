import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { contentHash } from '../../lib/hash.ts'
import type { LlmRequest } from '../../schema/call.ts'
import { type DeepReadonly, jsonObject } from '../../schema/json.ts'
import { type Message, message, part, textMessage, textOf, toolCallsOf } from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import { messageFrom } from '../../schema/recording.ts'
import { toolDefinition } from '../../schema/tool.ts'
import { type Dialogue, dialogue } from '../../schema/trace.ts'
import { cross } from '../../tap/tap.ts'
import { type WireName, wires } from '../../tap/wire/index.ts'
import { asTarget, LimitReached, type PlayContext, type Target } from '../target.ts'

/** What the built-in loop is told: a system prompt, tools, and when to stop. */
export const loopSettings = z.strictObject({
  /** The provider format requests have on the wire. */
  api: z.enum(Object.keys(wires) as [WireName, ...WireName[]]).default('openai-chat'),
  model: z.string().optional(),
  /** The system prompt. Left out, the recording's own is used, and the prompt is not under test. */
  system: z.union([z.string(), z.array(part)]).optional(),
  tools: z.array(toolDefinition).optional(),
  parameters: jsonObject.optional(),
  /**
   * Model turns before the agent is cut off: a limit, so the outcome is `failed`. Left out, the recorded run's own
   * limit holds, or 50; given, the lower of the two.
   */
  maxTurns: z.number().int().positive().optional(),
  opening: z.array(message).optional(),
  stopTexts: z.array(z.string()).optional(),
  stopTools: z.array(z.string()).optional(),
})
const defaultMaxTurns = 50
export type LoopSettings = DeepReadonly<z.input<typeof loopSettings>>

/**
 * The built-in agent: ask the model, run the tools it asks for, let the user answer, until somebody stops. The
 * loop's code is live; models, tools and people are met at the tap. What the settings leave open (how the
 * conversation opens and ends) is taken from the recording. Throws `EVK_EVAL_INVALID` on wrong settings.
 */
export function loop(input: LoopSettings = {}): Target {
  const settings = recordFrom(loopSettings, input, {}, 'loop', 'EVK_EVAL_INVALID')
  const system =
    typeof settings.system === 'string'
      ? [{ type: 'text', content: settings.system } as const]
      : settings.system
  return asTarget({
    kind: 'loop',
    name: `loop (${settings.api})`,
    versions: {
      ...(system === undefined ? {} : { prompt: contentHash(system) }),
      ...(settings.model === undefined ? {} : { model: settings.model }),
      ...(settings.tools === undefined ? {} : { tools: contentHash(settings.tools) }),
    },
    async play(input, context) {
      const { model, tools, parameters, opening, stopTexts, stopTools } = settings
      const recorded = context.dialogue ?? dialogue.parse({})
      const rules = { ...recorded, ...defined({ opening, stopTexts, stopTools }) }
      const fixed = { ...context.recordedSettings, ...defined({ model, system, tools, parameters }) }
      const limits = [settings.maxTurns, recorded.maxTurns].filter((limit) => limit !== undefined)
      const maxTurns = limits.length === 0 ? defaultMaxTurns : Math.min(...limits)
      const opened = await open(input, rules, context)
      const said = await converse(opened, { fixed, rules, maxTurns, api: settings.api, context })
      return said === undefined ? undefined : textOf(said)
    },
  })
}

interface Conversation {
  readonly fixed: Omit<LlmRequest, 'messages'>
  readonly rules: Dialogue
  readonly maxTurns: number
  readonly api: WireName
  readonly context: PlayContext
}

/** The messages before the model is asked first: the case's own, else what the user opens with. */
async function open(input: unknown, rules: Dialogue, { case: given, user }: PlayContext): Promise<Message[]> {
  const { messages = [] } = given
  if (messages.length > 0) return [...rules.opening, ...messages]
  if (!rules.user) return [...rules.opening]
  const first = await user.next(rules.opening.at(-1))
  if (first !== undefined) return [...rules.opening, first]
  if (given.input === undefined) return [...rules.opening]
  const text = typeof input === 'string' ? input : JSON.stringify(input)
  return [...rules.opening, textMessage('user', text)]
}

async function converse(
  messages: Message[],
  { fixed, rules, maxTurns, api, context }: Conversation,
): Promise<Message | undefined> {
  const wire = wires[api]
  let said: Message | undefined
  for (let turn = 0; ; turn++) {
    if (stopsAt(messages.at(-1), rules)) return said
    if (turn >= maxTurns) throw new LimitReached(`${maxTurns} model turns and no end`)
    context.signal.throwIfAborted()
    const reply = await cross('llm', { ...fixed, messages: [...messages] }, { wire })
    said = reply.message
    messages.push(said)
    const calls = toolCallsOf(said)
    for (const { id, name, arguments: given, malformed } of calls) {
      const request = { name, arguments: given, id, ...defined({ malformed }) }
      const result = await cross('tool', request)
      messages.push(messageFrom({ kind: 'tool', request, reply: result }))
      if (rules.stopTools.includes(name)) return said
    }
    if (calls.length > 0) continue
    const answer = rules.user ? await context.user.next(said) : undefined
    if (answer === undefined) return said
    messages.push(answer)
  }
}

function stopsAt(last: Message | undefined, { stopTexts }: Dialogue): boolean {
  if (last?.role !== 'user') return false
  const text = textOf(last)
  return stopTexts.some((stop) => text.includes(stop))
}
