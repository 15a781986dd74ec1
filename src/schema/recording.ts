import { defined } from '../lib/defined.ts'
import { sameJson } from '../lib/json.ts'
import type { Call, CallOf, LlmReply } from './call.ts'
import { EvalkitError } from './errors.ts'
import type { PackedCall, PackedMessage, PackedRecording } from './fixture.ts'
import type { Json } from './json.ts'
import { type Message, toolMessage } from './message.ts'
import type { Score } from './score.ts'
import type { Dialogue, Span, Trace, Versions } from './trace.ts'

/** A recorded run as replay needs it: every call whole, in order. What a fixture holds packed. */
export interface Recording {
  readonly trace: string
  readonly trial: number
  readonly ended?: string
  readonly versions: Versions
  readonly dialogue?: Dialogue
  readonly scores: readonly Score[]
  readonly output?: Json
  readonly calls: readonly Call[]
}

/**
 * The recording in a trace: its model, tool, human and other calls in order of start. Calls that never got a reply,
 * and tools that the user's side used itself, are nothing an agent can be answered with, and are left out; so are
 * calls that a tool made to do its work, for in replay it does none. What a simulated user asked its model is kept:
 * that is played again.
 */
export function recordingOf(trace: Trace): Recording {
  const inside = insideOf(trace.spans)
  return {
    trace: trace.id,
    trial: trace.trial ?? 0,
    ...(trace.ended === undefined ? {} : { ended: trace.ended }),
    versions: trace.versions,
    ...(trace.dialogue === undefined ? {} : { dialogue: trace.dialogue }),
    scores: trace.scores,
    ...(trace.output === undefined ? {} : { output: trace.output }),
    calls: trace.spans.flatMap((span) => (inside.has(span.id) ? [] : callOf(span))),
  }
}

/**
 * Packs a recording for a fixture: each model request says only what is new since an earlier one, and what a tool
 * or a person brought back is written once. `unpackRecording` gives the same recording back.
 */
export function packRecording(recording: Recording): PackedRecording {
  const { calls, ...rest } = recording
  const packed: PackedCall[] = []
  const llmSteps: number[] = []
  calls.forEach((call, index) => {
    const step = index + 1
    packed.push(packCall(call, step, calls, llmSteps))
    if (call.kind === 'llm') llmSteps.push(step)
  })
  return { ...rest, calls: packed }
}

/** The recording a fixture holds. Throws `EVK_FIXTURE_CORRUPT` where a call refers to one that is not before it. */
export function unpackRecording(packed: PackedRecording): Recording {
  const { calls, ...rest } = packed
  const whole: Call[] = []
  for (const call of calls) {
    if (call.step !== whole.length + 1)
      throw corrupt(packed, call.step, `step ${whole.length + 1} is missing`)
    whole.push(unpackCall(call, whole, packed))
  }
  return { ...rest, calls: whole }
}

/** The message that a tool's or a person's reply becomes in the next model request. */
export function messageFrom(call: CallOf<'tool'> | CallOf<'human'>): Message {
  if (call.kind === 'human') return call.reply.message
  return toolMessage(call.request.id ?? '', call.request.name, call.reply.response, call.reply.isError)
}

/** Spans that happened inside of an answered call. */
function insideOf(spans: readonly Span[]): ReadonlySet<string> {
  const inside = new Set<string>()
  const calls = new Set<string>()
  // Parents start before what happens in them.
  for (const span of spans) {
    const { parent } = span
    if (parent !== null && (calls.has(parent) || inside.has(parent))) inside.add(span.id)
    if (callOf(span).length > 0) calls.add(span.id)
  }
  return inside
}

function callOf(span: Span): Call[] {
  const timing = {
    ...(span.startedAt === undefined ? {} : { startedAt: span.startedAt }),
    ...(span.durationMs === undefined ? {} : { durationMs: span.durationMs }),
  }
  if (span.attributes?.requestor === 'user') return []
  const tries = 'attempts' in span ? defined({ attempts: span.attempts }) : {}
  if (span.kind === 'llm') {
    // A call that failed for good was answered too: with its last error.
    const reply = span.reply ?? (span.attempts === undefined ? undefined : noReply)
    if (reply === undefined) return []
    return [{ kind: 'llm', ...defined({ by: span.by }), request: span.request, reply, ...tries, ...timing }]
  }
  if (span.kind === 'tool' && span.reply !== undefined) {
    const served = isDoubtful(span.served) ? span.served : undefined
    return [{ kind: 'tool', request: span.request, reply: span.reply, ...defined({ served }), ...timing }]
  }
  if (span.kind === 'human' && span.reply !== undefined) {
    return [{ kind: 'human', request: span.request, reply: span.reply, ...timing }]
  }
  if (span.kind === 'custom' && span.request !== undefined && span.attempts !== undefined) {
    return [{ kind: 'custom', request: span.request, reply: span.reply ?? {}, ...tries, ...timing }]
  }
  return []
}

/** What a replay was not sure of does not become sure by being recorded. */
function isDoubtful(served: Span['served']): boolean {
  return served === 'stale-state' || served === 'pooled' || served === 'simulated'
}

/** What a model call brought that only failed: nothing was said. */
const noReply: LlmReply = { message: { role: 'assistant', parts: [] }, finishReason: 'error' }

function packCall(call: Call, step: number, calls: readonly Call[], llmSteps: readonly number[]): PackedCall {
  const { kind, request, reply, ...timing } = call
  switch (kind) {
    case 'custom':
      return { step, kind, request, reply, ...timing }
    case 'tool':
      return { step, kind, request, reply, ...timing }
    case 'human': {
      const { name, question } = request
      return {
        step,
        kind,
        name,
        ...(question === undefined ? {} : { question }),
        reply: reply.message,
        ...timing,
      }
    }
    case 'llm': {
      const { messages, ...settings } = request
      const after = llmSteps.findLast((earlier) => continues(request, calls[earlier - 1]))
      const base = after === undefined ? undefined : llmCall(calls[after - 1])
      const fresh = base === undefined ? messages : messages.slice(base.request.messages.length + 1)
      const changed = Object.fromEntries(
        Object.entries(settings).filter(
          ([key, value]) => !sameJson(base?.request[key as keyof typeof settings], value),
        ),
      )
      return {
        step,
        kind,
        ...(after === undefined ? {} : { after }),
        add: packMessages(fresh, calls.slice(0, step - 1), after ?? 0),
        ...changed,
        reply,
        ...timing,
      }
    }
  }
}

/** Whether a request is an earlier call's request, its reply, and more; with every setting said or unchanged. */
function continues(request: CallOf<'llm'>['request'], earlier: Call | undefined): boolean {
  const base = llmCall(earlier)
  if (base === undefined) return false
  const { messages, ...settings } = base.request
  const said = request.messages
  if (said.length <= messages.length) return false
  for (const key of Object.keys(settings) as (keyof typeof settings)[]) {
    if (settings[key] !== undefined && request[key] === undefined) return false
  }
  return (
    sameJson(said[messages.length], base.reply.message) &&
    messages.every((message, index) => sameJson(message, said[index]))
  )
}

function bringsMessage(call: Call): call is CallOf<'tool'> | CallOf<'human'> {
  return call.kind === 'tool' || call.kind === 'human'
}

function packMessages(messages: readonly Message[], before: readonly Call[], after: number): PackedMessage[] {
  const used = new Set<number>()
  return messages.map((message) => {
    const index = before.findIndex(
      (call, at) =>
        at >= after && !used.has(at) && bringsMessage(call) && sameJson(messageFrom(call), message),
    )
    if (index === -1) return message
    used.add(index)
    return { from: index + 1 }
  })
}

function unpackCall(call: PackedCall, before: readonly Call[], packed: PackedRecording): Call {
  switch (call.kind) {
    case 'custom':
    case 'tool': {
      const { step: _, ...whole } = call
      return whole
    }
    case 'human': {
      const { step: _, kind, name, question, reply, ...timing } = call
      return {
        kind,
        request: { name, ...(question === undefined ? {} : { question }) },
        reply: { message: reply },
        ...timing,
      }
    }
    case 'llm': {
      const {
        step,
        kind,
        after,
        add,
        model,
        system,
        tools,
        parameters,
        reply,
        attempts,
        startedAt,
        durationMs,
      } = call
      const base = after === undefined ? undefined : llmCall(before[after - 1])
      if (after !== undefined && base === undefined) {
        throw corrupt(packed, step, `it continues call ${after}, which is not an earlier model call`)
      }
      const added = add.map((message) => {
        if (!('from' in message)) return message
        const source = before[message.from - 1]
        if (source === undefined || !bringsMessage(source)) {
          throw corrupt(packed, step, `it takes a message from call ${message.from}, which brought none`)
        }
        return messageFrom(source)
      })
      const { messages: earlier = [], ...inherited } = base?.request ?? {}
      const said = defined({ model, system, tools, parameters })
      const spoken = base === undefined ? [] : [base.reply.message]
      return {
        kind,
        ...defined({ by: call.by }),
        request: { ...inherited, ...said, messages: [...earlier, ...spoken, ...added] },
        reply,
        ...defined({ attempts, startedAt, durationMs }),
      }
    }
  }
}

function llmCall(call: Call | undefined): CallOf<'llm'> | undefined {
  return call?.kind === 'llm' ? call : undefined
}

function corrupt(packed: PackedRecording, step: number, why: string): EvalkitError {
  return new EvalkitError(
    'EVK_FIXTURE_CORRUPT',
    `Call ${step} of the recording of trace ${packed.trace} cannot be read: ${why}.`,
  )
}
