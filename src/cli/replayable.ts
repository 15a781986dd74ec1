import { EvalkitError } from '../schema/errors.ts'
import { gradeOf } from '../schema/grade.ts'
import type { Trace } from '../schema/trace.ts'

/** The `EVK_TRACE_UNREPLAYABLE` of a trace that does not hold what a replay needs (grade C), naming all of it. */
export function incompleteness(trace: Trace): EvalkitError | undefined {
  const { grade, missing } = gradeOf(trace)
  if (grade !== 'C') return undefined
  const [first = 'something', ...others] = missing
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  return new EvalkitError(
    'EVK_TRACE_UNREPLAYABLE',
    `Trace ${trace.id} is not whole (replay grade C): missing is ${first}${more}.`,
    { details: missing.map((what) => `missing: ${what}`) },
  )
}
