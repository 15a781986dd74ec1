/**
 * How two raters, a person and a judge, agree on pass and fail: of what people passed, what the judge passed (`tp`)
 * and failed (`fn`); of what they failed, what it passed (`fp`) and failed (`tn`).
 */
export interface Confusion {
  readonly tp: number
  readonly fn: number
  readonly fp: number
  readonly tn: number
}

/** Counts pairs of verdicts. What one side gave no verdict on is not among them. */
export function confusion(pairs: Iterable<{ readonly people: boolean; readonly judge: boolean }>): Confusion {
  const counted = { tp: 0, fn: 0, fp: 0, tn: 0 }
  for (const { people, judge } of pairs) {
    if (people) counted[judge ? 'tp' : 'fn']++
    else counted[judge ? 'fp' : 'tn']++
  }
  return counted
}

export interface CohenKappa {
  /** The share both said the same of. */
  readonly observed: number
  /** The share they would have said the same of by chance, each with its own habits. */
  readonly expected: number
  /** `null` where both said one word only: there is nothing to agree on. */
  readonly kappa: number | null
  /** Of a large sample, for κ that is not 0. `null` where κ is. */
  readonly standardError: number | null
}

/**
 * Cohen's κ (1960, Educational and Psychological Measurement 20:37) with the standard error of Fleiss, Cohen & Everitt
 * (1969, Psychological Bulletin 72:323). `table[i][j]` counts what the first rater put into category i and the second
 * into j; it is square and counts something. κ is low where one category is rare, however often they agree: 90 % of
 * 100 can be −0.05 (Feinstein & Cicchetti 1990, Journal of Clinical Epidemiology 43:543), which is why it never
 * stands alone.
 */
export function cohenKappa(table: readonly (readonly number[])[]): CohenKappa {
  const total = table.reduce((sum, row) => sum + sumOf(row), 0)
  if (!(total > 0) || table.some((row) => row.length !== table.length)) {
    throw new RangeError('κ needs a square table that counts something')
  }
  const shares = table.map((row) => row.map((count) => count / total))
  const rows = shares.map(sumOf)
  const columns = rows.map((_, category) => sumOf(shares.map((row) => row[category] ?? 0)))
  const observed = sumOf(shares.map((row, category) => row[category] ?? 0))
  const expected = sumOf(rows.map((share, category) => share * (columns[category] ?? 0)))
  // Rounding: where both said one word only, the sum of products is 1 but for the last digits.
  if (1 - expected < 1e-12) return { observed, expected, kappa: null, standardError: null }
  const kappa = (observed - expected) / (1 - expected)

  let spread = 0
  for (const [first, row] of shares.entries()) {
    for (const [second, share] of row.entries()) {
      spread +=
        first === second
          ? share * (1 - ((rows[first] ?? 0) + (columns[first] ?? 0)) * (1 - kappa)) ** 2
          : share * ((columns[first] ?? 0) + (rows[second] ?? 0)) ** 2 * (1 - kappa) ** 2
    }
  }
  const variance = (spread - (kappa - expected * (1 - kappa)) ** 2) / (total * (1 - expected) ** 2)
  return { observed, expected, kappa, standardError: Math.sqrt(Math.max(0, variance)) }
}

/** Counts what two raters said of the same things, by category: for `cohenKappa`. Categories in order of appearance. */
export function crossTable<Category>(
  pairs: readonly (readonly [first: Category, second: Category])[],
): readonly (readonly number[])[] {
  const categories = new Map<Category, number>()
  for (const category of pairs.flat())
    if (!categories.has(category)) categories.set(category, categories.size)
  const table = Array.from(categories, () => Array.from(categories, () => 0))
  for (const [first, second] of pairs) {
    const row = table[categories.get(first) ?? -1]
    const column = categories.get(second) ?? -1
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1
  }
  return table
}

/** A confusion as a table for `cohenKappa`: people's pass and fail down, the judge's across. */
export function tableOf({ tp, fn, fp, tn }: Confusion): readonly (readonly number[])[] {
  return [
    [tp, fn],
    [fp, tn],
  ]
}

/**
 * Krippendorff's α for names (2011, Computing Krippendorff's Alpha-Reliability,
 * https://repository.upenn.edu/asc_papers/43): any number of raters, and missing values. A unit is what was said of one
 * thing; `undefined` is a rater who said nothing, and a unit with fewer than two values pairs with nothing. `null` where
 * no two values can be paired, or all are one word.
 */
export function krippendorffAlpha(units: readonly (readonly unknown[])[]): number | null {
  const totals = new Map<unknown, number>()
  let pairable = 0
  let disagreement = 0
  for (const unit of units) {
    const said = unit.filter((value) => value !== undefined)
    if (said.length < 2) continue
    const counts = new Map<unknown, number>()
    for (const value of said) counts.set(value, (counts.get(value) ?? 0) + 1)
    pairable += said.length
    let alike = 0
    for (const [value, count] of counts) {
      totals.set(value, (totals.get(value) ?? 0) + count)
      alike += count * count
    }
    disagreement += (said.length * said.length - alike) / (said.length - 1)
  }
  let alike = 0
  for (const count of totals.values()) alike += count * count
  const chance = pairable * pairable - alike
  return chance === 0 ? null : 1 - ((pairable - 1) * disagreement) / chance
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
