import { describe, expect, it } from 'vitest'
import type { Baseline, Decision } from '../schema/run.ts'
import { acceptedAt, type FileAt } from './accepted-at.ts'

const baseline: Baseline = {
  v: 1,
  accepted: { at: '2026-01-01T00:00:00.000Z', by: 'Ann', reason: 'first' },
  eval: 'desk',
  run: 'desk-1',
  mode: { llm: 'recorded', tools: 'recorded' },
  hashes: { dataset: 'd', checks: 'c', fixtures: 'f' },
  versions: {},
  planned: 0,
  trials: 1,
  cases: [],
}
const line: Decision = {
  v: 1,
  at: baseline.accepted.at,
  by: 'Ann',
  eval: 'desk',
  action: 'baseline-accept',
  run: 'desk-1',
  reason: 'first',
  metric: 'success',
  after: 1,
  broken: [],
}
const files =
  (known: Readonly<Record<string, string>>): FileAt =>
  async (path) => ({
    known: true,
    bytes: known[path] === undefined ? undefined : new TextEncoder().encode(known[path]),
  })
const at = (known: Readonly<Record<string, string>>): unknown => acceptedAt(files(known), 'evals', 'desk')

describe('what is accepted in a commit', () => {
  it('is its files, and nothing where there are none', async () => {
    const log = `${JSON.stringify(line)}\n\n${JSON.stringify(line)}`
    const known = {
      'evals/desk.baseline.json': JSON.stringify(baseline),
      'evals/desk.release.json': JSON.stringify({
        ...baseline,
        released: { at: 'x', by: 'Ann', name: 'v1.4' },
      }),
      'evals/decisions.jsonl': log,
    }
    expect(await at(known)).toMatchObject({
      known: true,
      state: { baseline, release: { released: { name: 'v1.4' } }, decisions: [line, line] },
    })
    expect(await at({})).toEqual({
      known: true,
      state: { baseline: undefined, release: undefined, decisions: [] },
    })
  })

  it('is not known where a file cannot be read, and never nothing', async () => {
    const broken = [
      [{ 'evals/desk.baseline.json': '{' }, 'evals/desk.baseline.json'],
      [{ 'evals/desk.baseline.json': '' }, 'evals/desk.baseline.json'],
      [{ 'evals/desk.release.json': JSON.stringify(baseline) }, 'evals/desk.release.json'],
      [{ 'evals/decisions.jsonl': `${JSON.stringify(line)}\n{"__proto__":{}}` }, 'evals/decisions.jsonl:2'],
      [{ 'evals/decisions.jsonl': '\n'.repeat(100_001) }, '100,000 lines'],
    ] as const
    for (const [known, why] of broken)
      expect(await at(known)).toEqual({ known: false, why: expect.stringContaining(why) as string })
    const failing: FileAt = async (path) =>
      path.endsWith('.jsonl') ? { known: false, why: 'GitHub said 403' } : { known: true, bytes: undefined }
    expect(await acceptedAt(failing, 'evals', 'desk')).toEqual({ known: false, why: 'GitHub said 403' })
  })
})
