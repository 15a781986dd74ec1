import { cut } from '../../lib/text.ts'
import type { Json } from '../../schema/json.ts'
import type { Act } from './acts.ts'

/**
 * Which tools an agent read with before each write, about the same things: reads whose arguments or result have a
 * value in common with the write's arguments (an id, an amount), or that touch the same resource. By write; names in
 * order of first use.
 */
export function groundsOf(acts: readonly Act[]): ReadonlyMap<Act, readonly string[]> {
  const reads: { readonly act: Act; readonly values: ReadonlySet<string> }[] = []
  const grounds = new Map<Act, readonly string[]>()
  for (const act of acts) {
    if (act.effect === 'read') {
      if (!act.failed) reads.push({ act, values: valuesIn([act.value, act.result ?? null]) })
    } else if (act.effect === 'write') {
      const wanted = valuesIn(act.value)
      const found = reads.filter(
        ({ act: read, values }) => shares(wanted, values) || shares(act.touched ?? [], new Set(read.touched)),
      )
      grounds.set(act, [...new Set(found.map(({ act: read }) => read.shown.name))])
    }
  }
  return grounds
}

/** More values than these are no reading matter of one write. */
const mostValues = 20_000
const mostText = 100_000

/**
 * Words and numbers that look like they stand for one thing: three characters or more, with a digit. "economy" and 2
 * are in every result.
 */
function valuesIn(value: Json): ReadonlySet<string> {
  const values = new Set<string>()
  const left: unknown[] = [value]
  while (left.length > 0 && values.size < mostValues) {
    const next = left.pop()
    if (typeof next === 'object' && next !== null) {
      for (const member of Object.values(next)) left.push(member)
      continue
    }
    const text = typeof next === 'string' || typeof next === 'number' ? cut(String(next), mostText) : ''
    for (const [word] of text.matchAll(/[\p{L}\p{N}_.@-]{3,}/gu)) if (/\d/.test(word)) values.add(word)
  }
  return values
}

function shares(some: Iterable<string>, all: ReadonlySet<string>): boolean {
  for (const value of some) if (all.has(value)) return true
  return false
}
