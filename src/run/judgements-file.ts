import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { linesOf } from '../dataset/lines.ts'
import { writeWhole } from '../dataset/write-whole.ts'
import { byCodeUnit } from '../lib/json.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type CanaryLine, type Judgement, type JudgementLine, judgementLine } from '../schema/judgement.ts'
import { jsonFrom, recordFrom } from '../schema/read.ts'

/** Lines of one file: a thousand cases, ten judges, ten trials. */
const mostLines = 200_000

/** What makes two verdicts one: the same instrument, asked the same about the same. */
export type JudgementKey = Pick<
  Judgement,
  'fingerprint' | 'criterion' | 'case' | 'subject' | 'trial' | 'sample'
>

/** A file of recorded verdicts that may be added to. */
export interface JudgementsFile {
  /** As they stood when it was opened, in order. */
  readonly lines: readonly JudgementLine[]
  /** Whether its last line has no end, as a process leaves it that was killed; half a line is left out. */
  readonly isTorn: boolean
  /** It is in the file when this returns: who is killed afterwards loses nothing of it. */
  add(line: JudgementLine): void
  /** Puts the file in order, with whatever others have added to it meanwhile. Without an addition it is left alone. */
  close(): Promise<void>
}

/**
 * Opens `evals/<eval>.judgements.jsonl`; none there is an empty one. Lines that are added are appended, each in one write, and
 * put in order at the end: a verdict costs money, and must not wait for an orderly end to be kept. Throws the readers' codes
 * and `EVK_SCHEMA` with file and line, and `EVK_JUDGEMENTS_CONFLICT`.
 */
export async function openJudgementsFile(path: string, shownAs: string): Promise<JudgementsFile> {
  const { lines, isTorn } = await readJudgements(path, shownAs)
  let added = false
  return {
    lines,
    isTorn,
    add(line) {
      // A line without an end would swallow the one behind it.
      if (!added && isTorn) writeWhole(path, judgementsText(lines))
      added = true
      try {
        mkdirSync(dirname(path), { recursive: true })
        appendFileSync(path, lineText(line))
      } catch (error) {
        throw fileError(error, shownAs)
      }
    },
    async close() {
      if (!added) return
      const { lines: all } = await readJudgements(path, shownAs)
      writeWhole(path, judgementsText(all))
    },
  }
}

/**
 * All lines of a file, merged and in order. A last line that is no JSON and has no end is what a killed process left, and is
 * left out; anything else that is not in form is refused.
 */
export async function readJudgements(
  path: string,
  shownAs: string,
): Promise<{ readonly lines: readonly JudgementLine[]; readonly isTorn: boolean }> {
  if (!existsSync(path)) return { lines: [], isTorn: false }
  const found = merging(shownAs)
  try {
    for await (const { number, text } of linesOf(path, shownAs)) {
      const at = { file: shownAs, line: number }
      if (number > mostLines) {
        throw new EvalkitError('EVK_FILE_TOO_LARGE', `The file has more than ${mostLines} lines.`, { at })
      }
      found.add(recordFrom(judgementLine, jsonFrom(text, at), at, 'judgement'), number)
    }
  } catch (error) {
    if (!isTornLine(path, error)) throw error
    return { lines: found.lines(), isTorn: true }
  }
  return { lines: found.lines(), isTorn: newlinesIn(path).isOpen }
}

/** The text of a file: one line each, sorted. The same lines give the same bytes, in whatever order they came. */
export function judgementsText(lines: readonly JudgementLine[]): string {
  return lines.toSorted(inOrder).map(lineText).join('')
}

/** Lines without those of judges that are used no more. */
export function prunedJudgements(
  lines: readonly JudgementLine[],
  isUsed: (of: Pick<Judgement, 'fingerprint' | 'criterion'>) => boolean,
): readonly JudgementLine[] {
  return lines.filter((line) => isUsed(line))
}

/** A key as a text, for maps. */
export function keyText({ fingerprint, criterion, case: id, subject, trial, sample }: JudgementKey): string {
  return JSON.stringify([fingerprint, criterion, id, subject, trial, sample])
}

/** What names a judge in canary lines. */
export function canaryKey({ fingerprint, criterion }: Pick<CanaryLine, 'fingerprint' | 'criterion'>): string {
  return `${fingerprint} ${criterion}`
}

/**
 * Two canary lines of one judge are one: what it ever let pass, it let pass. To ask until it withstands would be to retry it
 * into a pass; who knows better takes the line out.
 */
export function bothCanaries(one: CanaryLine, other: CanaryLine): CanaryLine {
  const union = (a: readonly string[], b: readonly string[]): string[] =>
    [...new Set([...a, ...b])].sort(byCodeUnit)
  return { ...one, asked: union(one.asked, other.asked), passed: union(one.passed, other.passed) }
}

function merging(shownAs: string): {
  add(line: JudgementLine, number: number): void
  lines(): JudgementLine[]
} {
  const verdicts = new Map<string, Judgement>()
  const canaries = new Map<string, CanaryLine>()
  return {
    add(line, number) {
      if (line.kind === 'canary') {
        const earlier = canaries.get(canaryKey(line))
        canaries.set(canaryKey(line), earlier === undefined ? line : bothCanaries(earlier, line))
        return
      }
      const key = keyText(line)
      const earlier = verdicts.get(key)
      // Two people may have recorded the same, and git has put both side by side: the first is as good as the second.
      if (earlier === undefined) verdicts.set(key, line)
      else if (earlier.verdict !== line.verdict) {
        throw new EvalkitError(
          'EVK_JUDGEMENTS_CONFLICT',
          `The judge "${line.judge}" says "${earlier.verdict}" and "${line.verdict}" of case "${line.case}", trial ${line.trial}, sample ${line.sample}.`,
          { at: { file: shownAs, line: number } },
        )
      }
    },
    lines: () => [...canaries.values(), ...verdicts.values()].sort(inOrder),
  }
}

function lineText(line: JudgementLine): string {
  return `${inertJson(flatJson(line))}\n`
}

/** Canaries first, for they say what the rest is worth; then as people look for verdicts. */
function inOrder(a: JudgementLine, b: JudgementLine): number {
  if (a.kind === 'verdict' && b.kind === 'verdict') {
    return (
      byCodeUnit(a.case, b.case) ||
      a.trial - b.trial ||
      byCodeUnit(a.judge, b.judge) ||
      byCodeUnit(a.criterion, b.criterion) ||
      byCodeUnit(a.fingerprint, b.fingerprint) ||
      byCodeUnit(a.subject, b.subject) ||
      a.sample - b.sample
    )
  }
  if (a.kind !== b.kind) return a.kind === 'canary' ? -1 : 1
  return (
    byCodeUnit(a.judge, b.judge) ||
    byCodeUnit(a.criterion, b.criterion) ||
    byCodeUnit(a.fingerprint, b.fingerprint)
  )
}

/** Half of a line: what was being written when the process was killed, or the disk was full. */
function isTornLine(path: string, error: unknown): boolean {
  if (!EvalkitError.is(error)) return false
  const { code, at } = error
  if (code !== 'EVK_JSON_SYNTAX' && code !== 'EVK_FILE_BINARY') return false
  const { count, isOpen } = newlinesIn(path)
  return isOpen && at.line === count + 1
}

/** How many lines a file ends, and whether there is more behind the last of them. */
function newlinesIn(path: string): { readonly count: number; readonly isOpen: boolean } {
  const file = openSync(path, 'r')
  try {
    const chunk = Buffer.alloc(64 * 1024)
    let count = 0
    let last = newline
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      for (let at = 0; at < read; at++) if (chunk[at] === newline) count++
      last = chunk[read - 1] ?? newline
    }
    return { count, isOpen: last !== newline }
  } finally {
    closeSync(file)
  }
}

const newline = 0x0a
