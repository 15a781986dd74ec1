import { tracingChannel } from 'node:diagnostics_channel'
import { sameJson } from '../lib/json.ts'
import { thrownAs } from '../lib/thrown.ts'
import type { ToolReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { type Watch, wireAt } from '../tap/sent.ts'
import { contextTap, currentTap, type Tap, tapStorage, withTap } from '../tap/tap.ts'
import { type Fields, isFields, messagesIn, replyIn, requestIn, jsonIn } from './ai-messages.ts'

/**
 * Records what the Vercel AI SDK 7 tells on its tracing channel `ai:telemetry`, with the tap in force where it
 * happens: `generateText` and `streamText` are `agent` spans, what their tools do are `tool` spans, and everything
 * made inside (a model's HTTP call, a tool's own call) has them as its parent. A model call is an `llm` span of its
 * own only where no tap met it as one over HTTP: then it is what the SDK says of it. A tool that is met by the tap
 * itself, with the same arguments, is recorded once: with what that call gave, since this is what a replay serves.
 *
 * `recordInputs: false` and `recordOutputs: false` are obeyed, also for the bytes of the calls inside;
 * `isEnabled: false` silences the channel, so that only HTTP is seen. In a replay nothing is done.
 *
 * `now` gives milliseconds since the epoch. Returns what undoes it. Once for a process, as `tapHttp`.
 */
export function watchAiTelemetry({ now }: { readonly now: () => number }): () => void {
  const place = globalThis as { [key]?: true }
  if (place[key] === true) return () => undefined
  place[key] = true
  const channel = tracingChannel<Tap, Message>('ai:telemetry')
  const storage = tapStorage()
  const open = new WeakMap<object, Opened>()

  // What is thrown in here would end the process: diagnostics_channel makes an uncaught exception of it.
  const begin = (message: unknown): Tap => {
    const here = contextTap()
    try {
      const tap = currentTap()
      if (tap === undefined || tap.closed === true || !isFields(message)) return here as Tap
      const opened = openedBy(message, tap, now)
      if (opened === undefined) return here as Tap
      open.set(message, opened)
      return opened.inside
    } catch {
      // With no tap there was none, and there is none: the store may be empty, whatever its type says.
      return here as Tap
    }
  }
  const finish = (message: unknown): void => {
    if (!isFields(message)) return
    const opened = open.get(message)
    open.delete(message)
    try {
      opened?.close(message)
    } catch {
      return
    }
  }

  channel.start.bindStore(storage, begin)
  channel.asyncEnd.subscribe(finish)
  return () => {
    delete place[key]
    channel.start.unbindStore(storage)
    channel.asyncEnd.unsubscribe(finish)
  }
}

const key = Symbol.for('evalkit.ai-telemetry.1')

/** What the SDK puts on the channel: one object from start to end, which gets a `result` or an `error`. */
type Message = Fields

interface Opened {
  /** The tap for what happens inside. */
  readonly inside: Tap
  close(message: Message): void
}

function openedBy({ type, event }: Message, tap: Tap, now: () => number): Opened | undefined {
  if (!isFields(event)) return undefined
  switch (type) {
    case 'generateText':
    case 'streamText':
      return agent(type, event, tap)
    case 'executeTool':
      return isFields(event.toolCall) ? tool(event.toolCall, event, tap) : undefined
    case 'languageModelCall':
      return modelCall(event, tap, now())
    default:
      return undefined
  }
}

function agent(type: string, event: Fields, tap: Tap): Opened {
  const { functionId, callId, provider, modelId, messages, prompt } = event
  const input = event.recordInputs === false ? undefined : jsonIn(inputOf(messages, prompt))
  const attributes = jsonIn({
    'ai.operation': type,
    'ai.call_id': callId,
    'ai.provider': provider,
    'ai.model': modelId,
  })
  const part = {
    kind: 'agent',
    name: typeof functionId === 'string' && functionId !== '' ? functionId : type,
    attributes: attributes as { readonly [key: string]: Json },
    ...(input === undefined ? {} : { input }),
  } as const
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  let inside = tap
  void tap
    .within(part, () => {
      inside = contextTap() ?? tap
      return promise
    })
    .catch(() => undefined)
  return {
    inside,
    close(message) {
      if ('error' in message) reject(message.error)
      else resolve(textIn(message.result))
    },
  }
}

function inputOf(messages: unknown, prompt: unknown): unknown {
  if (typeof prompt === 'string') return prompt
  const said = messagesIn(Array.isArray(prompt) ? prompt : messages)
  const [only] = said
  const [part] = only?.parts ?? []
  // One question, as a person would write it.
  if (said.length === 1 && only?.parts.length === 1 && part?.type === 'text') return part.content
  return said.length === 0 ? undefined : said
}

/** The final answer; `undefined` of a stream, whose result is not told. */
function textIn(result: unknown): string | undefined {
  return isFields(result) && typeof result.text === 'string' ? result.text : undefined
}

function tool(call: Fields, event: Fields, tap: Tap): Opened | undefined {
  const { toolName: name, toolCallId: id } = call
  if (typeof name !== 'string') return undefined
  const given = event.recordInputs === false ? null : (jsonIn(call.input) ?? null)
  const { promise, resolve } = Promise.withResolvers<ToolReply>()
  let inside = tap
  const live = (): Promise<ToolReply> => {
    inside = contextTap() ?? tap
    return promise
  }
  const request = { name, arguments: given, ...(typeof id === 'string' ? { id } : {}) }
  void tap.handle('tool', request, { live }).catch(() => undefined)
  let met: ToolReply | undefined
  const within: Tap = {
    ...inside,
    async handle(kind, asked, crossing) {
      const same = kind === 'tool' && 'arguments' in asked && asked.name === name
      if (!same || crossing.live === undefined || !sameJson(asked.arguments, given)) {
        return inside.handle(kind, asked, crossing)
      }
      const reply = await withTap(inside, crossing.live)
      met = reply as ToolReply
      return reply
    },
  }
  return {
    inside: within,
    close(message) {
      const hidden = event.recordOutputs === false || event.recordInputs === false
      resolve(hidden ? hiddenReply(message) : (met ?? toolReplyIn(message)))
    },
  }
}

function toolReplyIn({ result, error }: Message): ToolReply {
  const output = isFields(result) && isFields(result.output) ? result.output : undefined
  if (output?.type === 'tool-result') return { response: jsonIn(output.output) ?? null, isError: false }
  const thrown = output?.type === 'tool-error' ? output.error : error
  return { response: { thrown: thrownAs(thrown) }, isError: true }
}

function hiddenReply(message: Message): ToolReply {
  return { response: null, isError: 'error' in message }
}

function modelCall(event: Fields, tap: Tap, startedAt: number): Opened {
  const hidden = event.recordInputs === false || event.recordOutputs === false
  let met = false
  const inside: Tap = {
    ...tap,
    meet(sent) {
      if (hidden) return { watch: blind }
      met ||= sent.method === 'POST' && wireAt(sent.url) !== undefined
      return tap.meet(sent)
    },
  }
  return {
    inside,
    close({ result, error }) {
      if (met) return
      // Of a stream nobody tells what it brought: a call without a reply says so.
      const live = async (): Promise<NonNullable<ReturnType<typeof replyIn>>> => {
        if (error !== undefined) throw error
        return replyIn(result) ?? Promise.withResolvers<never>().promise
      }
      void tap.handle('llm', requestIn(event), { live, startedAt }).catch(() => undefined)
    },
  }
}

/** Sees nothing: the agent said that this is not to be recorded. */
const blind: Watch = {
  head: () => undefined,
  chunk: () => undefined,
  end: () => undefined,
  fail: () => undefined,
}
