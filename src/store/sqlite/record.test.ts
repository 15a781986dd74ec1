import { describe, expect, it } from 'vitest'
import { conversation } from '../testing/samples.ts'
import { packTrace, unpackTrace } from './record.ts'

describe('packTrace', () => {
  it('writes every message and result once, however often it is repeated', () => {
    const { bodies, packed } = pack(20)
    expect(new Set(bodies).size).toBe(bodies.length)
    // The first turn, the system prompt, and two messages of each of 20 turns; no result or argument besides.
    expect(bodies).toHaveLength(42)
    expect(packed.spans[2]).toMatchObject({ like: 0, take: 1 })
  })

  it('grows with the conversation, not with its square', () => {
    const sizes = [50, 100, 200].map((turns) => JSON.stringify(pack(turns).packed).length)
    expect((sizes[2] ?? 0) / (sizes[1] ?? 0)).toBeLessThan(2.2)
    expect((sizes[1] ?? 0) / (sizes[0] ?? 0)).toBeLessThan(2.2)
  })

  it('comes back whole', () => {
    const { trace, bodies, packed } = pack(10)
    expect(unpackTrace(packed, (body) => JSON.parse(bodies[body] ?? 'null') as string)).toEqual(trace)
  })
})

function pack(turns: number) {
  const bodies: string[] = []
  const trace = conversation('t_1', turns, (turn) => `wrapping paper ${turn} `.repeat(100))
  const packed = packTrace(trace, (text) => bodies.push(text) - 1)
  return { trace, bodies, packed }
}
