import type { Usage } from '../../schema/call.ts'
import type { Body } from '../../tap/wire/text.ts'
import { numberIn } from '../otlp/told.ts'

const cacheReads =
  /^(?:input_cached_tokens|input_cache_read|cache_read_input_tokens|prompt_details\.cache_read)$/
const cacheWrites =
  /^(?:input_cache_creation|input_cache_write|cache_creation_input_tokens|prompt_details\.cache_write)$/
const reasons = /^(?:output_reasoning_tokens|output_reasoning|completion_details\.reasoning)$/

/**
 * `usageDetails` of Langfuse: counts that do not overlap, whose sum is `total`
 * (https://langfuse.com/docs/observability/features/token-and-cost-tracking). Some that write them leave the details inside `input` and
 * `output`: then the total is that of these two. Without a total they do not overlap.
 */
export function langfuseUsage(details: Body): Usage | undefined {
  const counts = Object.entries(details).flatMap(([name, value]) => {
    const count = numberIn(value)
    return count === undefined || count < 0 ? [] : [[name, count] as const]
  })
  const sum = (of: (name: string) => boolean): number =>
    counts.reduce((all, [name, count]) => (of(name) ? all + count : all), 0)
  const named = (name: string): number | undefined => counts.find(([own]) => own === name)?.[1]
  const [input, output, total] = [named('input'), named('output'), named('total')]
  if (input === undefined && output === undefined) return undefined
  const cacheRead = sum((name) => cacheReads.test(name))
  const cacheWrite = sum((name) => cacheWrites.test(name))
  const reasoning = sum((name) => reasons.test(name))
  const within = total !== undefined && total === (input ?? 0) + (output ?? 0)
  const isCached = (name: string): boolean => cacheReads.test(name) || cacheWrites.test(name)
  const known = counts.some(([name]) => reasons.test(name)) ? { reasoning } : {}
  if (within) {
    return {
      input: Math.max(0, (input ?? 0) - cacheRead - cacheWrite),
      cacheRead,
      cacheWrite,
      output: output ?? 0,
      ...known,
    }
  }
  return {
    input: sum((name) => name.startsWith('input') && !isCached(name)),
    cacheRead,
    cacheWrite,
    output: sum((name) => name.startsWith('output') || reasons.test(name)),
    ...known,
  }
}
