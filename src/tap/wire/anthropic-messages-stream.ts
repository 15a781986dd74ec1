import type { Json } from '../../schema/json.ts'
import { type ServerSentEvent, writeEvent } from './sse.ts'
import { type Growing, isIndex, recordsIn, slots, takeOver } from './stream.ts'
import { type Body, isRecord, listIn, readInput, recordIn, textIn } from './text.ts'

/**
 * Anthropic's streamed messages: https://docs.anthropic.com/en/api/messages-streaming. Read as the official SDK does
 * (`MessageStream`), with what it leaves out: calls of MCP tools have deltas too, and an `error` in mid-stream is kept
 * beside what had come before it.
 */

/** One block of content while it grows: how it started, and the pieces that came since. */
interface Block {
  start: Json
  readonly text: string[]
  readonly thinking: string[]
  readonly input: string[]
  readonly citations: Json[]
  /** Members that a delta gives whole. */
  readonly told: Growing
}

/**
 * The plain message of a stream. Counters in `message_delta` are totals: they replace those of `message_start`. Input
 * that was cut inside its JSON stays text. Throws a `TypeError` where nothing of a message came, and no error either.
 */
export function assembleMessage(events: readonly ServerSentEvent[]): Json {
  const message: Growing = {}
  const usage: Growing = {}
  let error: Json | undefined
  let begun = false
  const blocks = slots<Block>(() => ({
    start: {},
    text: [],
    thinking: [],
    input: [],
    citations: [],
    told: {},
  }))
  for (const data of recordsIn(events)) {
    switch (textIn(data.type)) {
      case 'message_start': {
        const { usage: counted, ...said } = recordIn(data.message)
        takeOver(message, said)
        takeOver(usage, recordIn(counted))
        begun = true
        break
      }
      case 'content_block_start': {
        const block = isIndex(data.index) ? blocks.at(data.index) : blocks.add()
        block.start = data.content_block ?? {}
        begun = true
        break
      }
      case 'content_block_delta':
        addDelta(blocks.at(data.index), recordIn(data.delta))
        begun = true
        break
      case 'message_delta': {
        const { type: _, delta, usage: counted, ...said } = data
        takeOver(message, recordIn(delta))
        takeOver(message, said)
        takeOver(usage, recordIn(counted))
        begun = true
        break
      }
      case 'error':
        error = data.error ?? data
        break
      // Proxies leave the type out.
      case '':
        error = data.error ?? error
        break
    }
  }
  if (!begun && error === undefined) throw new TypeError('no message in the stream')
  if (!begun) return { type: 'error', error }
  const all = blocks.all()
  return {
    ...message,
    type: 'message',
    role: 'assistant',
    content: all.length === 0 ? listIn(message.content) : all.map(finishedBlock),
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
    ...(error === undefined ? {} : { error }),
  }
}

function addDelta(block: Block, delta: Body): void {
  const { type, ...told } = delta
  if (type === 'text_delta') block.text.push(textIn(delta.text))
  else if (type === 'thinking_delta') block.thinking.push(textIn(delta.thinking))
  else if (type === 'input_json_delta') block.input.push(textIn(delta.partial_json))
  else if (type === 'citations_delta') block.citations.push(delta.citation ?? null)
  // A signature comes whole, and so does what is compacted (and, we take it, what will be invented).
  else takeOver(block.told, told)
}

/** A block whose start was lost is of the kind that its deltas are of. */
function finishedBlock({ start, text, thinking, input, citations, told }: Block): Json {
  if (!isRecord(start)) return start
  const kind = thinking.length > 0 ? 'thinking' : input.length > 0 ? 'tool_use' : 'text'
  const json = input.join('')
  return {
    type: kind,
    ...start,
    ...told,
    ...(text.length === 0 ? {} : { text: `${textIn(start.text)}${text.join('')}` }),
    ...(thinking.length === 0 ? {} : { thinking: `${textIn(start.thinking)}${thinking.join('')}` }),
    ...(json === '' ? {} : { input: readInput(json).arguments }),
    ...(citations.length === 0 ? {} : { citations: [...listIn(start.citations), ...citations] }),
  }
}

/** A plain message as the stream that brings it: one delta for each thing that comes in deltas. */
export function streamMessage(message: Body): readonly string[] {
  const { content, usage, stop_reason, stop_sequence, ...said } = message
  const blocks = listIn(content)
  const events: Body[] = [
    {
      type: 'message_start',
      message: {
        ...said,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...recordIn(usage), output_tokens: 0 },
      },
    },
    ...blocks.flatMap((block, index) => streamBlock(block, index)),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence },
      usage,
    },
    { type: 'message_stop' },
  ]
  return events.map((event) => writeEvent(event, textIn(event.type)))
}

function streamBlock(block: Json, index: number): Body[] {
  const start = isRecord(block) ? emptied(block) : block
  const deltas = isRecord(block) ? deltasOf(block) : []
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function emptied(block: Body): Body {
  if (block.type === 'text') {
    const { citations: _, ...others } = block
    return { ...others, text: '' }
  }
  if (block.type === 'thinking') {
    return { ...block, thinking: '', ...(block.signature === undefined ? {} : { signature: '' }) }
  }
  return block.type === 'tool_use' ? { ...block, input: {} } : block
}

function deltasOf(block: Body): Body[] {
  if (block.type === 'text') {
    return [
      { type: 'text_delta', text: block.text },
      ...listIn(block.citations).map((citation) => ({ type: 'citations_delta', citation })),
    ]
  }
  if (block.type === 'thinking') {
    return [
      { type: 'thinking_delta', thinking: block.thinking },
      ...(block.signature === undefined ? [] : [{ type: 'signature_delta', signature: block.signature }]),
    ]
  }
  if (block.type !== 'tool_use') return []
  const { input } = block
  return [
    { type: 'input_json_delta', partial_json: typeof input === 'string' ? input : JSON.stringify(input) },
  ]
}
