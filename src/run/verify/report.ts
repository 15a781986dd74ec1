import { byCodeUnit } from '../../lib/json.ts'
import { toolKey } from '../../replay/tool-tape.ts'
import type { Provenance } from '../../schema/call.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { Trace } from '../../schema/trace.ts'
import type { CheckedRead, ReadVerdict, StaleFixture, ToolVerified } from '../../schema/verify.ts'

/** The reads by tool, tools in order of their names. Pure. */
export function byTool(reads: readonly CheckedRead[], known: KnownTools): readonly ToolVerified[] {
  const names = [...new Set(reads.map(({ request }) => request.name))].toSorted(byCodeUnit)
  return names.map((tool) => {
    const ours = reads.filter(({ request }) => request.name === tool)
    const count = (verdict: ReadVerdict): number => ours.filter((read) => read.verdict === verdict).length
    const why = ours.find(({ verdict }) => verdict === 'failed')?.why
    return {
      tool,
      guessed: known(tool).from === 'name',
      counts: {
        same: count('same'),
        changed: count('changed'),
        failed: count('failed'),
        'not-comparable': count('not-comparable'),
      },
      ...(why === undefined ? {} : { why }),
    }
  })
}

/** The fixtures that hold replies which are no longer given, case by case. Pure. */
export function staleFixtures(reads: readonly CheckedRead[]): readonly StaleFixture[] {
  const stale = new Map<string, { eval: string; case: string; reads: CheckedRead[] }>()
  for (const read of reads) {
    if (read.verdict !== 'changed') continue
    const key = `${read.eval} ${read.case}`
    const known = stale.get(key)
    if (known === undefined) stale.set(key, { eval: read.eval, case: read.case, reads: [read] })
    else known.reads.push(read)
  }
  return [...stale.values()]
}

/** Replies that did not come from a recording. */
const fromElsewhere: ReadonlySet<Provenance> = new Set([
  'pure-live',
  'cached',
  'injected',
  'simulated',
  'live',
  'miss',
])

/**
 * Whether a trial was served a reply that is stale: by the recorded step its trace names, and where it names none
 * (`exact`), by the call itself. Pure.
 */
export function restsOn(
  { source, spans }: Pick<Trace, 'source' | 'spans'>,
  { reads }: StaleFixture,
): boolean {
  return spans.some((span) => {
    if (span.kind !== 'tool' || span.served === undefined || fromElsewhere.has(span.served)) return false
    const step = span.attributes?.['evalkit.served.step']
    const from = span.attributes?.['evalkit.served.trace'] ?? source.at
    return reads.some((read) =>
      step === undefined
        ? read.trace === from && toolKey(read.request) === toolKey(span.request)
        : read.trace === from && read.step === step,
    )
  })
}

/** 1 where something is stale, 4 where tools could not be asked, 3 where nothing could be compared, else 0. */
export function verifyExit(tools: readonly ToolVerified[]): 0 | 1 | 3 | 4 {
  const sum = (verdict: ReadVerdict): number =>
    tools.reduce((total, { counts }) => total + counts[verdict], 0)
  if (sum('changed') > 0) return 1
  if (sum('failed') > 0) return 4
  return sum('same') > 0 ? 0 : 3
}
