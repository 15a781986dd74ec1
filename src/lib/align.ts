/** What it costs to set two sequences side by side. Costs are not negative; `Infinity` forbids a pair. */
export interface AlignmentCosts {
  readonly pair: (left: number, right: number) => number
  /** Of an item that stands alone. Finite: every item can stand alone. */
  readonly leftAlone: (left: number) => number
  readonly rightAlone: (right: number) => number
  /** Paid once for each stretch of items that stand alone on one side: one long gap is likelier than many short ones. */
  readonly open: number
}

/** One line of an alignment: a pair, or an item that stands alone. */
export type Aligned =
  | { readonly left: number; readonly right: number }
  | { readonly left: number; readonly right?: undefined }
  | { readonly left?: undefined; readonly right: number }

/** The most cells of the table that are looked at: 2000 against 2000 items whole, a few MB of memory. */
const mostCells = 4_000_000

/**
 * The cheapest way to set two sequences side by side without changing the order of either (global alignment: Needleman
 * and Wunsch 1970, with Gotoh's gaps of 1982). Each item stands in exactly one line. Deterministic: of equally
 * cheap ways the one that pairs early (of `aa` and `a`, the second `a` stands alone), then lone lefts before lone rights.
 *
 * O(lefts · rights) time, a byte a cell. Sequences too long for `most` cells are aligned within a band around the
 * diagonal of the table, as wide as `most` allows: the result is still an alignment, and the cheapest of those that
 * shift no item further than half the band.
 */
export function align(
  lefts: number,
  rights: number,
  costs: AlignmentCosts,
  most = mostCells,
): readonly Aligned[] {
  const band = bandOf(lefts, rights, most)
  const from = new Uint8Array((lefts + 1) * band.width)
  let above = rowOf(band.width)
  let aboveStart = 0
  for (let left = 0; left <= lefts; left++) {
    const row = rowOf(band.width)
    const start = band.start(left)
    const end = Math.min(rights, start + band.width - 1)
    for (let right = start; right <= end; right++) {
      const here = right - start
      if (left === 0 && right === 0) {
        row.paired[here] = 0
        continue
      }
      const up = right - aboveStart
      const trace =
        left === 0
          ? 0
          : pairInto(row, here, above, right === 0 ? -1 : up - 1, () => costs.pair(left - 1, right - 1)) |
            (gapInto(row.leftAlone, here, above, up, costs.open, lone.left, () =>
              costs.leftAlone(left - 1),
            ) <<
              2)
      const across = gapInto(row.rightAlone, here, row, here - 1, costs.open, lone.right, () =>
        costs.rightAlone(right - 1),
      )
      from[left * band.width + here] = trace | (across << 4)
    }
    above = row
    aboveStart = start
  }
  return walkBack(lefts, rights, band, from, above)
}

/** How the last item of a way was set; also what a trace in the table says: two bits for each. */
const lone = { none: 0, left: 1, right: 2 } as const
type Last = (typeof lone)[keyof typeof lone]

interface Row {
  readonly paired: Float64Array
  readonly leftAlone: Float64Array
  readonly rightAlone: Float64Array
}

function rowOf(width: number): Row {
  const all = (): Float64Array => new Float64Array(width).fill(Number.POSITIVE_INFINITY)
  return { paired: all(), leftAlone: all(), rightAlone: all() }
}

function pairInto(row: Row, here: number, before: Row, at: number, costOf: () => number): Last {
  const best = bestOf(before, at, 0, 0, 0)
  if (best.cost === Number.POSITIVE_INFINITY) return lone.none
  row.paired[here] = best.cost + costOf()
  return best.last
}

function gapInto(
  into: Float64Array,
  here: number,
  before: Row,
  at: number,
  open: number,
  same: Last,
  costOf: () => number,
): Last {
  const best = bestOf(before, at, open, same === lone.left ? 0 : open, same === lone.right ? 0 : open)
  if (best.cost === Number.POSITIVE_INFINITY) return lone.none
  into[here] = best.cost + costOf()
  return best.last
}

function bestOf(
  row: Row,
  at: number,
  afterPair: number,
  afterLeft: number,
  afterRight: number,
): { readonly cost: number; readonly last: Last } {
  const paired = (row.paired[at] ?? Number.POSITIVE_INFINITY) + afterPair
  const left = (row.leftAlone[at] ?? Number.POSITIVE_INFINITY) + afterLeft
  const right = (row.rightAlone[at] ?? Number.POSITIVE_INFINITY) + afterRight
  // The way is walked from its end: what stands alone is looked for there first, so that pairs stand early.
  if (right <= left && right <= paired) return { cost: right, last: lone.right }
  return left <= paired ? { cost: left, last: lone.left } : { cost: paired, last: lone.none }
}

function walkBack(lefts: number, rights: number, band: Band, from: Uint8Array, end: Row): readonly Aligned[] {
  const lines: Aligned[] = []
  let left = lefts
  let right = rights
  let { last } = bestOf(end, rights - band.start(lefts), 0, 0, 0)
  while (left > 0 || right > 0) {
    const trace = from[left * band.width + right - band.start(left)] ?? 0
    if (last === lone.left) {
      last = ((trace >> 2) & 3) as Last
      lines.push({ left: --left })
    } else if (last === lone.right) {
      last = ((trace >> 4) & 3) as Last
      lines.push({ right: --right })
    } else {
      last = (trace & 3) as Last
      lines.push({ left: --left, right: --right })
    }
  }
  return lines.toReversed()
}

/** Which columns of the table a row looks at: `width` of them from `start`. */
interface Band {
  readonly width: number
  readonly start: (left: number) => number
}

function bandOf(lefts: number, rights: number, most: number): Band {
  const steepest = Math.ceil(rights / Math.max(1, lefts)) + 1
  // Bands of neighbouring rows must touch, or there would be no way through.
  const width = Math.min(rights + 1, Math.max(2 * steepest + 1, Math.floor(most / (lefts + 1))))
  const start = (left: number): number => {
    const middle = lefts === 0 ? 0 : Math.round((left * rights) / lefts)
    return Math.max(0, Math.min(rights + 1 - width, middle - Math.floor(width / 2)))
  }
  return { width, start }
}
