import type { Problem } from './importer.ts'

/** What a walk through a file meets: something of one run, or what could not be taken. */
export type Walked<T> = { readonly run: string; readonly item: T } | Problem

/**
 * What belongs to each run, in the order of the file, as soon as the last of it was read, with problems where they stand. The
 * runs of such a file overlap, and nothing in it says that one is over: so it is walked twice, the first time to count. In memory
 * are the runs that are open at the place that is read, and a number for each that is to come. `counts` are given by who has walked it
 * already, and are used up.
 */
export function* byRun<T>(
  walk: () => Iterable<Walked<T>>,
  counts: Map<string, number> = countsIn(walk()),
): Iterable<{ readonly run: string; readonly items: readonly T[] } | Problem> {
  const open = new Map<string, T[]>()
  for (const met of walk()) {
    if ('problem' in met) {
      yield met
      continue
    }
    const { run, item } = met
    const items = open.get(run) ?? []
    items.push(item)
    const more = (counts.get(run) ?? 1) - 1
    counts.set(run, more)
    if (more > 0) open.set(run, items)
    else {
      open.delete(run)
      counts.delete(run)
      yield { run, items }
    }
  }
  // A file that changed between the two walks.
  for (const [run, items] of open) yield { run, items }
}

function countsIn(walked: Iterable<Walked<unknown>>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const met of walked) if ('run' in met) counts.set(met.run, (counts.get(met.run) ?? 0) + 1)
  return counts
}
