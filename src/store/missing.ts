import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'

/** The errors of asking a store for what it does not hold: one wording for every store. */
export function traceNotFound(asked: string): EvalkitError {
  return new EvalkitError('EVK_TRACE_NOT_FOUND', `No trace has the id ${quoted(asked)}, or begins with it.`)
}

/** `ids` are the first few that begin so. */
export function traceAmbiguous(asked: string, ids: readonly string[]): EvalkitError {
  return new EvalkitError('EVK_TRACE_AMBIGUOUS', `More than one trace id begins with ${quoted(asked)}.`, {
    details: ids.slice(0, 5),
  })
}

export function runNotFound(asked: string, names: Iterable<string>): EvalkitError {
  const near = nearestWord(asked, [...names])
  return new EvalkitError('EVK_RUN_NOT_FOUND', `No run has the id or name ${quoted(asked)}.`, {
    details: near === undefined ? [] : [`nearest: ${near}`],
  })
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
