import { describe, expect, it } from 'vitest'
import { inlineDataset } from '../dataset/load.ts'
import { all, failureOf } from '../dataset/testing/folder.ts'
import { readRule } from '../replay/faults/schedule.ts'
import { EvalkitError } from '../schema/errors.ts'
import { cameToPass } from '../schema/what-if.ts'
import { execute, executeMatrix } from './execute.ts'
import { type FixtureFacts, trialCount } from './plan.ts'
import { deskEval, deskFolder, factsOf, planOf } from './testing/desk-eval.ts'
import { type Asked, filedAs, rulesOf } from './what-if.ts'

const unfit = new EvalkitError('EVK_HUMAN_INVALID', 'nobody is asked')
const facts = (recordings: number, ...reasons: FixtureFacts['unfit'] & {}): FixtureFacts => ({
  hash: 'h',
  worldHash: 'h',
  recordings,
  unfit: reasons,
})
const datasetOf = () =>
  inlineDataset(
    'desk',
    [
      { id: 'a', input: 1 },
      { id: 'b', input: 2 },
      { id: 'c', input: 3 },
    ],
    'x',
  )

describe('a plan into which something is put', () => {
  it('leaves out the cases, and the trials, it does not fit', async () => {
    const fixtures = new Map([
      ['a', facts(2, undefined, unfit)],
      ['b', facts(2, unfit, unfit)],
      ['c', facts(2)],
    ])
    const plan = planOf(deskEval(), await datasetOf(), fixtures, { whatIf: { people: ['deny'] } })
    expect([...plan.cases]).toEqual(['a', 'c'])
    expect([...plan.leftOut]).toEqual(['a 1'])
    expect([plan.unfit, trialCount(plan), plan.partial]).toEqual([1, 3, false])
  })

  it('has nothing to do with fit where nothing is put in', async () => {
    const plan = planOf(deskEval(), await datasetOf(), new Map([['a', facts(1, unfit)]]))
    expect([plan.cases.size, plan.leftOut.size, plan.unfit]).toEqual([3, 0, 0])
  })

  it('leaves out what is not recorded, and says so where nothing is', async () => {
    const error = await failureOf(async () =>
      planOf(deskEval(), await datasetOf(), new Map(), { whatIf: {} }),
    )
    expect([error.code, error.at]).toEqual(['EVK_FIXTURE_MISSING', { case: 'a' }])
  })

  it('tells the reason that tells most, where it fits nobody', async () => {
    const telling = new EvalkitError('EVK_HUMAN_INVALID', 'no such question', {
      details: ['question 1: approve'],
    })
    const fixtures = new Map([
      ['a', facts(1, unfit)],
      ['b', facts(1, telling)],
      ['c', facts(1, unfit)],
    ])
    const dataset = await datasetOf()
    const error = await failureOf(() =>
      planOf(deskEval(), dataset, fixtures, { whatIf: { people: ['deny@2'] } }),
    )
    expect([error.message, error.at, error.details]).toEqual([
      'no such question',
      { case: 'b' },
      ['question 1: approve'],
    ])
  })
})

describe('a run into which faults are put', () => {
  const rules = [readRule('*@1: 503')]
  const asked: Asked = { faults: { schedule: () => ({ rules }), filed: { faults: rulesOf({ rules }) } } }

  it('keeps with each trial what happened and what came of it', async () => {
    const { folder, dataset } = await deskFolder(2, 1)
    const plan = planOf(deskEval({ target: () => 'nothing was asked' }), dataset, factsOf(folder, dataset), {
      whatIf: filedAs(asked),
    })
    const signal = new AbortController().signal
    const execution = { fixtures: folder, isDone: () => false, signal, now: () => 0 }
    const finished = (await all(execute(plan, { ...execution, run: 'r', asked }))).flat()
    expect(finished).toHaveLength(2)
    for (const { trial } of finished) {
      expect(trial.whatIf?.faults?.verdict.word).toBe('not decided')
      expect(trial.whatIf !== undefined && cameToPass(trial.whatIf)).toBe(false)
    }
    const matrices = (await all(executeMatrix(plan, execution, []))).flat()
    expect(matrices.map(({ case: of, cells }) => [of, cells])).toEqual([
      ['find-1', []],
      ['find-2', []],
    ])
  })
})

describe('how a run is filed', () => {
  it('says what is in a file that is put in', () => {
    const fork = { set: ['steps[1].result=@a.json', 'steps[2].result=1'], read: () => '"x"' }
    const filed = filedAs({ fork })
    expect(filed.set?.[1]).toBe('steps[2].result=1')
    expect(filed.set?.[0]).toMatch(/^steps\[1\]\.result=@a\.json \([0-9a-f]{16}\)$/)
    expect(filedAs({ fork: { ...fork, read: () => '"y"' } }).set?.[0]).not.toBe(filed.set?.[0])
    expect(filedAs({ fork: { from: 2, set: [], read: () => '' } })).toEqual({ from: 2 })
  })
})
