import { describe, expect, it } from 'vitest'
import { inputOf, seedsIn, tried } from './fuzz/subject.ts'
import { randomFrom } from './fuzz/random.ts'
import { openReceiverSubject, requestOf } from './fuzz/receiver.ts'

const seeds = seedsIn(new URL('../', import.meta.url))

describe('changed samples', () => {
  it('are the same for the same seed', () => {
    const [one, two] = [inputOf(seeds, 42, 7), inputOf(seeds, 42, 7)]
    expect(Buffer.from(one.bytes).equals(Buffer.from(two.bytes))).toBe(true)
    expect(randomFrom(1).next()).not.toBe(randomFrom(2).next())
  })

  it('are read or refused by all importers, whatever was done to them', () => {
    const sums = { traces: 0, problems: 0, refused: 0 }
    const broken: string[] = []
    for (let index = 0; index < 1500; index++) {
      const { name, bytes } = inputOf(seeds, 42, index)
      const outcome = tried(name, bytes)
      sums.traces += outcome.traces
      sums.problems += outcome.problems
      sums.refused += outcome.refused ? 1 : 0
      if (outcome.broken !== undefined) broken.push(`input ${index} (${name}): ${outcome.broken}`)
    }
    expect(broken).toEqual([])
    // Of each there is enough: what is refused at the door says nothing of what lies behind it.
    for (const count of Object.values(sums)) expect(count).toBeGreaterThan(100)
  }, 120_000)

  it('are answered by a receiver, which makes whole traces of them or none', async () => {
    const requests = seeds.filter(({ name }) => name.startsWith('otlp-'))
    const subject = await openReceiverSubject()
    const sums = { traces: 0, refused: 0 }
    const broken: string[] = []
    try {
      for (let index = 0; index < 300; index++) {
        const request = requestOf(requests, 42, index)
        const outcome = await subject.tried(request)
        sums.traces += outcome.traces
        sums.refused += outcome.refused ? 1 : 0
        if (outcome.broken !== undefined) broken.push(`request ${index} (${request.name}): ${outcome.broken}`)
      }
    } finally {
      await subject.close()
    }
    expect(broken).toEqual([])
    for (const count of Object.values(sums)) expect(count).toBeGreaterThan(30)
  }, 60_000)
})
