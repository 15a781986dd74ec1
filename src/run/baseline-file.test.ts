import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failureOf, folderWith } from '../dataset/testing/folder.ts'
import type { Baseline, CaseTally, Decision } from '../schema/run.ts'
import { appendDecision, baselineText, readBaseline, writeBaseline } from './baseline-file.ts'

const tallyOf = (id: string, sum: number): CaseTally => ({
  case: id,
  hash: `h-${id}`,
  metrics: { success: { n: 4, sum, unscored: 0 }, equals: { n: 4, sum, unscored: 0 } },
  fidelity: 1,
})
const baselineOf = (over: Partial<Baseline> = {}): Baseline => ({
  v: 1,
  accepted: { at: '2025-06-01T10:00:00.000Z', by: 'Anna', reason: 'first baseline' },
  eval: 'desk',
  run: 'desk-1',
  mode: { llm: 'recorded', tools: 'recorded' },
  hashes: { dataset: 'd', checks: 'c', fixtures: 'f' },
  versions: {},
  planned: 2,
  trials: 4,
  cases: [tallyOf('momo', 4), tallyOf('emil', 3)],
  ...over,
})
const decisionOf = (over: Partial<Extract<Decision, { action: 'baseline-accept' }>> = {}): Decision => ({
  v: 1,
  at: '2025-06-01T10:00:00.000Z',
  by: 'Anna',
  eval: 'desk',
  action: 'baseline-accept',
  run: 'desk-1',
  reason: 'first baseline',
  metric: 'success',
  after: 0.875,
  broken: [],
  ...over,
})

describe('a baseline file', () => {
  it('has one case a line, sorted by id, and is what it was when read again', () => {
    const path = join(folderWith(), 'evals/desk.baseline.json')
    writeBaseline(path, baselineOf())
    const text = readFileSync(path, 'utf8')
    expect(text).toBe(`{
  "v": 1,
  "accepted": { "at": "2025-06-01T10:00:00.000Z", "by": "Anna", "reason": "first baseline" },
  "eval": "desk",
  "run": "desk-1",
  "mode": { "llm": "recorded", "tools": "recorded" },
  "hashes": { "checks": "c", "dataset": "d", "fixtures": "f" },
  "versions": {},
  "planned": 2,
  "trials": 4,
  "cases": [
    { "case": "emil", "fidelity": 1, "hash": "h-emil", "metrics": { "equals": { "n": 4, "sum": 3, "unscored": 0 }, "success": { "n": 4, "sum": 3, "unscored": 0 } } },
    { "case": "momo", "fidelity": 1, "hash": "h-momo", "metrics": { "equals": { "n": 4, "sum": 4, "unscored": 0 }, "success": { "n": 4, "sum": 4, "unscored": 0 } } }
  ]
}
`)
    expect(readBaseline(path)).toEqual({ ...baselineOf(), cases: [...baselineOf().cases].reverse() })
    writeBaseline(path, readBaseline(path))
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('has the same bytes whatever order keys and cases come in', () => {
    const turned = Object.fromEntries(Object.entries(baselineOf()).reverse()) as unknown as Baseline
    expect(baselineText({ ...turned, cases: [...turned.cases].reverse() })).toBe(baselineText(baselineOf()))
  })

  it('is inert in a terminal, and says the same', () => {
    const reason = 'fine \u001b[31m\u202e ##vso[task.complete]'
    const path = join(folderWith(), 'desk.baseline.json')
    const given = baselineOf({ accepted: { at: '', by: '', reason } })
    writeBaseline(path, given)
    expect(readFileSync(path, 'utf8')).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}|##vso\[/u)
    expect(readBaseline(path).accepted.reason).toBe(reason)
  })

  it('may hold no case', () => {
    const path = join(folderWith(), 'desk.baseline.json')
    writeBaseline(path, baselineOf({ cases: [] }))
    expect(readBaseline(path).cases).toEqual([])
  })

  it.each([
    ['empty', () => ''],
    ['cut off', (text: string) => text.slice(0, -40)],
    ['binary', () => 'a\0'],
    ['deep', () => '['.repeat(5000)],
    ['poisoned', (text: string) => text.replace('"versions": {}', '"versions": {"__proto__": 1}')],
    ['of another shape', () => '{"v":1}'],
    ['with a strange key', (text: string) => text.replace('"trials"', '"trails"')],
    ['in conflict', (text: string) => text.replace('    { "case"', '<<<<<<< HEAD\n    { "case"')],
  ])('%s: is corrupt', async (_, change) => {
    const folder = folderWith({ 'desk.baseline.json': change(baselineText(baselineOf())) })
    const error = await failureOf(() => readBaseline(join(folder, 'desk.baseline.json')))
    expect([error.code, error.exit]).toEqual(['EVK_BASELINE_CORRUPT', 2])
    expect(error.at.file).toBe(join(folder, 'desk.baseline.json'))
  })

  it('missing, newer, or a folder: each has its own code', async () => {
    const newer = baselineText(baselineOf()).replace('"v": 1', '"v": 2')
    const folder = folderWith({ 'newer.json': newer, 'dir.json/x': '' })
    const codeOf = async (name: string) => (await failureOf(() => readBaseline(join(folder, name)))).code
    expect(await codeOf('none.json')).toBe('EVK_BASELINE_MISSING')
    expect(await codeOf('newer.json')).toBe('EVK_VERSION_NEWER')
    expect(await codeOf('dir.json')).toBe('EVK_FILE_UNUSABLE')
  })
})

describe('the log of decisions', () => {
  it('grows by a line, and never changes what it holds', () => {
    const path = join(folderWith(), 'evals/decisions.jsonl')
    appendDecision(path, decisionOf())
    const first = readFileSync(path, 'utf8')
    appendDecision(path, decisionOf({ run: 'desk-2', before: 0.875, after: 0.8, broken: ['momo'] }))
    const both = readFileSync(path, 'utf8')
    expect(both.startsWith(first)).toBe(true)
    expect(
      both
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).run),
    ).toEqual(['desk-1', 'desk-2'])
    expect(readdirSync(join(path, '..'))).toEqual(['decisions.jsonl'])
  })

  it('ends a line that was left open, and nothing else', () => {
    const folder = folderWith({ 'decisions.jsonl': '{"v":1}' })
    const path = join(folder, 'decisions.jsonl')
    appendDecision(path, decisionOf())
    expect(readFileSync(path, 'utf8').split('\n').slice(0, 1)).toEqual(['{"v":1}'])
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(2)
    writeFileSync(path, '')
    appendDecision(path, decisionOf())
    expect(readFileSync(path, 'utf8').startsWith('{')).toBe(true)
  })

  it('keeps a reason of many lines on one', () => {
    const path = join(folderWith(), 'decisions.jsonl')
    appendDecision(path, decisionOf({ reason: 'a\nb\u2028c\u001b[2J' }))
    const text = readFileSync(path, 'utf8')
    expect(text.split('\n')).toHaveLength(2)
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u2028/u)
    expect(JSON.parse(text).reason).toBe('a\nb\u2028c\u001b[2J')
  })

  it('says what is in its way', async () => {
    const folder = folderWith({ 'decisions.jsonl/x': '' })
    const error = await failureOf(() => appendDecision(join(folder, 'decisions.jsonl'), decisionOf()))
    expect(error.code).toBe('EVK_FILE_UNUSABLE')
  })
})
