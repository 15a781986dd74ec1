import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import { createRedactor, type Redacted, type RedactionOptions, type Redactor } from '../lib/redact.ts'
import type { Json } from '../schema/json.ts'
import { installAmbient } from '../tap/tap.ts'
import { commitOf } from './commit.ts'
import type { QueueCounts } from './queue.ts'
import { serviceOf } from './service.ts'
import { createSession, type Session } from './session.ts'
import { otlpSink } from './sinks/otlp-later.ts'
import type { Sink } from './sinks/sink.ts'
import { spoolSink } from './sinks/spool.ts'

/** How this process is recorded. What is not said comes from the environment, then from the defaults. */
export interface CaptureOptions {
  /** Whether anything is recorded at all; `EVALKIT_CAPTURE=off` says no. */
  readonly enabled?: boolean
  /** Where records go, instead of the spool (`EVALKIT_SPOOL`, `.evalkit/spool`) or `EVALKIT_OTLP_ENDPOINT`. */
  readonly sinks?: readonly Sink[]
  /** What is taken out before anything leaves the process; the key is `EVALKIT_REDACTION_KEY` where none is given. */
  readonly redaction?: RedactionOptions
  /** Of every trace, beside `service.name` and `service.version`. */
  readonly attributes?: { readonly [key: string]: Json }
  /** The git commit that runs, where neither the environment nor a checkout tells. */
  readonly commit?: string
}

// The one place below cli/ that reads clock, randomness and environment: in production nobody is above it to hand
// them down.
let options: CaptureOptions = {}
let session: Session | undefined
let redactor: Redactor | undefined
let exitsHooked = false

/** Sets how this process is recorded. What was recorded before goes where it would have gone. */
export function configure(given: CaptureOptions): void {
  const before = session
  session = undefined
  options = given
  before?.settle()
  // Its queue drains by itself; who must be sure asks `flush` before.
  void before?.flush()
}

/** The session of this process, made when it is first needed; `undefined` where capture is off. Never throws. */
export function captureSession(): Session | undefined {
  if (session !== undefined) return session
  const { env } = process
  if (!captureEnabled()) return undefined
  const key = options.redaction?.key ?? env['EVALKIT_REDACTION_KEY']
  const commit = commitOf(env, process.cwd()) ?? options.commit
  redactor = createRedactor({ ...options.redaction, ...(key === undefined ? {} : { key }) })
  session = createSession({
    sinks: options.sinks ?? [sinkOf(env)],
    redact: redactor,
    now: clock,
    newId: () => `t_${randomBytes(10).toString('hex')}`,
    ...(commit === undefined ? {} : { versions: { code: commit } }),
    attributes: { ...serviceOf(env), ...options.attributes },
    ambientName: basename(process.argv[1] ?? 'node'),
  })
  hookExits()
  return session
}

/** Whether anything is recorded at all, as far as it is said until now. */
export function captureEnabled(): boolean {
  return options.enabled ?? !/^(off|0|false|no)$/i.test(process.env['EVALKIT_CAPTURE'] ?? '')
}

/** From now on what happens outside of every run is recorded too: in a trace of the process. */
export function captureAmbient(): void {
  installAmbient(() => captureSession()?.ambient().tap)
}

/**
 * Resolves when everything recorded so far is where it belongs, or after `timeoutMs` (default 10 s). Needed only
 * where a process is frozen or killed between two runs: serverless functions call it before they answer.
 */
export async function flush(timeoutMs?: number): Promise<void> {
  await session?.flush(timeoutMs)
}

/** What was taken out of the records of this process so far: how often each kind, and where first; never what it was. */
export function redactions(): readonly Redacted[] {
  return redactor?.report() ?? []
}

/** What became of the records of this process. */
export function counts(): QueueCounts {
  return session?.counts() ?? { written: 0, dropped: 0, queued: 0 }
}

/** One line on stderr: for what a person must know, and nobody else could be told. Never throws. */
export function warn(what: string): void {
  try {
    process.stderr.write(`evalkit: ${what.replaceAll(/\s+/g, ' ').slice(0, 500)}\n`)
  } catch {
    return
  }
}

/** Milliseconds since the epoch, never going back. */
export function clock(): number {
  return performance.timeOrigin + performance.now()
}

function sinkOf(env: NodeJS.ProcessEnv): Sink {
  const endpoint = env['EVALKIT_OTLP_ENDPOINT']
  if (endpoint !== undefined && endpoint !== '') {
    const headers = env['EVALKIT_OTLP_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS']
    return otlpSink({
      endpoint,
      ...(headers === undefined ? {} : { headers }),
      resource: serviceOf(env),
      now: clock,
    })
  }
  return spoolSink({
    dir: env['EVALKIT_SPOOL'] || '.evalkit/spool',
    pid: process.pid,
    startedAt: clock(),
    random: randomBytes(4).toString('hex'),
  })
}

function hookExits(): void {
  if (exitsHooked) return
  exitsHooked = true
  process.on('exit', () => session?.exit())
  // It comes again after each wait: once for the same records, or a sink that hangs would hold the process.
  let waitedFor = -1
  process.on('beforeExit', () => {
    session?.settle()
    const { written, dropped, queued } = counts()
    const total = written + dropped + queued
    if (queued === 0 || total === waitedFor) return
    waitedFor = total
    void flush(2000)
  })
}
