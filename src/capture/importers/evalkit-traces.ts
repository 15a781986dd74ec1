import { type Span, trace as traceSchema } from '../../schema/trace.ts'
import { traceInLine } from '../../schema/trace-line.ts'
import { checked, fingerprint, headOf, skipped } from './foreign.ts'
import type { Importer } from './importer.ts'

/** How many lines are looked at for one that is ours: the first ones may be broken. */
const looked = 20

/**
 * Traces as `evalkit trace export` writes them: one a line, under the id they had (`schema/trace-line.ts`). What is read is in the store what it
 * was: format and place are those of the file it first came from.
 */
export const evalkitTraces: Importer = {
  name: 'evalkit-traces',
  description: 'Traces that evalkit exported: JSON lines, one trace a line.',
  looksFor: 'JSON lines with "v", "id", "source" and "spans"',
  keepsFormat: true,

  detect(source) {
    let count = 0
    for (const line of headOf(source)) {
      if ('value' in line && isTrace(line.value)) return true
      if (++count >= looked) return false
    }
    return false
  },

  *read(source) {
    for (const line of source.records()) {
      if ('problem' in line) {
        yield skipped(line.at, line.problem)
        continue
      }
      const read = traceInLine(line.value)
      const result = checked(traceSchema, read.value, [])
      if (!result.ok) {
        yield skipped(line.at, `${result.at}: ${result.reason}`)
        continue
      }
      if (fingerprint(result.record) === undefined) {
        yield skipped(line.at, 'it holds a number that JSON cannot say')
        continue
      }
      const broken = brokenTree(result.record)
      if (broken !== undefined) {
        yield skipped(line.at, broken)
        continue
      }
      const trace = read.whole(result.record)
      yield trace === undefined
        ? skipped(line.at, 'a model request goes on from one that is not there')
        : { trace }
    }
  },
}

function isTrace(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    'id' in value &&
    'source' in value &&
    'spans' in value &&
    Array.isArray(value.spans)
  )
}

/** Each member of a span may be right, and the spans no tree: an id twice, or a parent that is not there. */
function brokenTree({
  spans,
}: {
  readonly spans: readonly Pick<Span, 'id' | 'parent'>[]
}): string | undefined {
  const ids = new Set(spans.map(({ id }) => id))
  if (ids.size !== spans.length) return 'two of its spans have one id'
  const orphan = spans.some(({ parent }) => parent !== null && !ids.has(parent))
  return orphan ? 'a span lies in one that is not there' : undefined
}
