import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixturePath } from '../dataset/fixture-file.ts'
import { type Dataset, inlineDataset } from '../dataset/load.ts'
import { all, failureOf, folderWith } from '../dataset/testing/folder.ts'
import { writeCases } from '../dataset/write.ts'
import { asTarget, type Target } from '../replay/target.ts'
import { loop } from '../replay/targets/loop.ts'
import { EvalkitError } from '../schema/errors.ts'
import { equals, recordedScore, toolCalls } from '../score/checks/index.ts'
import type { EvalInput } from './define-eval.ts'
import { execute, type Execution, type FinishedTrial } from './execute.ts'
import type { Plan } from './plan.ts'
import { deskEval, deskFolder, factsOf, planOf } from './testing/desk-eval.ts'

const executionOf = (over: Partial<Execution> = {}): Execution => ({
  run: 'run-1',
  fixtures: 'nowhere',
  isDone: () => false,
  signal: new AbortController().signal,
  now: () => 0,
  ...over,
})
const keys = (batches: readonly (readonly FinishedTrial[])[]) =>
  batches.flat().map(({ trial }) => `${trial.case} ${trial.trial}`)
const numbered = (count: number): Promise<Dataset> =>
  inlineDataset(
    'desk',
    Array.from({ length: count }, (_, n) => ({ id: `c${n}`, input: n, expected: n })),
    'x',
  )

/** A plan over numbers, without recordings. */
async function numbers(count: number, over: Partial<EvalInput> = {}, trials = 1): Promise<Plan> {
  return planOf(
    deskEval({ checks: [equals()], target: (n: number) => n, ...over }),
    await numbered(count),
    undefined,
    { trials },
  )
}

describe('execute', () => {
  it('replays recorded cases: each trial against the recording of its number', async () => {
    const { folder, dataset } = await deskFolder(3, 2)
    const of = deskEval({
      target: loop(),
      checks: [toolCalls({ mode: 'superset' }), recordedScore({ name: 'reward', as: 'reward' })],
    })
    const plan = planOf(of, dataset, factsOf(folder, dataset))
    const finished = (await all(execute(plan, executionOf({ fixtures: folder })))).flat()
    expect(keys([finished]).sort()).toEqual(
      ['1 0', '1 1', '2 0', '2 1', '3 0', '3 1'].map((key) => `find-${key}`),
    )
    for (const { trial, trace } of finished) {
      expect(trial).toMatchObject({
        run: 'run-1',
        status: 'completed',
        fidelity: { share: 1 },
        divergences: [],
      })
      expect(trial.trace).toBe(trace.id)
      expect(trace.output).toBe(`Yes, on shelf ${trial.trial + 1}.`)
      expect(trial.scores.find(({ name }) => name === 'reward')).toMatchObject({
        status: 'scored',
        passed: true,
      })
    }
  })

  it('says of a trial what its case is', async () => {
    const given = { id: 'momo', input: 1, tags: ['a'], category: 'edge', cluster: 'ende' } as const
    const dataset = await inlineDataset('desk', [given], 'x')
    const [batch] = await all(execute(planOf(deskEval({ target: (n: number) => n }), dataset), executionOf()))
    expect(batch?.[0]?.trial).toMatchObject({
      case: 'momo',
      caseHash: dataset.index[0]?.hash,
      tags: ['a'],
      category: 'edge',
      cluster: 'ende',
    })
  })

  it('files a trial under what was played: another fixture makes another case, of that case alone', async () => {
    const hashesOf = async (folder: string, dataset: Dataset) => {
      const plan = planOf(deskEval({ target: loop() }), dataset, factsOf(folder, dataset))
      const finished = (await all(execute(plan, executionOf({ fixtures: folder })))).flat()
      return new Map(finished.map(({ trial }) => [trial.case, trial.caseHash]))
    }
    const { folder, dataset } = await deskFolder(2, 1)
    const before = await hashesOf(folder, dataset)
    expect(before.get('find-1')).not.toBe(dataset.index[0]?.hash)
    const file = fixturePath(folder, 'desk', 'find-1')
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`)
    const after = await hashesOf(folder, dataset)
    expect(after.get('find-1')).not.toBe(before.get('find-1'))
    expect(after.get('find-2')).toBe(before.get('find-2'))
  })

  it('plays every trial exactly once, however many at once', async () => {
    for (const concurrency of [1, 3, 50]) {
      const played = keys(await all(execute(await numbers(20, { concurrency }, 3), executionOf())))
      expect(played).toHaveLength(60)
      expect(new Set(played).size).toBe(60)
    }
  })

  it('never plays more at once than it is told, and no fewer while there are some', async () => {
    let now = 0
    let most = 0
    const target = async (n: number) => {
      most = Math.max(most, ++now)
      for (let turns = 0; turns < 3 + (n % 4); turns++) await turn()
      now--
      return n
    }
    await all(execute(await numbers(40, { target, concurrency: 4 }), executionOf()))
    expect([most, now]).toEqual([4, 0])
  })

  describe('where trials share something that must be made ready', () => {
    function sharing(open: Target['open']): { target: Target; log: string[] } {
      const log: string[] = []
      let now = 0
      const target = asTarget({
        kind: 'shared',
        name: 'shared',
        versions: {},
        concurrency: 2,
        async open(signal) {
          log.push('open')
          const close = await open?.(signal)
          return async () => {
            await close?.()
            log.push('close')
          }
        },
        async play(input) {
          log.push(`play ${++now}`)
          await turn()
          now--
          return input
        },
      })
      return { target, log }
    }

    it('opens it once before the first trial, closes it after the last, and plays no more at once than it can', async () => {
      const { target, log } = sharing(undefined)
      expect(keys(await all(execute(await numbers(5, { target }), executionOf())))).toHaveLength(5)
      expect([log.at(0), log.at(-1), log.length]).toEqual(['open', 'close', 7])
      expect(log).toContain('play 2')
      expect(log).not.toContain('play 3')
    })

    it('plays nothing where it cannot be had, and throws why', async () => {
      const { target, log } = sharing(() =>
        Promise.reject(new EvalkitError('EVK_TARGET_UNREACHABLE', 'no service')),
      )
      const plan = await numbers(5, { target })
      const failure = await failureOf(() => all(execute(plan, executionOf())))
      expect(failure.code).toBe('EVK_TARGET_UNREACHABLE')
      expect(log).toEqual(['open'])
    })

    it('plays nothing where the run is stopped meanwhile, and that is no failure', async () => {
      const stop = new AbortController()
      const { target, log } = sharing(async () => {
        stop.abort()
        throw new Error('it was not started')
      })
      const plan = await numbers(5, { target })
      expect(await all(execute(plan, executionOf({ signal: stop.signal })))).toEqual([])
      expect(log).toEqual(['open'])
    })
  })

  it('leaves out what an earlier run finished, and reads no fixture for it', async () => {
    const plan = await numbers(4, {}, 2)
    const isDone = (id: string, trial: number) => id === 'c1' || (id === 'c2' && trial === 0)
    const played = keys(await all(execute(plan, executionOf({ isDone }))))
    expect(played.sort()).toEqual(['c0 0', 'c0 1', 'c2 1', 'c3 0', 'c3 1'])
    const { folder, dataset } = await deskFolder(2, 1)
    const recorded = planOf(deskEval({ target: loop() }), dataset, factsOf(folder, dataset))
    writeFileSync(fixturePath(folder, 'desk', 'find-1'), 'broken')
    const rest = await all(
      execute(recorded, executionOf({ fixtures: folder, isDone: (id) => id === 'find-1' })),
    )
    expect(keys(rest)).toEqual(['find-2 0'])
  })

  it('plays what is selected', async () => {
    const plan = planOf(deskEval(), await numbered(5), undefined, {
      selection: { cases: ['c[12]', 'c3'], tags: [] },
    })
    expect(keys(await all(execute(plan, executionOf())))).toEqual(['c3 0'])
  })

  it('scores an agent that throws 0, and goes on', async () => {
    const target = (n: number) => {
      if (n === 1) throw new Error('no')
      return n
    }
    const finished = (await all(execute(await numbers(3, { target }), executionOf()))).flat()
    const outcomes = finished.map(({ trial }) => `${trial.case} ${trial.status}`)
    expect(outcomes.sort()).toEqual(['c0 completed', 'c1 failed', 'c2 completed'])
  })

  it('gives every trial a case of its own: an agent that changes its input changes nothing else', async () => {
    const dataset = await inlineDataset('desk', [{ id: 'a', input: { n: 1 }, expected: { n: 1 } }], 'x')
    const target = (input: { n: number }, { case: given }: { case: { expected?: unknown } }) => {
      const seen = { n: input.n }
      input.n++
      Object.assign(given.expected as object, { n: 99 })
      return seen
    }
    const plan = planOf(deskEval({ target, checks: [equals()] }), dataset, undefined, { trials: 3 })
    const finished = (await all(execute(plan, executionOf()))).flat()
    expect(finished).toHaveLength(3)
    for (const { trial } of finished) {
      expect(trial.scores[0]).toMatchObject({ status: 'scored', passed: true })
      expect(trial.caseHash).toBe(dataset.index[0]?.hash)
    }
  })
})

describe('execute, stopped', () => {
  it('keeps what was finished before an abort, and yields no half trial', async () => {
    const stop = new AbortController()
    const target = async (n: number, { signal }: { signal: AbortSignal }) => {
      if (n === 6) stop.abort()
      if (n >= 5)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      return n
    }
    const plan = await numbers(20, { target, concurrency: 2 })
    const finished = (await all(execute(plan, executionOf({ signal: stop.signal })))).flat()
    expect(keys([finished]).sort()).toEqual(['c0 0', 'c1 0', 'c2 0', 'c3 0', 'c4 0'])
    expect(finished.every(({ trial }) => trial.status === 'completed')).toBe(true)
  })

  it('plays nothing where it was aborted before it began', async () => {
    const target = () => {
      throw new Error('it was played')
    }
    expect(
      await all(execute(await numbers(5, { target }), executionOf({ signal: AbortSignal.abort() }))),
    ).toEqual([])
  })

  it.each(['leaves', 'throws'])('stops what is under way when its consumer %s', async (how) => {
    let started = 0
    let stopped = 0
    const target = async (n: number, { signal }: { signal: AbortSignal }) => {
      started++
      if (n < 2) return n
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return ++stopped
    }
    const consume = async () => {
      for await (const _ of execute(await numbers(50, { target, concurrency: 4 }), executionOf())) {
        if (how === 'throws') throw new Error('the disk is full')
        break
      }
    }
    const [outcome] = await Promise.allSettled([consume()])
    await turn()
    expect([outcome.status, started, stopped]).toEqual([how === 'throws' ? 'rejected' : 'fulfilled', 6, 4])
  })

  it('yields what is finished before it throws what a fixture throws', async () => {
    const { folder, dataset } = await deskFolder(4, 1)
    const plan = planOf(deskEval({ target: loop(), concurrency: 1 }), dataset, factsOf(folder, dataset))
    writeFileSync(fixturePath(folder, 'desk', 'find-3'), '{"v":1,')
    const seen: FinishedTrial[] = []
    const error = await failureOf(async () => {
      for await (const batch of execute(plan, executionOf({ fixtures: folder }))) seen.push(...batch)
    })
    expect(error.code).toBe('EVK_JSON_SYNTAX')
    expect(keys([seen])).toEqual(['find-1 0', 'find-2 0'])
  })

  it('refuses a fixture that is no longer the one that was planned', async () => {
    const { folder, dataset } = await deskFolder(1, 2)
    const plan = planOf(deskEval({ target: loop() }), dataset, factsOf(folder, dataset))
    const path = fixturePath(folder, 'desk', 'find-1')
    writeFileSync(path, readFileSync(path, 'utf8').replace('Yes, on shelf 1.', 'No, not on shelf 1.'))
    const error = await failureOf(() => all(execute(plan, executionOf({ fixtures: folder }))))
    expect([error.code, error.exit, error.at.case]).toEqual(['EVK_RUN_INPUT_CHANGED', 3, 'find-1'])
  })

  it('refuses a case that was edited, or is gone, and plays none that is new', async () => {
    const { folder, dataset } = await deskFolder(2, 1)
    const plan = planOf(deskEval({ target: loop(), concurrency: 1 }), dataset, factsOf(folder, dataset))
    const path = join(folder, 'desk.jsonl')
    const before = readFileSync(path, 'utf8')
    const run = async () => {
      const seen: FinishedTrial[] = []
      const error = await failureOf(async () => {
        for await (const batch of execute(plan, executionOf({ fixtures: folder }))) seen.push(...batch)
      })
      return [error.code, error.at.case, ...keys([seen])]
    }
    const [first] = await all(dataset.cases())
    if (first === undefined) throw new Error('there is a case')
    await writeCases(path, new Map([['find-1', { ...first, input: 'another question' }]]))
    expect(await run()).toEqual(['EVK_RUN_INPUT_CHANGED', 'find-1'])
    writeFileSync(path, `${before.split('\n')[0]}\n{"id":"find-3","input":1}\n`)
    expect(await run()).toEqual(['EVK_RUN_INPUT_CHANGED', 'find-2', 'find-1 0'])
  })
})

describe('execute, in bulk', () => {
  it('waits for a slow consumer: no more than a backlog is finished ahead of it', async () => {
    let played = 0
    const target = (n: number) => {
      played++
      return n
    }
    let taken = 0
    let ahead = 0
    for await (const batch of execute(await numbers(1200, { target }), executionOf())) {
      // As slow as can be: until nothing moves any more.
      for (let before = -1; before !== played; ) {
        before = played
        for (let turns = 0; turns < 50; turns++) await turn()
      }
      taken += batch.length
      ahead = Math.max(ahead, played - taken)
    }
    expect([played, taken]).toEqual([1200, 1200])
    expect(ahead).toBeLessThanOrEqual(256 + 8)
  })

  it('commits many together: 5,000 trials come in few batches, none of them large', async () => {
    const sizes: number[] = []
    for await (const batch of execute(await numbers(5000), executionOf())) sizes.push(batch.length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 + 8)
    expect(sizes.length).toBeLessThan(200)
  })

  it('shows a trial that took long without waiting for others', async () => {
    const folder = folderWith()
    let release = () => {}
    const target = async (n: number) => {
      if (n > 0) await new Promise<void>((resolve) => (release = resolve))
      return n
    }
    const batches = execute(await numbers(2, { target }), executionOf({ fixtures: folder }))
    const first = await batches.next()
    expect(keys([first.value as FinishedTrial[]])).toEqual(['c0 0'])
    release()
    expect(keys(await all(batches))).toEqual(['c1 0'])
  })
})
