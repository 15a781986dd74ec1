import { canonicalJson } from '../../lib/json.ts'
import { kindsIn } from '../../lib/redact/placeholder.ts'
import { createState } from '../../replay/state.ts'
import { toolKey } from '../../replay/tool-tape.ts'
import type { ToolRequest } from '../../schema/call.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { Recording } from '../../schema/recording.ts'
import type { RecordedRead } from '../../schema/verify.ts'

/** Which reads are asked again. */
export interface ReadSettings {
  readonly known: KnownTools
  /** Tools whose effect is only guessed by their name too. */
  readonly includeGuessed: boolean
  /** Only these tools; none: all. */
  readonly only: readonly string[]
}

/**
 * The recorded calls of a run that change nothing, in their order, and the tools that were left out because nobody says
 * that they read. What was read after a write of this run is told apart: today's world has not seen that write. Pure.
 */
export function readsOf(
  recording: Recording,
  place: { readonly eval: string; readonly case: string },
  { known, includeGuessed, only }: ReadSettings,
): { readonly reads: readonly RecordedRead[]; readonly skipped: readonly string[] } {
  const state = createState(known)
  const untouched = createState(known)
  const reads: RecordedRead[] = []
  const skipped = new Set<string>()
  for (const [index, { kind, request, reply }] of recording.calls.entries()) {
    if (kind !== 'tool') continue
    const { name, arguments: given } = request
    const { effect, from } = known(name)
    const isRead = effect === 'read' || effect === 'pure'
    const isAsked = only.length === 0 || only.includes(name)
    if (isRead && isAsked && from === 'name' && !includeGuessed) skipped.add(name)
    else if (isRead && isAsked) {
      const isOld = effect === 'pure' || state.digestOf(name, given) === untouched.digestOf(name, given)
      const why = isOld ? unaskable(request) : 'something was written before it'
      const read = { ...place, trace: recording.trace, step: index + 1, request, reply }
      reads.push(why === undefined ? read : { ...read, incomparable: why })
    }
    state.answered(name, given, toolKey(request), reply.isError)
  }
  return { reads, skipped: [...skipped].toSorted() }
}

function unaskable({ malformed, arguments: given }: ToolRequest): string | undefined {
  if (malformed === true) return 'its arguments are no JSON'
  return kindsIn(canonicalJson(given)).length > 0 ? 'a secret was taken out of its arguments' : undefined
}
