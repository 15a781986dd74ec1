import type { Json } from '../../schema/json.ts'
import type { Observation } from './observation.ts'

/** Names that mean something to us are not for strangers to say. */
export function foreignAttributes(attributes: Observation['attributes']): Record<string, Json | undefined> {
  return Object.fromEntries(
    Object.entries(attributes ?? {}).map(([key, value]) => [
      key.startsWith('evalkit.') || key === 'requestor' ? `source.${key}` : key,
      value,
    ]),
  )
}
