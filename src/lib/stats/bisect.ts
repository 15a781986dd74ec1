/**
 * Where a function that does not decrease crosses `target` on [low, high], to the last bit of a double. The caller
 * makes sure that it does cross.
 */
export function bisect(f: (x: number) => number, target: number, low: number, high: number): number {
  let left = low
  let right = high
  for (;;) {
    const middle = left + (right - left) / 2
    if (middle <= left || middle >= right) return middle
    if (f(middle) < target) left = middle
    else right = middle
  }
}
