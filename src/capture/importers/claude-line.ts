import * as z from 'zod'
import { json, type Json } from '../../schema/json.ts'

/**
 * A line of a Claude Code session, or a message of the Agent SDK: as far as both have it. Neither format is documented
 * or stable (https://docs.anthropic.com/en/docs/claude-code/sdk for the SDK's messages), so nothing but the type is
 * required, and what is of another type than it should be counts as absent.
 */
const text = z.string().optional().catch(undefined)
const yes = z.literal(true).optional().catch(undefined)

export const claudeLine = z.looseObject({
  type: z.string(),
  subtype: text,
  uuid: text,
  parentUuid: text,
  timestamp: text,
  sessionId: text,
  session_id: text,
  requestId: text,
  requestRef: text,
  /** Which block of the reply this line holds, in newer versions. */
  apiBlockIndex: z.number().optional().catch(undefined),
  agentId: text,
  isSidechain: yes,
  isMeta: yes,
  isSynthetic: yes,
  isCompactSummary: yes,
  isApiErrorMessage: yes,
  /** Why a model did not answer, in newer versions. */
  error: text,
  parent_tool_use_id: text,
  sourceToolAssistantUUID: text,
  message: z
    .looseObject({
      role: text,
      id: text,
      model: text,
      content: json.optional(),
      stop_reason: text,
      usage: json.optional(),
    })
    .optional()
    .catch(undefined),
})
export type ClaudeLine = z.infer<typeof claudeLine>

/** A line with where it stands and what it says in full. */
export interface PlacedLine {
  readonly at: string
  readonly line: ClaudeLine
  readonly raw: Json
}

/** Whether a line is a turn of somebody. */
export function isTurn({ type, message }: ClaudeLine): boolean {
  return (type === 'user' || type === 'assistant') && message?.content !== undefined
}

/** The time of a line as ISO 8601, where it is one. */
export function timeOf({ timestamp }: ClaudeLine): string | undefined {
  const at = timestamp === undefined ? Number.NaN : Date.parse(timestamp)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

/** Milliseconds from one ISO time to another, where both are known and in order. */
export function between(start: string | undefined, end: string | undefined): number | undefined {
  if (start === undefined || end === undefined) return undefined
  const ms = Date.parse(end) - Date.parse(start)
  return ms >= 0 ? ms : undefined
}

/**
 * Lines with every parent before its children, otherwise as they stand: blocks and results that were written by several
 * at once are not in order. A circle of parents is left as it is.
 */
export function parentsFirst(lines: readonly PlacedLine[]): readonly PlacedLine[] {
  const uuids = new Set(lines.flatMap(({ line }) => line.uuid ?? []))
  const done = new Set<string>()
  const waiting = new Map<string, PlacedLine[]>()
  const ordered: PlacedLine[] = []
  for (const line of lines) {
    const ready = [line]
    for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
      const { uuid, parentUuid: parent } = next.line
      if (parent !== undefined && parent !== uuid && uuids.has(parent) && !done.has(parent)) {
        const children = waiting.get(parent)
        if (children === undefined) waiting.set(parent, [next])
        else children.push(next)
        continue
      }
      ordered.push(next)
      if (uuid === undefined) continue
      done.add(uuid)
      ready.push(...(waiting.get(uuid) ?? []).toReversed())
      waiting.delete(uuid)
    }
  }
  return [...ordered, ...[...waiting.values()].flat()]
}
