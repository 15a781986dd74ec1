import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { contentHash } from '../../lib/hash.ts'
import { sameJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
import type { LlmRequest } from '../../schema/call.ts'
import { type DeepReadonly, type Json, jsonObject } from '../../schema/json.ts'
import {
  answerIn,
  type Message,
  message,
  part,
  textMessage,
  textOf,
  type ToolCallPart,
  toolCallsOf,
} from '../../schema/message.ts'
import { recordFrom } from '../../schema/read.ts'
import { messageFrom } from '../../schema/recording.ts'
import { toolDefinition } from '../../schema/tool.ts'
import { type Dialogue, dialogue } from '../../schema/trace.ts'
import { cross, currentTap } from '../../tap/tap.ts'
import { type WireName, wires } from '../../tap/wire/index.ts'
import { type Conduct, conductOf, type Wait } from '../conduct.ts'
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
    lastWords: true,
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
      const own = defined({ model, system, tools, parameters })
      const fixed = { ...context.recordedSettings, ...own }
      const conduct = context.conduct?.() ?? conductOf({ calls: [] })
      const limits = [settings.maxTurns, recorded.maxTurns].filter((limit) => limit !== undefined)
      const maxTurns = limits.length === 0 ? defaultMaxTurns : Math.min(...limits)
      const opened = await open(input, rules, context, conduct)
      const talk = { fixed, own, rules, maxTurns, api: settings.api, context, conduct }
      const said = await converse(opened, talk)
      return said === undefined ? undefined : textOf(said)
    },
  })
}

interface Conversation {
  readonly fixed: Omit<LlmRequest, 'messages'>
  /** What of that is set, and so never changes. */
  readonly own: Omit<LlmRequest, 'messages'>
  readonly rules: Dialogue
  readonly maxTurns: number
  readonly api: WireName
  readonly context: PlayContext
  readonly conduct: Conduct
}

/** The messages before the model is asked first: the case's own, else what the user opens with. */
async function open(
  input: Json,
  rules: Dialogue,
  { case: given, user }: PlayContext,
  conduct: Conduct,
): Promise<Message[]> {
  const { messages = [] } = given
  const { waits, turns = 1, withInput } = conduct.opening()
  await waitFor(waits, rules.opening.at(-1))
  const opened = [...rules.opening, ...messages]
  if (messages.length > 0 || !rules.user) return opened
  if (withInput) opened.push(asSaid(input, conduct))
  for (let turn = withInput ? 1 : 0; turn < Math.max(1, turns); turn++) {
    const next = await user.next(opened.at(-1))
    if (next === undefined) break
    opened.push(next)
  }
  if (opened.length === rules.opening.length && given.input !== undefined) opened.push(asSaid(input, conduct))
  return opened
}

function asSaid(input: Json, conduct: Conduct): Message {
  return textMessage(
    'user',
    typeof input === 'string' ? input : (conduct.textOf(input) ?? JSON.stringify(input)),
  )
}

async function converse(
  messages: Message[],
  { fixed, own, rules, maxTurns, api, context, conduct }: Conversation,
): Promise<Message | undefined> {
  const wire = wires[api]
  let said: Message | undefined
  let settings = fixed
  for (let turn = 0; ; turn++) {
    if (stopsAt(messages.at(-1), rules)) return said
    if (turn >= maxTurns) throw new LimitReached(`${maxTurns} model turns and no end`)
    context.signal.throwIfAborted()
    const reply = await cross('llm', { ...settings, messages: [...messages] }, { wire })
    said = reply.message
    messages.push(said)
    const calls = toolCallsOf(said)
    for (const call of calls) {
      messages.push(await use(call, said, conduct))
      if (rules.stopTools.includes(call.name)) return said
    }
    const between = conduct.after(calls.map(({ name }) => name))
    await waitFor(between.waits, said)
    if (between.settings !== undefined) settings = { ...between.settings, ...own }
    if (calls.length === 0 && !rules.user) return said
    const turns = between.turns ?? (calls.length > 0 ? 0 : 1)
    for (let taken = 0; rules.user && taken < turns; taken++) {
      const answer = await context.user.next(said)
      if (answer === undefined) return said
      messages.push(answer)
    }
  }
}

/** Runs a tool as the recorded agent would have, and shows its result as that did. */
async function use(call: ToolCallPart, said: Message, conduct: Conduct): Promise<Message> {
  const { id, name, arguments: written, malformed } = call
  await waitFor(conduct.beforeTool(name), said)
  const given = conduct.argumentsOf(name, written)
  const request =
    given === undefined || sameJson(given, written)
      ? { name, arguments: written, id, ...defined({ malformed }) }
      : { name, arguments: given, id }
  const result = await cross('tool', request)
  const { response, isError } = result
  const shown = conduct.shown(name, { response, ...(isError ? { isError } : {}) })
  const reply = shown === undefined ? result : { response: shown.response, isError: shown.isError === true }
  return messageFrom({ kind: 'tool', request, reply })
}

/**
 * People whom the recorded agent waited for here. What they said is not for the model; what the agent made of it is in its
 * own code, so nobody knows what it would make of another answer: that ends the trial.
 */
async function waitFor(waits: readonly Wait[], said: Message | undefined): Promise<void> {
  for (const { name, answer, isAsked } of waits) {
    const question = said === undefined || !isAsked ? '' : textOf(said)
    const { message: reply } = await cross('human', { name, ...(question === '' ? {} : { question }) })
    if (!sameJson(answerIn(reply), answer)) {
      const what = `"${oneLine(name, 80)}" is answered otherwise, and what the agent does then is in its own code, not in the loop`
      currentTap()?.pass(what)
    }
  }
}

function stopsAt(last: Message | undefined, { stopTexts }: Dialogue): boolean {
  if (last?.role !== 'user') return false
  const text = textOf(last)
  return stopTexts.some((stop) => text.includes(stop))
}
