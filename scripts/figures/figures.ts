/** A figure, or figures by name: what an independent computation wrote down, and what we compute. */
export type Figures =
  | number
  | string
  | boolean
  | null
  | readonly Figures[]
  | { readonly [name: string]: Figures }
export type NamedFigures = { readonly [name: string]: Figures }

/** One section of EXPECTED.json, computed by our own code. */
export interface Section {
  /** Its key in EXPECTED.json. */
  readonly name: string
  /** Figures that do not stand there, but are promised all the same. */
  readonly expected?: NamedFigures
  /** Figures of EXPECTED.json that we do not compute, each with the reason. */
  readonly leftOut?: { readonly [name: string]: string }
  /** Our figures, in the shape of the expected ones. Throws what reading the data throws. */
  compute(directory: string): Promise<NamedFigures>
}

/** A figure on both sides; `undefined` is a side that does not have it. */
export interface Row {
  readonly name: string
  readonly expected: Figures | undefined
  readonly ours: Figures | undefined
  readonly same: boolean
}

/** Value by value, in the order of the expected figures; what only one side has is a difference. */
export function compareFigures(
  expected: Figures | undefined,
  ours: Figures | undefined,
  name = '',
): readonly Row[] {
  if (isNamed(expected) && isNamed(ours)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(ours)])].flatMap((key) =>
      compareFigures(expected[key], ours[key], name === '' ? key : `${name} › ${key}`),
    )
  }
  if (isList(expected) && isList(ours) && expected.length === ours.length) {
    return expected.flatMap((value, index) => compareFigures(value, ours[index], `${name}[${index}]`))
  }
  return [{ name, expected, ours, same: sameFigure(expected, ours) }]
}

/** To as many decimals as the expected figure was written with: sections say which. */
export function rounded(value: number | undefined, decimals = 6): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toFixed(decimals))
}

/** How often each value occurs. */
export function counts(values: Iterable<string>): Record<string, number> {
  const found: Record<string, number> = {}
  for (const value of values) found[value] = (found[value] ?? 0) + 1
  return found
}

function sameFigure(expected: Figures | undefined, ours: Figures | undefined): boolean {
  // Both are rounded; what is left is how a decimal fraction is held in binary.
  if (typeof expected === 'number' && typeof ours === 'number') return Math.abs(expected - ours) < 1e-12
  return expected !== undefined && expected === ours
}

function isNamed(value: Figures | undefined): value is NamedFigures {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: Figures | undefined): value is readonly Figures[] {
  return Array.isArray(value)
}
