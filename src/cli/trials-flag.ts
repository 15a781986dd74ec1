import { EvalkitError } from '../schema/errors.ts'

/** What `--trials` asks for, if it was given. Throws `EVK_USAGE` for what is no whole number from 1 (to `most`). */
export function trialsFrom(given: string | undefined, most = Infinity): number | undefined {
  if (given === undefined) return undefined
  const trials = Number(given)
  if (Number.isInteger(trials) && trials >= 1 && trials <= most) return trials
  const range = most === Infinity ? 'from 1' : `from 1 to ${most}`
  throw new EvalkitError('EVK_USAGE', `--trials takes a whole number ${range}, not "${given.slice(0, 40)}".`)
}
