import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byRun, type Walked } from './by-run.ts'
import { skipped } from './foreign.ts'

describe('runs that are spread over a file', () => {
  it('are told once, whole and in order, as soon as the last of each was read', () => {
    const met = fc.oneof(
      fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat()).map(([run, item]) => ({ run, item })),
      fc.nat().map((at) => skipped(String(at), 'broken')),
    )
    fc.assert(
      fc.property(fc.array(met), (all: readonly Walked<number>[]) => {
        const last = new Map(all.flatMap((one, at) => ('run' in one ? [[one.run, at] as const] : [])))
        const wanted = all.flatMap((one, at): readonly unknown[] => {
          if ('problem' in one) return [one]
          if (last.get(one.run) !== at) return []
          const items = all.flatMap((other) => ('run' in other && other.run === one.run ? [other.item] : []))
          return [{ run: one.run, items }]
        })
        expect([...byRun(() => all)]).toEqual(wanted)
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('are told with what is there where the file changed between the two walks', () => {
    const walks: (readonly Walked<number>[])[] = [
      [
        { run: 'a', item: 1 },
        { run: 'a', item: 2 },
        { run: 'b', item: 3 },
      ],
      [
        { run: 'a', item: 1 },
        { run: 'b', item: 3 },
      ],
    ]
    expect([...byRun(() => walks.shift() ?? [])]).toEqual([
      { run: 'b', items: [3] },
      { run: 'a', items: [1] },
    ])
  })
})
