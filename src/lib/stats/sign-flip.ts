import { mulberry32 } from './mulberry32.ts'

/** Up to here all sign patterns are counted; beyond, they are drawn. */
const exactLimit = 20
/** Thirds do not tie in floating point; means this near count as equal. */
const tie = 1e-12

export interface SignFlip {
  /** That it got worse. */
  readonly oneSided: number
  readonly twoSided: number
  readonly method: 'exact' | 'monte-carlo'
}

/**
 * Sign-flip permutation test on paired differences: how often would random signs give a mean this low? Pass cluster
 * sums to flip clusters whole. Zeros do not matter. Exact up to 20 non-zero differences, else `draws` patterns from
 * `seed` with (hits + 1)/(draws + 1) (Phipson & Smyth 2010), which is never 0.
 */
export function signFlip(
  differences: readonly number[],
  options: { readonly seed?: number; readonly draws?: number } = {},
): SignFlip {
  const moved = differences.filter((difference) => difference !== 0)
  const observed = moved.reduce((sum, difference) => sum + difference, 0)
  const slack = tie * Math.max(1, differences.length)
  return moved.length <= exactLimit
    ? exact(moved, observed, slack)
    : monteCarlo(moved, observed, slack, options.seed ?? 42, options.draws ?? 20_000)
}

function exact(moved: readonly number[], observed: number, slack: number): SignFlip {
  let low = 0
  let far = 0
  // Each sum is built from its own path, so that rounding does not pile up over a million patterns.
  const walk = (index: number, sum: number): void => {
    const difference = moved[index]
    if (difference === undefined) {
      if (sum <= observed + slack) low++
      if (Math.abs(sum) >= Math.abs(observed) - slack) far++
      return
    }
    walk(index + 1, sum + difference)
    walk(index + 1, sum - difference)
  }
  walk(0, 0)
  const patterns = 2 ** moved.length
  return { oneSided: low / patterns, twoSided: far / patterns, method: 'exact' }
}

function monteCarlo(
  moved: readonly number[],
  observed: number,
  slack: number,
  seed: number,
  draws: number,
): SignFlip {
  const random = mulberry32(seed)
  let low = 0
  let far = 0
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0
    for (const difference of moved) sum += random() < 0.5 ? difference : -difference
    if (sum <= observed + slack) low++
    if (Math.abs(sum) >= Math.abs(observed) - slack) far++
  }
  return { oneSided: (low + 1) / (draws + 1), twoSided: (far + 1) / (draws + 1), method: 'monte-carlo' }
}
