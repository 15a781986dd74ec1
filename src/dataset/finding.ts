/** What can be wrong with a dataset. */
export type FindingKind =
  | 'schema'
  | 'duplicate-id'
  | 'duplicate'
  | 'near-duplicate'
  | 'contradiction'
  | 'secret'
  | 'fixture-missing'
  | 'fixture-unused'
  | 'cannot-fail'
  | 'not-looked-at'

/**
 * One thing that is wrong with a dataset, or could be. `error`: it gives wrong results or may not be committed. `warning`: a
 * person should look. `note`: what was not looked at. Texts may hold what stands in the file: hostile.
 */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  readonly kind: FindingKind
  readonly file: string
  readonly line?: number
  readonly case?: string
  readonly what: string
  readonly hint?: string
}
