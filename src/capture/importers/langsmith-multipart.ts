import { readJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
import type { Json } from '../../schema/json.ts'
import { jsonProblemText } from '../../schema/read.ts'
import { isRecord } from '../../tap/wire/text.ts'
import { skipped } from './foreign.ts'
import type { Problem } from './importer.ts'
import { type BodyPart, partsIn, startsAsMultipart } from './multipart.ts'
import type { Row } from './rows-of.ts'

/** Whether a file is a body that an SDK of LangSmith posted in parts. */
export function isRunParts(bytes: Uint8Array): boolean {
  return startsAsMultipart(bytes, 'post.', 'patch.', 'feedback.', 'attachment.')
}

/**
 * The runs in a body of `POST /runs/multipart`, which the SDKs of LangSmith send where they may: the part `post.<id>` is the run without
 * its large members, `post.<id>.inputs`, `.outputs`, `.events` (of Python also `.extra`, `.error`, `.serialized`) are those, each JSON;
 * `patch.<id>` and its members complete it; `feedback.<id>` is a judgement of a run, `attachment.<id>.<name>` bytes that belong to one
 * (https://github.com/langchain-ai/langsmith-sdk: `js/src/client.ts`, `python/langsmith/_internal/_operations.py`). A part that cannot be
 * read, or is an attachment, is a problem, and harms no other.
 */
export function rowsInParts(bytes: Uint8Array): readonly (Row | Problem)[] {
  const problems: Problem[] = []
  const records = new Map<string, Record<string, Json>>()
  const into = (key: string, members: Record<string, Json>): void => {
    records.set(key, { ...records.get(key), ...members })
  }
  for (const found of partsIn(bytes)) {
    if ('problem' in found) {
      problems.push(skipped(found.at, found.problem))
      continue
    }
    const { part } = found
    const at = oneLine(`part ${part.name}`, 200)
    const named = nameOf(part.name)
    const read = named?.event === 'attachment' ? undefined : jsonIn(part)
    if (named === undefined) problems.push(skipped(at, 'no run has a part of this name'))
    else if (read === undefined) {
      const what = `attachments are not read (${oneLine(part.type, 80)}, ${part.content.length} bytes)`
      problems.push(skipped(at, what))
    } else if ('problem' in read) problems.push(skipped(at, read.problem))
    else if (named.event === 'feedback') {
      const { run_id: run, trace_id: trace } = isRecord(read.value) ? read.value : {}
      const of = typeof run === 'string' ? run : trace
      if (typeof of !== 'string') problems.push(skipped(at, 'the feedback is of no run'))
      else {
        const key = `feedback.${of}`
        const before = records.get(key)?.['feedback']
        into(key, { id: of, feedback: [...(Array.isArray(before) ? (before as Json[]) : []), read.value] })
      }
    } else {
      const { event, id, member } = named
      const members = member === undefined && isRecord(read.value) ? (read.value as Record<string, Json>) : {}
      if (member === undefined && !isRecord(read.value)) problems.push(skipped(at, 'the run is no object'))
      // What stands in a part of its own is never in the run's.
      else
        into(`${event}.${id}`, { ...members, ...(member === undefined ? {} : { [member]: read.value }), id })
    }
  }
  const rows = [...records].map(([key, value]) => ({
    at: `part ${key}`,
    list: key.slice(0, key.indexOf('.')),
    value,
  }))
  return [...problems, ...rows]
}

interface PartName {
  readonly event: 'post' | 'patch' | 'feedback' | 'attachment'
  readonly id: string
  readonly member?: string
}

const membersApart = new Set(['inputs', 'outputs', 'events', 'extra', 'error', 'serialized'])

function nameOf(name: string): PartName | undefined {
  const [, event, id = '', member] = /^([a-z]{1,16})\.([^.]{1,64})(?:\.(.{1,400}))?$/s.exec(name) ?? []
  if (event === 'feedback' && member === undefined) return { event, id }
  if (event === 'attachment' && member !== undefined) return { event, id, member }
  if (event !== 'post' && event !== 'patch') return undefined
  if (member === undefined) return { event, id }
  return membersApart.has(member) ? { event, id, member } : undefined
}

function jsonIn({ content }: BodyPart): { readonly value: Json } | { readonly problem: string } {
  try {
    const read = readJson(new TextDecoder('utf-8', { fatal: true }).decode(content))
    return read.ok ? { value: read.value as Json } : { problem: jsonProblemText(read.problem) }
  } catch (error) {
    if (error instanceof TypeError) return { problem: 'it is not UTF-8 text' }
    throw error
  }
}
