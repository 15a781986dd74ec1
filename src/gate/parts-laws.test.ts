import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mulberry32 } from '../lib/stats/index.ts'
import type { Tallies } from '../schema/run.ts'
import type { PartWord, Policy, Verdict } from '../schema/verdict.ts'
import { gate } from './gate.ts'
import { type Did, policyOf, talliesOf } from './testing/tallies.ts'

const seeded = { seed: 42, numRuns: 80 }
const order = { fail: 0, incomparable: 0, inconclusive: 1, pass: 2 } as const satisfies Record<
  PartWord,
  number
>
const categories = ['north', 'south', 'east'] as const

/** A run with two secondary metrics, three categories and costs; what `holes` names is unscored under the first of them. */
function runOf(count: number, rate: number, seed: number, holes: readonly number[] = []): Tallies {
  const random = mulberry32(seed)
  const base = talliesOf(Array.from({ length: count }, (): Did => ({ sum: Number(random() < rate) })))
  const flip = () => ({ n: 1, sum: Number(random() < rate), unscored: 0 })
  const cost = () => ({ costUsd: { n: 1, sum: 0.01 + random() } })
  return {
    ...base,
    hashes: { ...base.hashes, secondary: { brief: 'b', tone: 't' } },
    cases: base.cases.map((tally, at) => {
      const [brief, tone, spent] = [flip(), flip(), cost()]
      return {
        ...tally,
        category: categories[at % categories.length] ?? 'north',
        spent,
        metrics: {
          ...tally.metrics,
          brief: holes.includes(at) ? { n: 0, sum: 0, unscored: 1 } : brief,
          tone,
        },
      }
    }),
  }
}

function rules(margin: number, change: Partial<Policy> = {}): Policy {
  return policyOf({
    maxUnscored: 1,
    secondary: { brief: { margin }, tone: { margin } },
    categories: { margin },
    budgets: { costUsd: { maxRise: margin } },
    ...change,
  })
}

const words = ({ secondary = [], categories: parts = [] }: Verdict): PartWord[] =>
  [...secondary, ...parts].map(({ word }) => word)

const count = fc.integer({ min: 20, max: 160 })
const rate = fc.double({ min: 0.7, max: 1, noNaN: true })
const margin = fc.constantFrom(0.02, 0.05, 0.1, 0.2)

describe('laws of the parts of a verdict', () => {
  it('the order of cases changes nothing', () => {
    fc.assert(
      fc.property(count, rate, fc.integer(), margin, (cases, now, seed, limit) => {
        const [candidate, baseline] = [runOf(cases, now, seed), runOf(cases, 0.95, seed + 1)]
        const turned = { ...candidate, cases: candidate.cases.toReversed() }
        expect(gate({ candidate: turned, baseline, policy: rules(limit) })).toEqual(
          gate({ candidate, baseline, policy: rules(limit) }),
        )
      }),
      seeded,
    )
  })

  it('a wider margin never makes one worse', () => {
    fc.assert(
      fc.property(count, rate, fc.integer(), margin, margin, (cases, now, seed, a, b) => {
        const [candidate, baseline] = [runOf(cases, now, seed), runOf(cases, 0.95, seed + 1)]
        const strict = words(gate({ candidate, baseline, policy: rules(Math.min(a, b)) }))
        const wide = words(gate({ candidate, baseline, policy: rules(Math.max(a, b)) }))
        for (const [at, word] of wide.entries())
          expect(order[word]).toBeGreaterThanOrEqual(order[strict[at] ?? 'fail'])
      }),
      seeded,
    )
  })

  it('a trial that is not scored never turns a secondary metric into a pass, nor a pass into a fail', () => {
    const places = fc.array(fc.integer({ min: 0, max: 159 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(count, rate, fc.integer(), margin, places, (cases, now, seed, limit, holes) => {
        const baseline = runOf(cases, 0.95, seed + 1)
        // Alone: what is unknown of one metric is a reason to correct the others less or more.
        const policy = rules(limit, { secondary: { brief: { margin: limit } } })
        const whole = gate({ candidate: runOf(cases, now, seed), baseline, policy }).secondary?.[0]?.word
        const holed = gate({ candidate: runOf(cases, now, seed, holes), baseline, policy }).secondary?.[0]
          ?.word
        expect(holed === 'pass' ? whole : 'pass').toBe('pass')
        expect(holed === 'fail' ? whole : 'fail').toBe('fail')
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  it('two equal runs fail nothing, and change no word of the primary metric', () => {
    fc.assert(
      fc.property(count, rate, fc.integer(), margin, (cases, now, seed, limit) => {
        const run = runOf(cases, now, seed)
        const verdict = gate({ candidate: run, baseline: run, policy: rules(limit) })
        expect(words(verdict)).not.toContain('fail')
        expect(verdict.budgets).toMatchObject([{ word: 'pass', ratio: 1 }])
        const alone = gate({ candidate: run, baseline: run, policy: policyOf({ maxUnscored: 1 }) })
        expect(verdict.word).toBe(alone.word)
        expect(verdict.comparison).toEqual(alone.comparison)
      }),
      seeded,
    )
  })

  it('an agent that did not change fails by any of ten metrics at most 6 times in 100', () => {
    const random = mulberry32(5)
    const names = Array.from({ length: 10 }, (_, at) => `m${at}`)
    const secondary = Object.fromEntries(names.map((name) => [name, { margin: 0.01 }]))
    const policy = policyOf({ secondary })
    const run = (): Tallies => {
      const base = talliesOf(Array.from({ length: 50 }, () => 1))
      const hashes = { ...base.hashes, secondary: Object.fromEntries(names.map((name) => [name, 'h'])) }
      const metric = () => ({ n: 1, sum: Number(random() < 0.8), unscored: 0 })
      return {
        ...base,
        hashes,
        cases: base.cases.map((tally) => ({
          ...tally,
          metrics: { ...tally.metrics, ...Object.fromEntries(names.map((name) => [name, metric()])) },
        })),
      }
    }
    const replications = 300
    let fails = 0
    for (let at = 0; at < replications; at++) {
      const { secondary: parts = [] } = gate({ candidate: run(), baseline: run(), policy })
      if (parts.some(({ word }) => word === 'fail')) fails++
    }
    expect(fails / replications).toBeLessThanOrEqual(0.06)
  })
})
