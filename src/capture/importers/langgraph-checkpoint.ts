import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { type Body, isRecord, listIn, recordIn } from '../../tap/wire/text.ts'
import { type Instant, instantOf } from './instant.ts'

/** A checkpoint of LangGraph, whichever way it was written out. */
export interface Checkpoint {
  readonly at: string
  readonly thread: string
  /** Of a subgraph, which one; '' is the graph itself. */
  readonly namespace: string
  readonly id: string
  readonly parent: string | undefined
  readonly time: Instant | undefined
  readonly step: number | undefined
  readonly source: string | undefined
  /** The channels that stand in it. */
  readonly values: Body
  /** What tasks wrote that ran from here: `[channel, value]`. */
  readonly writes: readonly (readonly [channel: string, value: Json])[]
  readonly next: readonly string[]
}

/**
 * Reads `getStateHistory()` (`{ values, next, tasks, config, createdAt, … }`), a saver's tuples (`{ config, checkpoint, metadata,
 * pendingWrites }`), or rows of its tables (`{ thread_id, checkpoint_id, checkpoint, … }`, with `writes` beside them).
 */
export function checkpointOf(
  value: Json,
  at: string,
  writesOf: (id: string) => Checkpoint['writes'],
): Checkpoint | undefined {
  if (!isRecord(value)) return undefined
  const own = recordIn(recordIn(value.config).configurable)
  const place = textIn(own.thread_id) === undefined ? value : own
  const thread = textIn(place.thread_id)
  const id = textIn(place.checkpoint_id)
  const saved = parsed(value.checkpoint)
  const values = isRecord(value.values)
    ? value.values
    : isRecord(saved.channel_values)
      ? saved.channel_values
      : undefined
  if (thread === undefined || id === undefined || values === undefined) return undefined
  const above = recordIn(recordIn(value.parentConfig ?? value.parent_config).configurable)
  const metadata = parsed(value.metadata)
  return {
    at,
    thread,
    namespace: textIn(place.checkpoint_ns) ?? '',
    id,
    parent: textIn(above.checkpoint_id) ?? textIn(value.parent_checkpoint_id),
    time: instantOf(value.createdAt ?? value.created_at ?? saved.ts),
    step: typeof metadata.step === 'number' ? metadata.step : undefined,
    source: textIn(metadata.source),
    values,
    writes: [...tasksIn(value), ...pendingIn(value), ...writesOf(id)],
    next: listIn(value.next).filter((name) => typeof name === 'string'),
  }
}

/** Rows of the table of writes, by the checkpoint they were made from. */
export function writesIn(rows: readonly Json[]): (id: string) => Checkpoint['writes'] {
  const found = new Map<string, (readonly [string, Json])[]>()
  for (const row of rows) {
    const { checkpoint_id: id, channel, value, blob } = recordIn(row)
    if (typeof id !== 'string' || typeof channel !== 'string') continue
    const written = value ?? blob ?? null
    const own = found.get(id) ?? []
    found.set(id, own)
    own.push([channel, typeof written === 'string' ? textValue(written) : written])
  }
  return (id) => found.get(id) ?? []
}

/** A channel's value: newer savers keep a snapshot of it now and then, and only what was written in between. */
export function channelIn(values: Body, name: string): Json | undefined {
  const value = values[name]
  if (!isRecord(value) || value.type !== 'delta_snapshot') return value
  return value.value ?? recordIn(value.kwargs).value ?? listIn(value.args)[0]
}

function tasksIn(value: Body): Checkpoint['writes'] {
  return listIn(value.tasks).flatMap((task): Checkpoint['writes'] => {
    const { result, error, interrupts, name } = recordIn(task)
    return [
      ...Object.entries(recordIn(result)).map(([channel, written]) => [channel, written ?? null] as const),
      ...(error === undefined || error === null
        ? []
        : [['__error__', { task: name ?? null, error }] as const]),
      ...listIn(interrupts).map((interrupt) => ['__interrupt__', interrupt] as const),
    ]
  })
}

/** `[task, channel, value]` each. */
function pendingIn(value: Body): Checkpoint['writes'] {
  return listIn(value.pendingWrites ?? value.pending_writes).flatMap((write) => {
    const [, channel, written = null] = listIn(write)
    return typeof channel === 'string' ? [[channel, written] as const] : []
  })
}

function parsed(value: Json | undefined): Body {
  return typeof value === 'string' ? recordIn(textValue(value)) : recordIn(value)
}

function textValue(text: string): Json {
  const read = readJson(text)
  return read.ok ? (read.value as Json) : text
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Oldest first. Ids of checkpoints grow with time (UUID version 6); the time is asked first, where all tell it. */
export function inOrder(checkpoints: readonly Checkpoint[]): readonly Checkpoint[] {
  const timed = checkpoints.every(({ time }) => time !== undefined)
  return checkpoints.toSorted((a, b) => {
    const [from, to] = timed ? [a.time?.nanos ?? 0n, b.time?.nanos ?? 0n] : [0n, 0n]
    if (from !== to) return from < to ? -1 : 1
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  })
}
