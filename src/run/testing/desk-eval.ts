import { join } from 'node:path'
import { writeFixture } from '../../dataset/fixture-file.ts'
import { hasFixture, readFixture } from '../../dataset/fixture-file.ts'
import { type Dataset, openDataset } from '../../dataset/load.ts'
import { promote, type Promotion } from '../../dataset/promote.ts'
import { deskTrace } from '../../dataset/testing/desk.ts'
import { folderWith } from '../../dataset/testing/folder.ts'
import { writeCases } from '../../dataset/write.ts'
import { asCheck } from '../../score/plain-check.ts'
import { defineEval, type Eval, type EvalInput } from '../define-eval.ts'
import { type FixtureFacts, type Plan, planRun, type PlanSettings } from '../plan.ts'

/** An eval of the library's desk; what a test does not name is filled in. */
export function deskEval(over: Partial<EvalInput> = {}): Eval {
  const answered = asCheck(({ output }: { output: unknown }) => output !== undefined, { as: 'answered' })
  return defineEval({
    name: 'desk',
    dataset: 'desk',
    target: (asked: string) => asked,
    checks: [answered],
    ...over,
  })
}

/** A dataset of recorded cases, on disk: `cases` of them, each with `recordings`. */
export async function deskFolder(
  cases: number,
  recordings: number,
): Promise<{ folder: string; dataset: Dataset }> {
  const folder = folderWith()
  const promotions = new Map<string, Promotion>()
  for (let number = 1; number <= cases; number++) {
    const id = `find-${number}`
    for (let trial = 0; trial < recordings; trial++) {
      const trace = deskTrace({ trial, id: `t_${number}_${trial}`, task: { id } })
      promotions.set(id, promote(trace, 'desk', promotions.get(id) ?? {}))
    }
  }
  for (const { fixture } of promotions.values()) writeFixture(folder, fixture)
  const made = new Map([...promotions].map(([id, one]) => [id, one.case]))
  await writeCases(join(folder, 'desk.jsonl'), made)
  return { folder, dataset: await openDataset(join(folder, 'desk.jsonl'), 'desk', 'desk.jsonl') }
}

/** What is known of the fixtures of a dataset, as the command line gathers it. */
export function factsOf(folder: string, dataset: Dataset): Map<string, FixtureFacts> {
  const facts = new Map<string, FixtureFacts>()
  for (const { id } of dataset.index) {
    if (!hasFixture(folder, dataset.name, id)) continue
    const { fixture, hash, worldHash } = readFixture(folder, dataset.name, id)
    facts.set(id, { hash, worldHash, recordings: fixture.recordings.length })
  }
  return facts
}

/** A plan for all of a dataset, unless a test says otherwise. */
export function planOf(
  of: Eval,
  dataset: Dataset,
  facts: ReadonlyMap<string, FixtureFacts> = new Map(),
  settings: Partial<PlanSettings> = {},
): Plan {
  return planRun(of, dataset, facts, { selection: { cases: [], tags: [] }, metric: 'success', ...settings })
}
