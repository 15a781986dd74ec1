import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detectableDrop } from './detectable.ts'
import { gate } from './gate.ts'
import { many, policyOf, talliesOf } from './testing/tallies.ts'

const page = read('../../docs/gate.md')

describe('docs/gate.md', () => {
  it('has examples that come out as they say', () => {
    const examples = rowsAfter('| cases | broke | fixed |')
    expect(examples.length).toBeGreaterThan(5)
    for (const [cases, broke, fixed, margin, difference, lower, upper, word] of examples) {
      const [n, b, f] = [Number(cases), Number(broke), Number(fixed)]
      const rest = many(n - b - f, 1)
      const candidate = talliesOf([...many(b, 0), ...many(f, 1), ...rest])
      const baseline = talliesOf([...many(b, 1), ...many(f, 0), ...rest])
      const verdict = gate({ candidate, baseline, policy: policyOf({ margin: Number(margin) / 100 }) })
      expect([cases, verdict.word]).toEqual([cases, word])
      const points = (share: number | undefined, as = ''): number =>
        Number(((share ?? Number.NaN) * 100).toFixed(as.split('.')[1]?.length ?? 0))
      expect(points(verdict.comparison?.difference, difference)).toBeCloseTo(Number(difference), 10)
      expect(points(verdict.comparison?.lower, lower)).toBeCloseTo(Number(lower), 10)
      expect(points(verdict.comparison?.upper, upper)).toBeCloseTo(Number(upper), 10)
    }
  })

  it('has the detectable drops the code gives', () => {
    const drops = rowsAfter('| cases | recorded replay').map((row) => row.map(Number))
    expect(drops).toEqual(
      [20, 50, 100, 200].map((cases) => [
        cases,
        ...[detectableDrop(cases), detectableDrop(cases, 1), detectableDrop(cases, 4)].map((drop) =>
          Math.round((drop ?? 1) * 100),
        ),
      ]),
    )
  })

  it('says from how many cases on one may be inconclusive', () => {
    const wordOf = (cases: number): string =>
      gate({
        candidate: talliesOf([...many(cases - 1, 1), { sum: 0, fidelity: 0 }]),
        baseline: talliesOf(many(cases, 1)),
        policy: policyOf(),
      }).word
    const said = Number(/bearable from about (\d+) cases on/.exec(page)?.[1])
    expect([wordOf(said - 1), wordOf(said)]).toEqual(['inconclusive', 'pass'])
  })

  it('lists every code a reason can have, and no other', () => {
    const files = [
      'rules',
      'soundness',
      'conclusive',
      'judge-margin',
      'secondary',
      'categories',
      'budgets',
      'quarantine',
      'drift',
      'standing',
      'judge-demand',
      'escalation',
    ]
    const source = files.map((file) => read(`./${file}.ts`)).join('')
    const inCode = new Set([...source.matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)].map((found) => found[1] ?? ''))
    inCode.add('regression').add('undecided').add('escalation').add('drift')
    const listed = rowsAfter('| code | verdict |').flatMap(([codes]) =>
      [...(codes ?? '').matchAll(/`([a-z-]+)`/g)].map((found) => found[1] ?? ''),
    )
    expect(listed.toSorted()).toEqual([...inCode].sort())
  })
})

/** The cells of a Markdown table, without its head. */
function rowsAfter(head: string): string[][] {
  const lines = page.slice(page.indexOf(head)).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}
