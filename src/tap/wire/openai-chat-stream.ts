import type { Json } from '../../schema/json.ts'
import { type ServerSentEvent, writeEvent } from './sse.ts'
import {
  grow,
  grown,
  type Growing,
  isIndex,
  pieces,
  type Pieces,
  recordsIn,
  slots,
  takeOver,
} from './stream.ts'
import { type Body, isRecord, listIn, recordIn } from './text.ts'

/**
 * OpenAI's streamed chat completions: https://platform.openai.com/docs/api-reference/chat-streaming. Read as the
 * official SDK does (`ChatCompletionStream`), and as servers that are merely compatible need it: calls without index or
 * id, several calls under one index, text in fields that only a provider knows, usage in any chunk.
 */

interface Choice {
  readonly message: Pieces
  readonly audio: Pieces
  readonly functionCall: Pieces
  readonly logprobs: Pieces
  /** In the order in which they began. */
  readonly calls: Call[]
  /** The call that a piece under this index belongs to. */
  readonly current: Map<number, Call>
  /** What stands beside the message. */
  readonly told: Growing
}

interface Call {
  readonly index: number
  readonly told: Growing
  /** The name, and the arguments or the input. */
  readonly called: Pieces
}

const notOfCompletion = new Set(['choices', 'object', 'obfuscation'])
const namesAreWhole = new Set(['name'])

/**
 * The plain completion of a stream, with all its choices. Where chunks came but no choice in them, an empty one, so that
 * what came can be read. Throws a `TypeError` where nothing of a completion came, and no error either.
 */
export function assembleCompletion(events: readonly ServerSentEvent[]): Json {
  const completion: Growing = {}
  const choices = slots<Choice>(() => ({
    message: pieces(),
    audio: pieces(),
    functionCall: pieces(),
    logprobs: pieces(),
    calls: [],
    current: new Map(),
    told: {},
  }))
  let begun = false
  for (const chunk of recordsIn(events)) {
    const isChunk = Array.isArray(chunk.choices)
    if (!isChunk && !isError(chunk.error)) continue
    begun ||= isChunk
    takeOver(completion, chunk, notOfCompletion)
    for (const choice of listIn(chunk.choices)) {
      if (isRecord(choice)) addChoice(choices.at(choice.index ?? 0), choice)
    }
  }
  if (!begun && !isError(completion.error)) throw new TypeError('no chunk of a completion in the stream')
  if (!begun) return { error: completion.error }
  if (choices.all().length === 0) choices.at(0)
  return { ...completion, object: 'chat.completion', choices: choices.all().map(finishedChoice) }
}

function isError(error: Json | undefined): boolean {
  return isRecord(error) || (typeof error === 'string' && error !== '')
}

function addChoice(choice: Choice, said: Body): void {
  const { delta, logprobs, index: _, ...told } = said
  takeOver(choice.told, told)
  grow(choice.logprobs, recordIn(logprobs), new Set())
  const { tool_calls, audio, function_call, ...others } = recordIn(delta)
  grow(choice.message, others, new Set(['role']))
  grow(choice.audio, recordIn(audio), new Set(['id']))
  grow(choice.functionCall, recordIn(function_call), namesAreWhole)
  for (const call of listIn(tool_calls)) if (isRecord(call)) addCall(choice, call)
}

function addCall(choice: Choice, said: Body): void {
  const { index, function: called, custom, ...told } = said
  const content = { ...recordIn(called), ...recordIn(custom) }
  const call = callOf(choice, index, told.id, content)
  takeOver(call.told, isRecord(custom) ? { ...told, type: 'custom' } : told)
  const { arguments: given } = content
  // Some servers give the arguments as a value.
  const asText = isRecord(given) ? { arguments: JSON.stringify(given) } : {}
  grow(call.called, { ...content, ...asText }, namesAreWhole)
}

/** Which call a piece belongs to: the current one of its index, or of the latest index, unless it begins another. */
function callOf(choice: Choice, index: Json | undefined, id: Json | undefined, content: Body): Call {
  const at = isIndex(index) ? index : (choice.calls.at(-1)?.index ?? 0)
  const current = choice.current.get(at)
  if (current !== undefined && !beginsAnother(current, id, content)) return current
  const call: Call = { index: at, told: {}, called: pieces() }
  choice.current.set(at, call)
  choice.calls.push(call)
  return call
}

/**
 * Servers exist that number every call 0. A new id begins a call; without ids, a new name does, or the old name again
 * with the next object after a whole one.
 */
function beginsAnother({ told, called }: Call, id: Json | undefined, content: Body): boolean {
  if (isSaid(id) && isSaid(told.id)) return id !== told.id
  const before = called.told.name
  if (!isSaid(content.name) || !isSaid(before)) return false
  if (content.name !== before) return true
  const [last, next] = [called.texts.get('arguments')?.at(-1), content.arguments]
  return (
    last?.endsWith('}') === true && (isRecord(next) || (typeof next === 'string' && next.startsWith('{')))
  )
}

function isSaid(word: Json | undefined): boolean {
  return typeof word === 'string' && word !== ''
}

function finishedChoice(choice: Choice, index: number): Json {
  const { told, ...said } = choice
  const [message, logprobs] = [grown(said.message), grown(said.logprobs)]
  const [audio, functionCall] = [grown(said.audio), grown(said.functionCall)]
  const calls = said.calls.toSorted((a, b) => a.index - b.index).map(finishedCall)
  return {
    index,
    message: {
      role: 'assistant',
      content: null,
      ...message,
      ...(isEmpty(audio) ? {} : { audio }),
      ...(isEmpty(functionCall) ? {} : { function_call: functionCall }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
    logprobs: isEmpty(logprobs) ? null : logprobs,
    finish_reason: null,
    ...told,
  }
}

function finishedCall({ told, called }: Call): Json {
  const content = grown(called)
  if (told.type === 'custom') return { ...told, custom: { input: '', ...content } }
  return { type: 'function', ...told, function: { arguments: '', ...content } }
}

function isEmpty(body: Body): boolean {
  return Object.keys(body).length === 0
}

/**
 * A plain completion as the stream that brings it: one delta for each thing that comes in deltas. Usage comes in a last
 * chunk without choices where that was asked for (`stream_options.include_usage`): a client that did not ask would fail
 * on it, and finds it beside the reason why the reply ended.
 */
export function streamCompletion(completion: Body, parameters: Body | undefined): readonly string[] {
  const { choices, usage, object: _, ...said } = completion
  const asked = recordIn(parameters?.stream_options).include_usage === true
  const chunk = (choice: Body | undefined, counted?: Json): Body => ({
    ...said,
    object: 'chat.completion.chunk',
    choices: choice === undefined ? [] : [{ index: 0, logprobs: null, finish_reason: null, ...choice }],
    ...(counted === undefined ? {} : { usage: counted }),
  })
  const { message, finish_reason } = recordIn(listIn(choices)[0])
  const beforeUsage = asked ? null : undefined
  const chunks = [
    ...deltasOf(recordIn(message)).map((delta) => chunk({ delta }, beforeUsage)),
    chunk({ delta: {}, finish_reason }, asked ? null : usage),
    ...(asked && usage !== undefined ? [chunk(undefined, usage)] : []),
  ]
  return [...chunks.map((data) => writeEvent(data)), writeEvent('[DONE]')]
}

function deltasOf({ role, content, refusal, tool_calls, ...others }: Body): Body[] {
  const calls = listIn(tool_calls).flatMap((call, index) => callDeltas(recordIn(call), index))
  return [
    { role, content: typeof content === 'string' ? '' : null, refusal: null },
    ...(isEmpty(others) ? [] : [others]),
    ...(content === null || content === '' ? [] : [{ content }]),
    ...(isSaid(refusal) ? [{ refusal }] : []),
    ...calls.map((call) => ({ tool_calls: [call] })),
  ]
}

function callDeltas(call: Body, index: number): Body[] {
  const { function: called, custom, ...told } = call
  const [kind, { arguments: given, input, ...named }] = isRecord(custom)
    ? (['custom', custom] as const)
    : (['function', recordIn(called)] as const)
  const text = isRecord(custom) ? 'input' : 'arguments'
  return [
    { index, ...told, [kind]: { ...named, [text]: '' } },
    { index, [kind]: { [text]: isRecord(custom) ? input : given } },
  ]
}
