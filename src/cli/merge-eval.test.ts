import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { configFrom } from '../config/config.ts'
import type { LoadedEval } from '../config/load.ts'
import { all, failureOf, folderWith } from '../dataset/testing/folder.ts'
import { none } from '../replay/users/none.ts'
import { defineEval, type EvalInput } from '../run/define-eval.ts'
import { readShardFile, writeShardFile } from '../run/shard-file.ts'
import type { Report } from '../schema/report.ts'
import type { Run, Shard } from '../schema/run.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { baselineText } from '../run/baseline-file.ts'
import type { Io } from './io.ts'
import { mergeEval } from './merge-eval.ts'
import type { Project } from './project.ts'
import { runEval } from './run-eval.ts'
import { filedShards } from './shards.ts'
import { withTrials } from './tallies.ts'

let folder = ''
let at = 0
beforeEach(() => {
  folder = folderWith()
  at = Date.UTC(2026, 10, 28)
})

const ioOf = (env: Record<string, string> = {}): Io => ({
  cwd: folder,
  env,
  now: () => at,
  random: () => 'abcdef',
  out: () => undefined,
  err: () => undefined,
  interactive: false,
  style: { colour: false, width: 100 },
  answers: () => {
    throw new Error('nobody is asked')
  },
  signal: new AbortController().signal,
})

const projectOf = (store: Store): Project => ({
  folder,
  config: configFrom({}, 'evalkit.config.ts'),
  store,
  storeFile: join(folder, 'evalkit.db'),
  path: (name) => (name.startsWith('/') ? name : join(folder, name)),
})

/** Seven towns of two templates. Paris is always wrong, Rome every other time; an answer is worth what it is long. */
const towns = ['Paris', 'Rome', 'Oslo', 'Bern', 'Prague', 'Lima', 'Quito']
function townsEval(over: Partial<EvalInput> = {}): LoadedEval {
  const tries = new Map<string, number>()
  const of = defineEval({
    name: 'towns',
    dataset: towns.map((town, place) => ({
      id: town.toLowerCase(),
      input: town,
      expected: town,
      cluster: `template-${place % 3}`,
      category: place % 2 === 0 ? 'happy' : 'edge',
      tags: place > 4 ? ['america'] : [],
    })),
    target: (town: string) => {
      const before = tries.get(town) ?? 0
      tries.set(town, before + 1)
      if (town === 'Oslo' && before % 3 === 2) throw new Error('no answer')
      return town === 'Paris' || (town === 'Rome' && before % 2 === 0) ? 'elsewhere' : town
    },
    checks: [
      function right({ output, expected }) {
        return output === expected
      },
      function short({ output }) {
        return typeof output === 'string' ? Math.min(1, 4 / output.length) : null
      },
    ],
    user: none(),
    trials: 3,
    concurrency: 1,
    gate: {
      margin: 0.2,
      maxUnscored: 0.5,
      secondary: { short: { margin: 0.3 } },
      categories: { margin: 0.3 },
    },
    ...over,
  })
  return { eval: of, file: 'evals/towns.eval.ts' }
}

interface Told {
  readonly report: Report
  readonly exit: number
}

const settings = {
  selection: { cases: [], tags: [] },
  trials: undefined,
  baseline: undefined,
  resume: false,
  policy: {},
  modes: {
    mode: { llm: 'recorded', tools: 'recorded' },
    overrides: {},
    spendUsd: undefined,
    record: false,
    judges: 'recorded',
  },
} as const

function playWhole(store: Store, over?: Partial<EvalInput>): Promise<Told> {
  return runEval(ioOf(), projectOf(store), townsEval(over), { ...settings, name: 'towns' })
}

/** Plays one shard, as a machine that knows of no other. */
function playShard(shard: Shard, over?: Partial<EvalInput>, env?: Record<string, string>): Promise<Told> {
  return runEval(ioOf(env), projectOf(memoryStore()), townsEval(over), {
    ...settings,
    name: `towns.shard-${shard.at}-of-${shard.of}`,
    shard: { ...shard, blobs: 'blobs' },
  })
}

async function merge(
  store: Store,
  places: readonly string[] = ['blobs'],
  { over, env }: { over?: Partial<EvalInput>; env?: Record<string, string> } = {},
): Promise<Told> {
  const project = projectOf(store)
  const files = await filedShards(project, places)
  return mergeEval(ioOf(env), project, townsEval(over), files, {
    baseline: undefined,
    name: 'towns',
    policy: {},
  })
}

/** What a run says, without what each machine calls it. */
const saidBy = ({ report: { run: _run, ...report }, exit }: Told): object => ({ ...report, exit })

async function acceptWhole(): Promise<void> {
  const store = memoryStore()
  await playWhole(store)
  const { tallies } = await withTrials(store, await store.getRun('towns'))
  const better = tallies.cases.map((tally) => ({
    ...tally,
    metrics: { ...tally.metrics, success: { n: 3, sum: 3, unscored: 0 } },
  }))
  mkdirSync(join(folder, 'evals'), { recursive: true })
  const accepted = { at: '2026-11-01T00:00:00.000Z', by: 'ann', reason: 'first' }
  writeFileSync(
    join(folder, 'evals/towns.baseline.json'),
    baselineText({ v: 1, accepted, ...tallies, cases: better }),
  )
}

describe('a run in shards', () => {
  it.each([1, 2, 3, 9])('of %i says what the whole run says, put together', async (of) => {
    await acceptWhole()
    const whole = memoryStore()
    const expected = await playWhole(whole)
    expect(expected.report.verdict?.comparison?.broken.map((flip) => flip.case)).toContain('paris')
    for (let shard = of; shard >= 1; shard--) await playShard({ at: shard, of })
    const store = memoryStore()
    const merged = await merge(store)
    expect(saidBy(merged)).toEqual(saidBy(expected))
    const run = await store.getRun('towns')
    expect(run).toMatchObject({ status: 'finished', cases: 7, trials: 3 })
    expect([run.partial, run.shard]).toEqual([undefined, undefined])
    const [a, b] = [await withTrials(store, run), await withTrials(whole, await whole.getRun('towns'))]
    expect({ ...a.tallies, run: '' }).toEqual({ ...b.tallies, run: '' })
    for (const { trace = '' } of a.trials) expect(await store.getTrace(trace)).toBeDefined()
  })

  it('is the same in whatever order its files are named, each or as a folder', async () => {
    const of = 3
    for (const shard of [1, 2, 3]) await playShard({ at: shard, of })
    const expected = saidBy(await merge(memoryStore()))
    const names = [1, 2, 3].map((shard) => `blobs/towns-${shard}-of-3.blob.jsonl.gz`)
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 3 }), async (places) => {
        expect(saidBy(await merge(memoryStore(), places))).toEqual(expected)
      }),
      { seed: 42, numRuns: 6 },
    )
    // The folder and a file of it is the file once.
    expect(saidBy(await merge(memoryStore(), ['blobs', names[0] ?? '']))).toEqual(expected)
  })

  it('keeps the mode and the versions it was played in, which the gate job knows nothing of', async () => {
    const modes = {
      ...settings.modes,
      mode: { llm: 'recorded', tools: 'live' },
      overrides: { model: 'large-2' },
    } as const
    for (const at of [1, 2])
      await runEval(ioOf(), projectOf(memoryStore()), townsEval(), {
        ...settings,
        modes,
        trials: 2,
        name: `towns.shard-${at}-of-2`,
        shard: { at, of: 2, blobs: 'blobs' },
      })
    const store = memoryStore()
    const { report } = await merge(store)
    expect(report.mode).toEqual(modes.mode)
    expect(report.versions).toMatchObject({ model: 'large-2' })
    expect(await store.getRun('towns')).toMatchObject({ trials: 2, cases: 7 })
  })

  it('may be stopped and gone on with, shard by shard', async () => {
    const stop = new AbortController()
    let played = 0
    let last = Number.POSITIVE_INFINITY
    const steady = {
      target: (town: string) => {
        if (++played === last) stop.abort()
        return town === 'Paris' ? 'elsewhere' : town
      },
    }
    const expected = saidBy(await playWhole(memoryStore(), steady))
    await playShard({ at: 1, of: 2 }, steady)
    const [project, shard] = [projectOf(memoryStore()), { at: 2, of: 2, blobs: 'blobs' }]
    const going = { ...settings, name: 'towns.shard-2-of-2', shard }
    const stopping = townsEval(steady)
    last = played + 4
    const error = await failureOf(() => runEval({ ...ioOf(), signal: stop.signal }, project, stopping, going))
    expect(error.code).toBe('EVK_RUN_INTERRUPTED')
    played = 0
    last = Number.POSITIVE_INFINITY
    await runEval(ioOf(), project, stopping, { ...going, resume: true })
    expect(played).toBeGreaterThan(0)
    expect(played).toBeLessThan(9)
    expect(saidBy(await merge(memoryStore(), ['blobs'], { over: steady }))).toEqual(expected)
  })

  it('fails for a tool whose contract a shard saw broken, where only its process made it', async () => {
    await acceptWhole()
    await playShard({ at: 1, of: 2 })
    await playShard({ at: 2, of: 2 })
    const path = join(folder, 'blobs/towns-2-of-2.blob.jsonl.gz')
    const lines = await all(readShardFile(path, path))
    const [header] = lines.flatMap(({ line }) => (line.kind === 'shard' ? [line] : []))
    if (header === undefined) throw new Error('a file begins with one')
    const { kind: _kind, v: _v, ...rest } = header
    async function* trials() {
      for (const { line } of lines) if (line.kind === 'trial') yield line
    }
    const broken = {
      tool: 'search',
      side: 'input',
      path: 'q',
      kind: 'type',
      class: 'breaking',
      what: 'x',
    } as const
    await writeShardFile(path, rest, trials(), () => [broken])
    const { report, exit } = await merge(memoryStore())
    expect(exit).toBe(1)
    expect(report.verdict?.reasons.map(({ code }) => code)).toContain('tool-contract')
  })

  it('is never gated in part, says which part it is, and is filed so that it is no run', async () => {
    await acceptWhole()
    const store = memoryStore()
    const { report, exit } = await runEval(ioOf(), projectOf(store), townsEval({ gate: { floor: 1 } }), {
      ...settings,
      name: 'towns.shard-2-of-9',
      shard: { at: 2, of: 9, blobs: 'blobs' },
    })
    expect(exit).toBe(0)
    expect(report.verdict).toMatchObject({ word: 'not gated', reasons: [{ code: 'shard' }] })
    expect(report.verdict?.sentence).toMatch(/^not gated: shard 2 of 9, with [01] of 7 cases$/)
    expect(report.commands).toEqual({})
    const run: Run = await store.getRun('towns.shard-2-of-9')
    expect(run).toMatchObject({ partial: true, shard: { at: 2, of: 9 } })
  })

  it('begins when its first shard began, and never after now', async () => {
    await playShard({ at: 2, of: 2 })
    at += 60_000
    await playShard({ at: 1, of: 2 })
    const { report } = await merge(memoryStore())
    expect(report.run).toMatchObject({ startedAt: '2026-11-28T00:00:00.000Z', durationMs: 60_000 })
    at -= 120_000
    expect((await merge(memoryStore())).report.run.startedAt).toBe('2026-11-27T23:59:00.000Z')
  })
})

describe('shards that are no whole run are refused, and nothing of them is kept', () => {
  async function refused(...given: Parameters<typeof merge> extends [Store, ...infer R] ? R : never) {
    const store = memoryStore()
    const error = await failureOf(() => merge(store, ...given))
    expect(await store.listRuns()).toEqual([])
    return error
  }

  it('one that is missing, by its number', async () => {
    await playShard({ at: 1, of: 4 })
    await playShard({ at: 3, of: 4 })
    const error = await refused()
    expect(error).toMatchObject({ code: 'EVK_SHARD_MISSING', exit: 3, details: ['there are 1, 3'] })
    expect(error.message).toContain('Shard 2, 4 of 4 of "towns" is missing')
  })

  it('all of them', async () => {
    mkdirSync(join(folder, 'blobs'))
    writeFileSync(join(folder, 'blobs/other.txt'), 'no shard')
    expect(await refused()).toMatchObject({ code: 'EVK_SHARD_MISSING', exit: 3 })
    expect(await refused(['nowhere'])).toMatchObject({ code: 'EVK_FILE_NOT_FOUND', exit: 2 })
  })

  it('one that is there twice, with both files', async () => {
    await playShard({ at: 1, of: 2 })
    await playShard({ at: 2, of: 2 })
    mkdirSync(join(folder, 'blobs/again'))
    const name = 'towns-2-of-2.blob.jsonl.gz'
    copyFileSync(join(folder, 'blobs', name), join(folder, 'blobs/again', name))
    const error = await refused()
    expect(error).toMatchObject({ code: 'EVK_SHARD_TWICE', exit: 3 })
    expect(error.details).toEqual([
      'blobs/again/towns-2-of-2.blob.jsonl.gz',
      'blobs/towns-2-of-2.blob.jsonl.gz',
    ])
  })

  const otherChecks: Partial<EvalInput> = {
    checks: [
      function right() {
        return true
      },
    ],
    gate: {},
  }

  it.each<[string, Partial<EvalInput>, Record<string, string>]>([
    ['hashes', otherChecks, {}],
    ['trials', { trials: 2 }, {}],
    ['commit', {}, { GITHUB_SHA: 'b'.repeat(40) }],
  ])('those of other %s', async (what, over, env) => {
    await playShard({ at: 1, of: 2 }, {}, { GITHUB_SHA: 'a'.repeat(40) })
    await playShard({ at: 2, of: 2 }, over, { GITHUB_SHA: 'a'.repeat(40), ...env })
    const error = await refused()
    expect(error).toMatchObject({ code: 'EVK_SHARD_MIXED', exit: 3 })
    expect(error.message).toBe(`Shards of "towns" are not of one run: ${what} differ.`)
    expect(error.details[1]).toMatch(`blobs/towns-2-of-2.blob.jsonl.gz: ${what} `)
  })

  it('those of another number of shards', async () => {
    await playShard({ at: 1, of: 2 })
    await playShard({ at: 2, of: 3 })
    expect((await refused()).message).toBe('Shards of "towns" are not of one run: shards differ.')
  })

  it('those that were played of something else than is here now, naming it', async () => {
    await playShard({ at: 1, of: 1 }, {}, { GITHUB_SHA: 'a'.repeat(40) })
    const error = await refused(['blobs'], { over: otherChecks })
    expect(error).toMatchObject({ code: 'EVK_SHARD_OUTDATED', exit: 3 })
    expect(error.message).toContain(': checks, secondary differ')
    const fewer = { dataset: [{ id: 'paris', input: 'Paris', expected: 'Paris' }] }
    expect((await refused(['blobs'], { over: fewer })).message).toContain(': dataset, cases differ')
    const elsewhere = await refused(['blobs'], { env: { GITHUB_SHA: 'b'.repeat(40) } })
    expect(elsewhere.message).toContain(': commit differ')
  })

  it('leaves no file where a shard did not play to its end, and takes away that of an earlier try', async () => {
    await playShard({ at: 1, of: 1 })
    await failureOf(() => playShard({ at: 1, of: 1 }, { dataset: 'nowhere' }))
    expect(await refused()).toMatchObject({ code: 'EVK_SHARD_MISSING' })
    await playShard({ at: 1, of: 1 })
    const stopped = new AbortController()
    stopped.abort()
    const error = await failureOf(() =>
      runEval({ ...ioOf(), signal: stopped.signal }, projectOf(memoryStore()), townsEval(), {
        ...settings,
        name: 'towns.shard-1-of-1',
        shard: { at: 1, of: 1, blobs: 'blobs' },
      }),
    )
    expect(error.code).toBe('EVK_RUN_INTERRUPTED')
    expect(await refused()).toMatchObject({ code: 'EVK_SHARD_MISSING' })
  })
})
