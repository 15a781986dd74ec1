import { readPath } from '../../lib/json-path.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { flatJson } from '../../lib/pretty-json.ts'
import { oneLine } from '../../lib/text.ts'
import { type Call, type CallKind, type CallOf, type ReplyOf, userName } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { answerIn, type Message, textOf, toolCallsOf } from '../../schema/message.ts'
import { jsonFrom, pathText } from '../../schema/read.ts'
import type { Recording } from '../../schema/recording.ts'
import { callName } from '../recorded.ts'
import { type Inside, insideOf, pathsIn, withInside } from './inside.ts'

/** One `--set`: what is put in place of what a step brought. */
export interface Edit {
  /** From 1, as `evalkit replay` numbers them. */
  readonly step: number
  /** The whole place, as it is written: `steps[7].result.status`. */
  readonly path: string
  readonly target: EditTarget
  readonly value: Json
}

type EditTarget =
  /** What a tool gave, or what a person answered. */
  | { readonly what: 'result' | 'reply'; readonly inside: Inside }
  /** What a model asked its nth tool for, from 0. */
  | { readonly what: 'arguments'; readonly call: number | undefined; readonly inside: Inside }

/** Steps that are listed where one is not what was meant. */
const mostSteps = 30

/**
 * Reads `steps[7].result.status="refunded"`. Paths are those of `lib/json-path.ts`; the value is JSON, or `@file`, whose
 * text `read` gives (JSON, where the file is named so). Throws `EVK_FORK_INVALID`, with the nearest right path where the
 * recording has one.
 */
export function readEdit(text: string, recording: Recording, read: (file: string) => string): Edit {
  const at = assignedAt(text)
  if (at === -1) throw invalid(`"${oneLine(text, 80)}" sets nothing: there is no =.`, ['steps[7].result=…'])
  const path = text.slice(0, at).trim()
  const { step, call, rest } = stepIn(path, recording)
  const edit = {
    step,
    path,
    target: targetIn(call, step, rest, path),
    value: valueIn(text.slice(at + 1), read),
  }
  // Whether it can be done is known before anything runs.
  editedReply(call, [edit])
  return edit
}

/** What stands where an edit puts something else. */
export function recordedAt(call: Call, { target }: Edit): Json {
  const found = insideOf(whole(call, target), target.inside)
  return found ?? null
}

/**
 * The reply of a recorded call with edits made, in a copy and in the form it had: what was JSON text stays JSON text.
 * Throws `EVK_FORK_INVALID` where there is nothing at a path.
 */
export function editedReply<K extends CallKind>(call: CallOf<K>, edits: readonly Edit[]): ReplyOf<K> {
  let edited = call as Call
  for (const edit of edits) {
    const reply = withEdit(edited, edit)
    edited = { ...edited, reply } as Call
  }
  return edited.reply as ReplyOf<K>
}

function withEdit(call: Call, edit: Edit): Call['reply'] {
  const { target, path, value } = edit
  const before = whole(call, target)
  const after = withInside(before, target.inside, value)
  if (after === undefined) throw nothingAt(call, edit, before)
  switch (call.kind) {
    case 'tool':
      return { ...call.reply, response: after }
    case 'human':
      return { ...call.reply, message: answered(call.reply.message, after) }
    case 'llm':
      return { ...call.reply, message: said(call.reply.message, target, after, path) }
    case 'custom':
      return call.reply
  }
}

/** The value an edit changes a part of. */
function whole(call: Call, target: EditTarget): Json {
  if (call.kind === 'tool') return call.reply.response
  if (call.kind === 'human') return answerIn(call.reply.message)
  if (call.kind === 'custom') return null
  const { message } = call.reply
  if (target.what !== 'arguments') return textOf(message)
  return toolCallsOf(message)[target.call ?? 0]?.arguments ?? null
}

function answered(before: Message, answer: Json): Message {
  const part =
    typeof answer === 'string'
      ? ({ type: 'text', content: answer } as const)
      : ({ type: 'opaque', value: answer } as const)
  return { ...before, parts: [part] }
}

/** A model's message with another text, or with other arguments of one of the tools it asks for. */
function said(before: Message, target: EditTarget, value: Json, path: string): Message {
  if (target.what === 'arguments') {
    let nth = -1
    return {
      ...before,
      parts: before.parts.map((part) => {
        if (part.type !== 'tool_call' || ++nth !== (target.call ?? 0)) return part
        const { malformed: _, ...rest } = part
        return { ...rest, arguments: value }
      }),
    }
  }
  if (typeof value !== 'string') throw invalid(`What a model says is text: ${path} takes a JSON string.`)
  const text = { type: 'text', content: value } as const
  const at = before.parts.findIndex(({ type }) => type === 'text')
  // Text of a reply that had none comes before the tools it asks for.
  const place = at === -1 ? before.parts.findIndex(({ type }) => type === 'tool_call') : at
  const rest = before.parts.map((part, index) => ({ part, index })).filter(({ part }) => part.type !== 'text')
  const first = rest.filter(({ index }) => place === -1 || index < place)
  const last = rest.filter(({ index }) => place !== -1 && index >= place)
  return { ...before, parts: [...first.map(({ part }) => part), text, ...last.map(({ part }) => part)] }
}

/** The first `=` that is not within a quoted key. */
function assignedAt(text: string): number {
  const found = /^(?:[^="]|"(?:[^"\\]|\\.)*")*=/.exec(text)
  return found === null ? -1 : found[0].length - 1
}

function stepIn(
  path: string,
  recording: Recording,
): { readonly step: number; readonly call: Call; readonly rest: Inside } {
  const [word, step, ...rest] = readPath(path) ?? []
  const shape = `A place is written as steps[7].result.status, not "${oneLine(path, 80)}".`
  if (word !== 'steps' || typeof step !== 'number') throw invalid(shape, stepLines(recording))
  if (!rest.every((one) => typeof one !== 'symbol'))
    throw invalid(`One place is set at a time: "${oneLine(path, 80)}" names several.`)
  const call = step === 0 ? undefined : recording.calls[step - 1]
  if (call === undefined) throw noStep(step, recording)
  return { step, call, rest }
}

/** The error of a step the recording does not have. */
export function noStep(step: number, recording: Recording): EvalkitError {
  return invalid(
    `There is no step ${step}: the recording has steps 1 to ${recording.calls.length}.`,
    stepLines(recording),
  )
}

function targetIn(call: Call, step: number, rest: Inside, path: string): EditTarget {
  const [what, ...inside] = rest
  const known = targetsOf(call, step)
  if (known.length === 0) {
    throw invalid(`Step ${step} is a ${callName(call)}: only what models, tools and people say can be set.`)
  }
  if (call.kind === 'tool' && what === 'result') return { what, inside }
  if (call.kind === 'human' && what === 'reply') return { what, inside }
  if (call.kind === 'llm') {
    const asks = toolCallsOf(call.reply.message).length
    if (what === 'reply' && inside.length === 0) return { what, inside }
    if (what === 'arguments' && asks === 1) return { what, call: undefined, inside }
    const [at, word, ...within] = inside
    if (what === 'calls' && typeof at === 'number' && at < asks && word === 'arguments')
      return { what: word, call: at, inside: within }
  }
  const place = `steps[${step}]`
  const near = nearestWord(
    String(what),
    known.map((one) => one.slice(place.length + 1)),
  )
  throw invalid(`"${oneLine(path, 80)}" cannot be set: step ${step} is a ${callName(call)}.`, [
    ...(near === undefined ? [] : [`nearest: ${place}.${near}`]),
    `of this step can be set: ${known.join(', ')}`,
  ])
}

/** The beginnings of what can be set of a step. */
function targetsOf(call: Call, step: number): readonly string[] {
  const at = `steps[${step}]`
  if (call.kind === 'tool') return [`${at}.result`]
  if (call.kind === 'human') return [`${at}.reply`]
  if (call.kind === 'custom') return []
  const asks = toolCallsOf(call.reply.message)
  if (asks.length === 1) return [`${at}.reply`, `${at}.arguments`]
  return [`${at}.reply`, ...asks.map((_, index) => `${at}.calls[${index}].arguments`)]
}

function valueIn(text: string, read: (file: string) => string): Json {
  if (text.startsWith('@')) {
    const file = text.slice(1)
    const said = read(file)
    return /\.json$/i.test(file) ? (jsonFrom(said, { file }) as Json) : said
  }
  try {
    return jsonFrom(text, {}) as Json
  } catch (cause) {
    if (!EvalkitError.is(cause) || cause.code !== 'EVK_JSON_SYNTAX') throw cause
    throw invalid(`The value ${oneLine(text, 80)} is no JSON.`, [
      `a text is written with its quotes: ${oneLine(JSON.stringify(text), 80)}`,
      'what stands in a file: @file',
    ])
  }
}

function nothingAt(call: Call, { step, path, target }: Edit, before: Json): EvalkitError {
  const head = path.slice(0, path.length - pathText(target.inside).length).replace(/\.$/, '')
  // A path as long as this one is nearer than its own beginning.
  const strangeness = (inside: Inside): number => Math.abs(inside.length - target.inside.length)
  const known = pathsIn(before)
    .toSorted((a, b) => strangeness(a) - strangeness(b))
    .map((inside) => pathText(inside))
  const near = nearestWord(pathText(target.inside), known)
  const join = (inside: string): string => `${head}${inside.startsWith('[') ? '' : '.'}${inside}`
  return invalid(
    `There is nothing at ${oneLine(path, 120)}: nothing new is put in by a slip of the finger.`,
    [
      ...(near === undefined ? [] : [`nearest: ${join(near)}`]),
      `step ${step} (${callName(call)}) brought ${oneLine(flatJson(before), 200)}`,
      'to put something new in, set the value around it',
    ],
  )
}

function stepLines({ calls }: Recording): readonly string[] {
  const lines = calls
    .slice(0, mostSteps)
    .map((call, index) => oneLine(`step ${index + 1}: ${named(call)}`, 120))
  return calls.length > mostSteps ? [...lines, `and ${calls.length - mostSteps} more`] : lines
}

function named(call: Call): string {
  if (call.kind === 'human' && call.request.name !== userName) return `person ${call.request.name}`
  return callName(call)
}

/** A fork that cannot be what was meant. */
export function invalid(what: string, details: readonly string[] = []): EvalkitError {
  return new EvalkitError('EVK_FORK_INVALID', what, { details })
}
