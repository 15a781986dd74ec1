import type { Usage } from '../../schema/call.ts'

export interface CountedTokens {
  readonly input?: number | undefined
  readonly cacheRead?: number | undefined
  readonly cacheWrite?: number | undefined
  readonly output?: number | undefined
  readonly reasoning?: number | undefined
  /** What `input` counts: all that went in, cached or not, or only what was neither read from nor written to a cache. */
  readonly counts: 'all' | 'uncached'
}

/**
 * Token counts as three disjoint input numbers. A source that says less than was read from the cache did not count that
 * in, whatever its convention. `undefined` where neither input nor output is known.
 */
export function usageOf({ counts, ...told }: CountedTokens): Usage | undefined {
  const [input, output] = [count(told.input), count(told.output)]
  if (input === undefined && output === undefined) return undefined
  const cacheRead = count(told.cacheRead) ?? 0
  const cacheWrite = count(told.cacheWrite) ?? 0
  const cached = cacheRead + cacheWrite
  const all = input ?? 0
  const reasoning = count(told.reasoning)
  return {
    input: counts === 'all' && all >= cached ? all - cached : all,
    cacheRead,
    cacheWrite,
    output: output ?? 0,
    ...(reasoning === undefined ? {} : { reasoning }),
  }
}

function count(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined
}
