import type { Json } from '../schema/json.ts'
import type { SpoolRecord } from '../schema/spool.ts'
import type { Versions } from '../schema/trace.ts'
import { createQueue, type QueueCounts, type RecordQueue } from './queue.ts'
import { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts'
import type { Redact } from './redact.ts'
import type { Sink } from './sinks/sink.ts'

/** Everything a session depends on: what is recorded in one process. */
export interface SessionOptions {
  readonly sinks: readonly Sink[]
  readonly redact: Redact
  /** Milliseconds since the epoch, never going back. */
  readonly now: () => number
  /** A new trace id, never the same twice, in this process or another. */
  readonly newId: () => string
  /** Of every trace: the commit it ran at. */
  readonly versions?: Versions
  /** Of every trace: `service.name`, `service.version`. */
  readonly attributes?: { readonly [key: string]: Json }
  /** Name of the trace of what happens outside of every other. */
  readonly ambientName: string
  /** Milliseconds of silence after which that one ends, so that a server does not grow one for ever. */
  readonly ambientIdleMs?: number
  /** Spans after which it ends. */
  readonly ambientSpans?: number
}

/** What is known of a run when it starts. */
export interface RunOptions {
  /** Instead of a new one. */
  readonly id?: string
  readonly input?: Json
  readonly versions?: Versions
  readonly attributes?: { readonly [key: string]: Json }
  /** Adds spans to a trace that somebody else starts and ends. */
  readonly joins?: boolean
  /** Records one part of a trace that no process sees whole: what makes the ids of its spans its own. */
  readonly part?: string
}

/** What is recorded in one process, and where it goes. Nothing here throws into the agent, or makes it wait. */
export interface Session {
  start(name: string, options?: RunOptions): Recorder
  /** The recorder of what happens outside of every run, begun when it is first asked for. */
  ambient(): Recorder
  /** Resolves when all that was recorded until now is where it belongs, or after `timeoutMs`. */
  flush(timeoutMs?: number): Promise<void>
  /** Ends what no run of its own ends: what happened outside of every run. */
  settle(): void
  /** The process ends now: writes what can be written without waiting. */
  exit(): void
  /** What became of the records, over all sinks. */
  counts(): QueueCounts
}

const idleMs = 10 * 60 * 1000
const mostSpans = 1000

export function createSession(options: SessionOptions): Session {
  const { sinks, now, redact, newId } = options
  const queues: readonly RecordQueue[] = sinks.map((sink) => createQueue({ sink, now }))
  let ambient: Recorder | undefined
  let idle: ReturnType<typeof setTimeout> | undefined

  function emit(make: () => SpoolRecord | undefined, weight: number): void {
    const [only, ...others] = queues
    if (only === undefined) return
    if (others.length === 0) only.add(make, weight)
    else {
      const once = made(make)
      for (const queue of queues) queue.add(once, weight)
    }
  }

  function start(name: string, run: RunOptions = {}): Recorder {
    const given: RecorderOptions = {
      name,
      id: run.id ?? newId(),
      versions: { ...options.versions, ...run.versions },
      attributes: { ...options.attributes, ...run.attributes },
      ...(run.input === undefined ? {} : { input: run.input }),
      ...(run.joins === undefined ? {} : { joins: run.joins }),
      ...(run.part === undefined ? {} : { part: run.part }),
      emit,
      redact,
      now,
    }
    return createRecorder(given)
  }

  function endAmbient(ended: string): void {
    clearTimeout(idle)
    idle = undefined
    ambient?.end({ ended })
    ambient = undefined
  }

  return {
    start,
    ambient() {
      if (ambient !== undefined && ambient.spans() >= (options.ambientSpans ?? mostSpans)) endAmbient('full')
      ambient ??= start(options.ambientName)
      // One timer, pushed back: asked for at every call, it must cost nothing.
      if (idle === undefined) {
        idle = setTimeout(() => {
          idle = undefined
          endAmbient('idle')
        }, options.ambientIdleMs ?? idleMs)
        idle.unref()
      } else idle.refresh()
      return ambient
    },
    async flush(timeoutMs) {
      await Promise.all(queues.map((queue) => queue.flush(timeoutMs)))
    },
    settle: () => endAmbient('exit'),
    exit() {
      endAmbient('exit')
      for (const queue of queues) queue.drainSync()
    },
    counts() {
      const all = queues.map((queue) => queue.counts())
      const sum = (of: 'written' | 'dropped' | 'queued'): number =>
        all.reduce((total, one) => total + one[of], 0)
      const [lastLoss] = all.flatMap((one) => one.lastLoss ?? [])
      return {
        written: sum('written'),
        dropped: sum('dropped'),
        queued: sum('queued'),
        ...(lastLoss === undefined ? {} : { lastLoss }),
      }
    },
  }
}

/** Several sinks, one record. */
function made(make: () => SpoolRecord | undefined): () => SpoolRecord | undefined {
  let done: { readonly record: SpoolRecord | undefined } | undefined
  return () => (done ??= { record: make() }).record
}
