import { randomBytes } from 'node:crypto'
import { isAbsolute, join, relative } from 'node:path'
import { captureSession, configure } from '../capture/process.ts'
import type { RunOptions } from '../capture/session.ts'
import { spoolSink } from '../capture/sinks/spool.ts'
import { defined } from '../lib/defined.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { RecordedRunsOptions, RunEnd } from '../tap/servers/runs.ts'
import type { Io } from './io.ts'

type Attributes = NonNullable<RunOptions['attributes']>

/** What commands that record do with the runs they see. */
export interface Recording {
  readonly begin: RecordedRunsOptions['begin']
  /** Waits until all of it is written, and says on stderr what was recorded, and where. */
  finish(nothing: string): Promise<void>
}

export interface RecordingOptions {
  /** Folder of the spool. Left out: `EVALKIT_OTLP_ENDPOINT`, else `EVALKIT_SPOOL`, else `.evalkit/spool`. */
  readonly spool?: string
  /** What runs are called that say no name. */
  readonly name: string
  /** Whether each run is told of as it ends. */
  readonly eachRun?: boolean
}

/** Opens the session of this process, so that `evalkit` itself records somebody else's runs. */
export function openRecording(io: Io, { spool, name, eachRun = false }: RecordingOptions): Recording {
  const { EVALKIT_OTLP_ENDPOINT: collector = '', EVALKIT_SPOOL: told = '' } = io.env
  const toCollector = spool === undefined && collector !== ''
  const named = spool ?? (told === '' ? '.evalkit/spool' : told)
  const dir = isAbsolute(named) ? named : join(io.cwd, named)
  const sink = (): ReturnType<typeof spoolSink> =>
    spoolSink({ dir, pid: process.pid, startedAt: io.now(), random: randomBytes(4).toString('hex') })
  configure({ enabled: true, ...(toCollector ? {} : { sinks: [sink()] }) })
  const session = captureSession()
  if (session === undefined) throw new EvalkitError('EVK_BUG', 'There is no session to record in.')
  const used = new Map<string, number>()
  let [runs, calls] = [0, 0]

  return {
    begin({ key, name: called = name, input, version, attributes }) {
      const recorder = session.start(called, {
        ...defined({ id: key === undefined ? undefined : idFor(key), input }),
        ...(version === undefined ? {} : { versions: { prompt: version } }),
        ...(attributes === undefined ? {} : { attributes: defined(attributes) as Attributes }),
      })
      return {
        tap: recorder.tap,
        end({ error, ...end }: RunEnd) {
          recorder.end({ ...end, ...(error === undefined ? {} : { threw: failure(error) }) })
          runs++
          calls += recorder.spans()
          if (eachRun)
            io.err(`evalkit: ${called}: ${counted(recorder.spans(), 'call')} (trace ${recorder.id})\n`)
        },
      }
    },
    async finish(nothing) {
      await session.flush(10_000)
      const { dropped, written } = session.counts()
      const place = toCollector ? 'sent to EVALKIT_OTLP_ENDPOINT' : `in ${shown(io.cwd, dir)}`
      if (dropped > 0) io.err(`evalkit: ${counted(dropped, 'record')} could not be kept ${place}\n`)
      if (runs === 0) io.err(`evalkit: nothing was recorded: ${nothing}\n`)
      else if (written > 0)
        io.err(`evalkit: recorded ${counted(runs, 'run')}, ${counted(calls, 'call')}, ${place}\n`)
      if (runs > 0 && written > 0 && !toCollector)
        io.err(`  next      evalkit import ${shown(io.cwd, dir)}\n`)
    },
  }

  /** A name is the trace's id the first time it is used, and told apart from then on. */
  function idFor(key: string): string {
    const times = (used.get(key) ?? 0) + 1
    used.set(key, times)
    return times === 1 ? key : `${key.slice(0, 120)}.${times}`
  }
}

function failure(message: string): Error {
  return Object.assign(new Error(message), { name: 'AgentError' })
}

function shown(cwd: string, dir: string): string {
  const path = relative(cwd, dir)
  return path === '' ? '.' : path.startsWith('..') ? dir : path
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
