import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Trace, trace as schema } from '../../schema/trace.ts'
import { otlp } from '../importers/otlp.ts'
import { sourceFrom } from '../importers/source.ts'
import { isPlainTrace } from './plain-trace.ts'

const folder = new URL('../importers/', import.meta.url)
const traces: readonly Trace[] = readdirSync(folder)
  .filter((name) => /^otlp.*\.sample\./.test(name))
  .toSorted()
  .flatMap((name) => [...otlp.read(sourceFrom(name, readFileSync(new URL(name, folder))))])
  .flatMap((item) => ('trace' in item ? [item.trace] : []))

describe('a plain trace', () => {
  it('is what every sample of OTLP becomes, and what the schema takes as it is', () => {
    expect(traces.length).toBeGreaterThan(9)
    for (const one of traces) {
      expect(isPlainTrace(one)).toBe(true)
      expect(schema.parse(one)).toEqual(one)
    }
  })

  it('is none that the schema refuses or fills up, whatever is changed in one', () => {
    const strange = fc.constantFrom<unknown>(
      undefined,
      null,
      '',
      'x',
      'error',
      'llm',
      'tool',
      'custom',
      0,
      -1,
      1,
      true,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      [],
      {},
      [{}],
      new Map(),
      { type: 'text' },
      { message: {} },
      { name: '' },
    )
    const change = fc.record({
      of: fc.nat(traces.length - 1),
      /** Which of the places, counted anew below each value. */
      way: fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }),
      how: fc.oneof(fc.record({ put: strange }), fc.constant('remove' as const), fc.constant('add' as const)),
    })
    let refused = 0
    let taken = 0
    fc.assert(
      fc.property(change, ({ of, way, how }) => {
        const changed = structuredClone(traces[of]) as object
        changeIn(changed, way, how)
        const plain = isPlainTrace(changed)
        const read = schema.safeParse(changed)
        if (plain) taken++
        else if (!read.success) refused++
        expect(plain ? read.data : changed).toEqual(changed)
      }),
      { seed: 42, numRuns: 3000 },
    )
    expect(Math.min(refused, taken)).toBeGreaterThan(100)
  })
})

function changeIn(
  value: object,
  [step = 0, ...way]: readonly number[],
  how: 'remove' | 'add' | { readonly put: unknown },
): void {
  const members = value as Record<string, unknown>
  const keys = Object.keys(members)
  const key = keys[step % Math.max(1, keys.length)]
  const inner = key === undefined ? undefined : members[key]
  if (way.length > 0 && typeof inner === 'object' && inner !== null) {
    changeIn(inner, way, how)
    return
  }
  if (Array.isArray(value) && (how === 'add' || key === undefined)) value.push(1)
  else if (how === 'add' || key === undefined) members['more'] = 1
  else if (how === 'remove') delete members[key]
  else members[key] = how.put
}
