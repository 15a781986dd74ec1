import { byCodeUnit } from '../lib/json.ts'
import type { Case, CaseSource } from '../schema/case.ts'
import type { Count, DatasetStats, Feature } from '../schema/dataset-report.ts'
import { featureKey } from './coverage.ts'

const day = 24 * 60 * 60 * 1000
const ageGroups: readonly (readonly [name: string, days: number])[] = [
  ['under a week', 7],
  ['under a month', 30],
  ['under a quarter', 91],
  ['under a year', 365],
  ['a year and more', Number.POSITIVE_INFINITY],
]
const unknownAge = 'unknown'

/** Counts a dataset, one case after the other. */
export class StatsOfCases {
  readonly #categories = new Map<string, number>()
  readonly #tags = new Map<string, number>()
  readonly #clusters = new Map<string, number>()
  readonly #sources = new Map<string, number>()
  readonly #ages = new Map<string, number>()
  readonly #tools = new Map<string, number>()
  readonly #held = new Set<string>()
  readonly #now: number
  #cases = 0
  #recordings = 0
  #unrecorded = 0

  /** `now` in milliseconds since the epoch. */
  constructor(now: number) {
    this.#now = now
  }

  /** `ranAt` is when the first trace of the case ran, where the store knows what the case does not. */
  add(one: Case, features: readonly Feature[], recordings: number, ranAt?: string): void {
    this.#cases++
    this.#recordings += recordings
    if (recordings === 0) this.#unrecorded++
    more(this.#categories, one.category ?? 'none')
    for (const tag of new Set(one.tags)) more(this.#tags, tag)
    if (one.cluster !== undefined) more(this.#clusters, one.cluster)
    more(this.#sources, sourceOf(one.source))
    more(this.#ages, this.#ageOf(one.source?.recordedAt ?? ranAt ?? one.source?.addedAt))
    for (const feature of features) {
      this.#held.add(featureKey(feature))
      if (feature.kind === 'tool') more(this.#tools, feature.name)
    }
  }

  /** Keys of the features that the dataset shows. */
  get held(): ReadonlySet<string> {
    return this.#held
  }

  stats(): DatasetStats {
    const order = [...ageGroups.map(([name]) => name), unknownAge]
    return {
      cases: this.#cases,
      categories: counts(this.#categories),
      tags: counts(this.#tags),
      clusters: counts(this.#clusters).filter(({ cases }) => cases > 1),
      sources: counts(this.#sources),
      ages: order.flatMap((name) => {
        const cases = this.#ages.get(name)
        return cases === undefined ? [] : [{ name, cases }]
      }),
      tools: counts(this.#tools),
      recordings: this.#recordings,
      unrecorded: this.#unrecorded,
    }
  }

  #ageOf(moment: string | undefined): string {
    const age = moment === undefined ? Number.NaN : (this.#now - Date.parse(moment)) / day
    if (Number.isNaN(age)) return unknownAge
    return ageGroups.find(([, days]) => age < days)?.[0] ?? unknownAge
  }
}

function sourceOf(source: CaseSource | undefined): string {
  if (source !== undefined && source.traces.length > 0) return 'traces'
  return source?.importedFrom ?? 'by hand'
}

function more(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1)
}

function counts(map: ReadonlyMap<string, number>): readonly Count[] {
  return [...map]
    .map(([name, cases]) => ({ name, cases }))
    .sort((a, b) => b.cases - a.cases || byCodeUnit(a.name, b.name))
}
