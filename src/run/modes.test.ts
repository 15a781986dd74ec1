import { describe, expect, it } from 'vitest'
import { readFixture, writeFixture } from '../dataset/fixture-file.ts'
import { all, failureOf } from '../dataset/testing/folder.ts'
import type { LiveRun } from '../replay/live/live-models.ts'
import { loop } from '../replay/targets/loop.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Mode } from '../schema/run.ts'
import { says } from '../schema/testing/recordings.ts'
import { recordedScore } from '../score/checks/index.ts'
import type { EvalInput } from './define-eval.ts'
import { execute, type Execution } from './execute.ts'
import { keepTrial } from './rerecord.ts'
import { deskEval, deskFolder, factsOf, planOf } from './testing/desk-eval.ts'

/** Models that say one thing, or fail. */
function models(answer: () => string): { readonly run: LiveRun; readonly trials: number[] } {
  const trials: number[] = []
  return {
    trials,
    run: {
      forTrial: () => ({
        exchange: () => Promise.reject(new Error('no agent here speaks HTTP')),
        ask: async (request, _, { trial }) => {
          trials.push(trial)
          return { reply: says(answer()), attempts: [], served: 'live', costUsd: 0.5, request }
        },
      }),
    },
  }
}

async function played(
  mode: Mode,
  given: Partial<Execution> = {},
  { trials, ...over }: Partial<EvalInput> = {},
) {
  const { folder, dataset } = await deskFolder(2, 2)
  const of = deskEval({ target: loop(), checks: [recordedScore({ name: 'reward', as: 'reward' })], ...over })
  const plan = planOf(of, dataset, factsOf(folder, dataset), { trials, mode })
  const execution = {
    run: 'r',
    fixtures: folder,
    isDone: () => false,
    signal: new AbortController().signal,
    now: () => 0,
    ...given,
  }
  const finished = (await all(execute(plan, execution))).flat()
  return { folder, dataset, plan, finished, of }
}

const live: Mode = { llm: 'live', tools: 'recorded' }

describe('a run of live models', () => {
  it('plays them in the recorded world, as many trials as it likes, and lends no recorded score', async () => {
    const { run, trials } = models(() => 'On shelf 9.')
    const { finished, plan } = await played(live, { models: run }, { trials: 5 })
    expect(plan.mode).toEqual(live)
    expect(finished).toHaveLength(10)
    expect(new Set(trials)).toEqual(new Set([0, 1, 2, 3, 4]))
    for (const { trial } of finished) {
      expect(trial.fidelity.counts.live).toBeGreaterThan(0)
      expect(trial.scores).toMatchObject([{ status: 'unscored' }])
    }
  })

  it('says something that is then replayed under the same hash, and is no score of the recording', async () => {
    const { run } = models(() => 'On shelf 9.')
    const { finished, folder, dataset, of, plan } = await played(live, { models: run })
    for (const one of finished) {
      expect(one.trial.status).not.toBe('aborted')
      expect(keepTrial(one, { fixtures: folder, dataset: 'desk', mode: plan.mode, isNew: () => false })).toBe(
        true,
      )
    }
    const again = planOf(of, dataset, factsOf(folder, dataset))
    const execution = { run: 'r2', fixtures: folder, isDone: () => false, now: () => 0 }
    const replayed = (
      await all(execute(again, { ...execution, signal: new AbortController().signal }))
    ).flat()
    for (const { trial, trace } of replayed) {
      const before = finished.find((one) => one.trial.case === trial.case && one.trial.trial === trial.trial)
      expect(trial).toMatchObject({ status: 'completed', divergences: [], fidelity: { share: 1 } })
      expect(trial.caseHash).toBe(before?.trial.caseHash)
      expect(trace.output).toBe(before?.trace.output)
      expect(trial.scores).toMatchObject([{ status: 'unscored' }])
    }
  })

  it('is not kept where a tool was made up', async () => {
    const { run } = models(() => 'On shelf 9.')
    const { finished, folder } = await played(live, { models: run })
    const [one] = finished
    if (one === undefined) throw new Error('there are some')
    const keeping = { fixtures: folder, dataset: 'desk', mode: live, isNew: () => false }
    const off = { ...one.trial.fidelity, firstOffTape: 2 }
    const before = readFixture(folder, 'desk', one.trial.case)
    expect(keepTrial({ ...one, trial: { ...one.trial, fidelity: off } }, keeping)).toBe(false)
    expect(keepTrial({ ...one, trial: { ...one.trial, status: 'aborted' } }, keeping)).toBe(false)
    expect(readFixture(folder, 'desk', one.trial.case).hash).toBe(before.hash)
    expect(keepTrial(one, keeping)).toBe(true)
  })

  it('stops where models cannot be asked at all, and keeps what was finished', async () => {
    let left = 2
    const { run } = models(() => {
      if (left-- > 0) return 'On shelf 9.'
      throw new EvalkitError('EVK_SPEND_CAP', 'The spend cap is reached.')
    })
    const { folder, dataset } = await deskFolder(3, 1)
    const of = deskEval({ target: loop(), concurrency: 1 })
    const plan = planOf(of, dataset, factsOf(folder, dataset), { mode: live })
    const kept: string[] = []
    const error = await failureOf(async () => {
      const execution = { run: 'r', fixtures: folder, isDone: () => false, now: () => 0, models: run }
      for await (const batch of execute(plan, { ...execution, signal: new AbortController().signal }))
        kept.push(...batch.map(({ trial }) => `${trial.case} ${trial.status}`))
    })
    expect(error.code).toBe('EVK_SPEND_CAP')
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.join()).not.toContain('aborted')
  })

  it('is resumed although what it said was kept meanwhile: its plan is the same', async () => {
    const { run } = models(() => 'On shelf 9.')
    const { finished, folder, dataset, of, plan } = await played(live, { models: run })
    for (const one of finished)
      keepTrial(one, { fixtures: folder, dataset: 'desk', mode: plan.mode, isNew: () => false })
    const again = planOf(of, dataset, factsOf(folder, dataset), { mode: live })
    expect(again.hashes).toEqual(plan.hashes)
    expect(planOf(of, dataset, factsOf(folder, dataset)).hashes.fixtures).not.toBe(plan.hashes.fixtures)
  })
})

describe('how a replay answers', () => {
  it('is a part of what was measured, where it is not the default', async () => {
    const { folder, dataset } = await deskFolder(1, 1)
    const hashOf = (over: Partial<EvalInput>): string =>
      planOf(deskEval(over), dataset, factsOf(folder, dataset)).hashes.checks
    const usual = hashOf({})
    expect(hashOf({ replay: { strict: false } })).toBe(usual)
    expect(hashOf({ replay: { strict: true } })).not.toBe(usual)
    expect(hashOf({ replay: { tools: { find: 'tool-error' } } })).not.toBe(usual)
    const simulated = hashOf({ simulate: { find: () => 1 } })
    expect(simulated).not.toBe(usual)
    expect(hashOf({ simulate: { find: () => 2 } })).not.toBe(simulated)
  })

  it('is checked before anything runs', async () => {
    const wrong: [object, RegExp][] = [
      [{ replay: { onMiss: 'live' } }, /replay\.onMiss/],
      [{ replay: { tools: { pay: 'maybe' } } }, /replay\.tools\.pay/],
      [{ simulate: { pay: 'x' } }, /simulate\.pay: expected a function/],
    ]
    for (const [over, says] of wrong) {
      const error = await failureOf(() => deskEval(over))
      expect(error.code).toBe('EVK_EVAL_INVALID')
      expect(error.message).toMatch(says)
    }
  })

  it('keeps a fixture readable that live models spoke in', async () => {
    const { folder } = await deskFolder(1, 1)
    const { fixture } = readFixture(folder, 'desk', 'find-1')
    const [only] = fixture.recordings
    if (only === undefined) throw new Error('there is one')
    writeFixture(folder, { ...fixture, rerecordings: [{ ...only, trial: 3 }] })
    const error = await failureOf(() => readFixture(folder, 'desk', 'find-1'))
    expect(error).toMatchObject({ code: 'EVK_FIXTURE_CORRUPT', at: { path: 'rerecordings[0].trial' } })
  })
})
