import { readJson, sameJson } from '../../lib/json.ts'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { type PathStep, replacedAt } from '../../lib/json-path.ts'
import type { ToolReply } from '../../schema/call.ts'
import type { CheckedRead, RecordedRead } from '../../schema/verify.ts'

/** What a live tool said, or why it said nothing. */
export type LiveAnswer = { readonly reply: ToolReply } | { readonly failed: string }

/** Differences kept of one read: enough to see what changed. */
const mostDifferences = 20

/**
 * Holds a recorded reply against the live one, as canonical JSON; a text that is JSON is what it says. An error is
 * stale only where it was recorded: the same error is the same reply, another one says nothing. `ignored` are paths
 * from `response` that are left out on both sides. Pure.
 */
export function compareRead(
  read: RecordedRead,
  answer: LiveAnswer | undefined,
  ignored: readonly (readonly PathStep[])[] = [],
): CheckedRead {
  const because = (verdict: CheckedRead['verdict'], why: string): CheckedRead => {
    return { ...read, verdict, why, differences: [] }
  }
  if (read.incomparable !== undefined) return because('not-comparable', read.incomparable)
  if (answer === undefined) return because('failed', 'it was not asked')
  if ('failed' in answer) return because('failed', answer.failed)
  const { reply } = answer
  const [recorded, live] = [shownAs(read.reply, ignored), shownAs(reply, ignored)]
  if (reply.isError) {
    if (read.reply.isError && sameJson(recorded, live)) return { ...read, verdict: 'same', differences: [] }
    return because('failed', `it answers with an error: ${errorIn(reply)}`)
  }
  const differences = jsonDifferences(
    read.reply.isError ? { isError: true, ...recorded } : recorded,
    live,
    mostDifferences,
  )
  return { ...read, verdict: differences.length === 0 ? 'same' : 'changed', differences }
}

function shownAs({ response }: ToolReply, ignored: readonly (readonly PathStep[])[]): object {
  const shown: unknown = { response: read(response) }
  return ignored.reduce<unknown>((value, path) => replacedAt(value, path, () => null), shown) as object
}

function read(response: unknown): unknown {
  if (typeof response !== 'string' || !/^\s*[[{]/.test(response)) return response
  const parsed = readJson(response)
  return parsed.ok ? parsed.value : response
}

function errorIn({ response }: ToolReply): string {
  const thrown =
    typeof response === 'object' && response !== null && 'thrown' in response ? response.thrown : undefined
  const message =
    typeof thrown === 'object' && thrown !== null && 'message' in thrown ? thrown.message : response
  return (typeof message === 'string' ? message : (JSON.stringify(message) ?? '')).slice(0, 300)
}
