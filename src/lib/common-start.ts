/**
 * How many members two lists share at their start: the very same objects, not equal ones. Every model request repeats the
 * conversation so far as the same message objects, and what is true of them need not be found out again.
 */
export function commonStart(a: readonly unknown[], b: readonly unknown[]): number {
  const most = Math.min(a.length, b.length)
  let at = 0
  while (at < most && a[at] === b[at]) at++
  return at
}
