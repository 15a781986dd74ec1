/** What a dataset holds, what is wrong with it, and what it lacks: handed from who finds out to who prints. */

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
export interface DatasetFinding {
  readonly severity: 'error' | 'warning' | 'note'
  readonly kind: FindingKind
  readonly file: string
  readonly line?: number
  readonly case?: string
  readonly what: string
  readonly hint?: string
}

/** A dataset that was checked. */
export interface CheckedDataset {
  readonly name: string
  readonly file: string
  readonly cases: number
  /** Evals whose checks were asked. */
  readonly evals: readonly string[]
  readonly findings: readonly DatasetFinding[]
}

/** The kinds of features, in the order they are shown. */
export const featureKinds = ['tool', 'pair', 'error', 'writes', 'category', 'score'] as const
export type FeatureKind = (typeof featureKinds)[number]

/** One feature. `name` is text from traces: hostile. */
export interface Feature {
  readonly kind: FeatureKind
  readonly name: string
}

/** A feature that production shows, how often, and whether the dataset shows it too. */
export interface Covered extends Feature {
  /** Production traces that show it. */
  readonly traces: number
  /** A few of them, by id. */
  readonly examples: readonly string[]
  readonly covered: boolean
}

/** How many cases have what is named, most first. `name` is text from the dataset: hostile. */
export interface Count {
  readonly name: string
  readonly cases: number
}

/** What is in a dataset. */
export interface DatasetStats {
  readonly cases: number
  readonly categories: readonly Count[]
  readonly tags: readonly Count[]
  /** Clusters of more than one case. */
  readonly clusters: readonly Count[]
  /** `traces`, `by hand`, or what they were imported from. */
  readonly sources: readonly Count[]
  /** Of the situation, not of the line: when the first trace ran, else when somebody added it. In their order. */
  readonly ages: readonly Count[]
  readonly tools: readonly Count[]
  /** Recordings of all cases, and cases without one. */
  readonly recordings: number
  readonly unrecorded: number
}

/** A trace that is worth a case, and what it shows that nothing before it does. */
export interface Suggestion {
  readonly trace: string
  readonly adds: readonly Feature[]
}

export interface Suggestions {
  readonly picked: readonly Suggestion[]
  /** Features that some run shows and the dataset does not, and how many of them are left when all picked are promoted. */
  readonly missing: number
  readonly left: number
}

/** A dataset beside what production showed. */
export interface DatasetCoverage {
  readonly name: string
  readonly file: string
  readonly hash: string
  readonly stats: DatasetStats
  readonly production: { readonly traces: number; readonly features: readonly Covered[] }
}

/** What an import left out, once for all that are alike, with the lines of the first few. */
export interface LeftGroup {
  readonly what: string
  readonly why: string
  readonly count: number
  readonly lines: readonly number[]
}

/** What became of a foreign dataset. */
export interface ImportedDataset {
  readonly dataset: string
  readonly file: string
  /** The format it was read as. */
  readonly format: string
  readonly added: number
  /** Cases that were there already, word for word. */
  readonly known: number
  /** Secrets that were taken out, by kind. */
  readonly redacted: Readonly<Record<string, number>>
  readonly left: readonly LeftGroup[]
}
