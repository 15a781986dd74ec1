import { join } from 'node:path'
import type { SpoolRecord } from '../../schema/spool.ts'
import { RecordsLost, type Sink } from './sink.ts'
import {
  closeQuietly,
  codeOf,
  isFull,
  isIntact,
  openNew,
  openNewSync,
  sizeOfSpools,
  sizeOfSpoolsSync,
  type Written,
  writeAll,
  writeAllSync,
} from './spool-file.ts'
import { lineOf, maxLineBytes } from './spool-line.ts'

export interface SpoolOptions {
  /** Made where it is missing, for its owner alone. */
  readonly dir: string
  readonly pid: number
  /** When the process started, in ms since the epoch: names of spools sort by it. */
  readonly startedAt: number
  /** A few random letters: they keep processes apart that share a pid and a start (containers). */
  readonly random: string
  /** A file that would grow beyond it is followed by the next part. */
  readonly maxFileBytes?: number
  /** Bytes of all spools in the folder, after which records are refused. Nothing is ever deleted. */
  readonly maxTotalBytes?: number
  /** The longest line; a longer one loses the bodies of its attempts, or is refused. */
  readonly maxLineBytes?: number
}

interface Line {
  readonly record: SpoolRecord
  readonly bytes: Uint8Array
}

interface OpenFile {
  readonly fd: number
  /** Where the next line goes. */
  position: number
  /** A line was torn: the next one starts with a newline, so that it is not lost with it. */
  torn: boolean
  /** The system is at work on it: until that is over it must not be closed, or its number could become another's. */
  busy: boolean
  /** To be closed once it is not busy. */
  left: boolean
}

/** A write that is not over. */
interface Job {
  readonly lines: readonly Line[]
  /** Lines that are through, written or lost. */
  next: number
  readonly lost: SpoolRecord[]
  why: string
  /** `writeSync` brought it to its end: what is still under way for it changes nothing any more. */
  over: boolean
  readonly signal: AbortSignal | undefined
}

/** After so many refused writes the folder is counted again: somebody may have made room. */
const refusalsBetweenCounts = 64

/**
 * Appends records to a file of its own, one JSON record a line: `<start>-<pid>-<random>.jsonl`, then `….1.jsonl` and
 * so on. Files are made when there is something to write, new (never through a link), readable by their owner alone.
 * Lines go out whole, as many as there are in one write of the operating system. Killed at any moment, all that was
 * handed over is there, and at most the last line of a file is torn; a disk that is full tears one line, and the
 * next one starts fresh. A spool that somebody else deleted or changed is left, and another begun.
 *
 * Every write names its place in a file that nobody else writes to. So what is under way when the process goes can
 * be done again without harm: the same bytes come to the same place.
 */
export function spoolSink(options: SpoolOptions): Sink {
  const { dir, maxFileBytes = 64 * 1024 * 1024, maxTotalBytes = 1024 * 1024 * 1024 } = options
  const lineLimit = options.maxLineBytes ?? maxLineBytes
  const base = nameOf(options)
  const jobs = new Set<Job>()
  let tail: Promise<void> = Promise.resolve()
  let file: OpenFile | undefined
  let part = 0
  /** Bytes of all spools in the folder, as far as we know. */
  let total: number | undefined
  let refusals = 0

  function nextPath(): string {
    const path = join(dir, part === 0 ? `${base}.jsonl` : `${base}.${part}.jsonl`)
    part++
    return path
  }

  async function run(job: Job): Promise<void> {
    // Nobody waits for it any more, and it was counted as lost.
    if (job.signal?.aborted === true) return
    const known = file
    if (known !== undefined && !(await atWork(known, isIntact(known.fd, known.position))) && !job.over)
      leave()
    while (!job.over && job.next < job.lines.length) {
      try {
        total ??= await sizeOfSpools(dir)
        if (file === undefined && !job.over) await open(job)
      } catch (error) {
        if (!job.over) loseRest(job, `the spool could not be opened (${codeOf(error)})`)
        return
      }
      const target = file
      if (job.over || target === undefined) return
      const { taken, bytes } = fitting(job, target)
      if (taken.length === 0) leave()
      else if (!refuses(job, bytes.length)) {
        const written = await atWork(target, writeAll(target.fd, bytes, target.position))
        if (!job.over) settle(job, target, taken, written)
      }
    }
  }

  async function open(job: Job): Promise<void> {
    const path = nextPath()
    const fd = await openNew(path, dir)
    // The process was said to be going, and went on: its records are in the next part.
    if (job.over) closeQuietly(fd, path)
    else file = openFile(fd)
  }

  function runSync(job: Job): void {
    while (job.next < job.lines.length) {
      try {
        total ??= sizeOfSpoolsSync(dir)
        file ??= openFile(openNewSync(nextPath(), dir))
      } catch (error) {
        loseRest(job, `the spool could not be opened (${codeOf(error)})`)
        return
      }
      const { taken, bytes } = fitting(job, file)
      if (taken.length === 0) leave()
      else if (!refuses(job, bytes.length)) {
        settle(job, file, taken, writeAllSync(file.fd, bytes, file.position))
      }
    }
  }

  /** The lines that fit into the file, one at least where it is new, and their bytes. */
  function fitting(job: Job, { position, torn }: OpenFile): { taken: readonly Line[]; bytes: Uint8Array } {
    const taken: Line[] = []
    const parts: Uint8Array[] = torn ? [newline] : []
    let end = position + (torn ? 1 : 0)
    for (const line of job.lines.slice(job.next)) {
      end += line.bytes.length
      if (end > maxFileBytes && (position > 0 || taken.length > 0)) break
      taken.push(line)
      parts.push(line.bytes)
    }
    return { taken, bytes: Buffer.concat(parts) }
  }

  function refuses(job: Job, size: number): boolean {
    if ((total ?? 0) + size <= maxTotalBytes) return false
    loseRest(job, `the spools in ${dir} have reached ${maxTotalBytes} bytes`)
    if (++refusals % refusalsBetweenCounts === 0) total = undefined
    return true
  }

  /** What became of lines, by how many of their bytes were written. */
  function settle(job: Job, target: OpenFile, taken: readonly Line[], { written, error }: Written): void {
    let left = Math.max(0, written - (target.torn ? 1 : 0))
    if (written > 0) target.torn = false
    for (const { record, bytes } of taken) {
      if (left < bytes.length) {
        job.lost.push(record)
        if (left > 0) target.torn = true
      }
      left = Math.max(0, left - bytes.length)
    }
    target.position += written
    total = (total ?? 0) + written
    job.next += taken.length
    if (error === undefined) return
    loseRest(job, `the spool could not be written (${codeOf(error)})`)
    if (!isFull(error)) leave()
  }

  function leave(): void {
    if (file === undefined) return
    if (file.busy) file.left = true
    else closeQuietly(file.fd)
    file = undefined
  }

  return {
    name: 'spool',
    async write(records, signal) {
      const job = jobOf(records, lineLimit, signal)
      jobs.add(job)
      tail = tail.then(() => run(job)).catch((error: unknown) => loseRest(job, codeOf(error)))
      await tail
      jobs.delete(job)
      throwLoss(job)
    },
    writeSync(records) {
      const job = jobOf(records, lineLimit)
      // A disk that did not answer for so long would not answer now either, and this would wait for it.
      if ([...jobs].some(({ signal }) => signal?.aborted === true)) loseRest(job, 'the disk does not answer')
      else {
        for (const underWay of [...jobs, job]) {
          if (underWay.over) continue
          underWay.over = true
          runSync(underWay)
        }
      }
      throwLoss(job)
    },
    async close() {
      await tail
      leave()
    },
  }
}

const newline = Buffer.from('\n')

/** `20261121T104334123Z-4711-9f86d081`. */
function nameOf({ startedAt, pid, random }: SpoolOptions): string {
  const stamp = new Date(startedAt).toISOString().replaceAll(/[-:.]/g, '')
  return `${stamp}-${pid}-${random.replaceAll(/\W/g, '_')}`
}

function jobOf(records: readonly SpoolRecord[], limit: number, signal?: AbortSignal): Job {
  const lines: Line[] = []
  const lost: SpoolRecord[] = []
  let why = ''
  for (const record of records) {
    const bytes = lineOf(record, limit)
    if (bytes !== undefined) {
      lines.push({ record, bytes })
      continue
    }
    lost.push(record)
    why = `a ${record.type} record is too long for a line, or no JSON`
  }
  return { lines, next: 0, lost, why, over: false, signal }
}

/** Everything that is left of a job is lost. */
function loseRest(job: Job, why: string): void {
  job.lost.push(...job.lines.slice(job.next).map(({ record }) => record))
  job.next = job.lines.length
  job.why = why
}

function throwLoss({ lost, why }: Job): void {
  if (lost.length > 0) throw RecordsLost.of(why, lost)
}

function openFile(fd: number): OpenFile {
  return { fd, position: 0, torn: false, busy: false, left: false }
}

async function atWork<T>(file: OpenFile, work: Promise<T>): Promise<T> {
  file.busy = true
  const result = await work
  file.busy = false
  if (file.left) closeQuietly(file.fd)
  return result
}
