import { describe, expect, it } from 'vitest'
import { failureOf } from '../dataset/testing/folder.ts'
import { inlineDataset } from '../dataset/load.ts'
import { none } from '../replay/users/none.ts'
import { simulated } from '../replay/users/simulated.ts'
import type { Case } from '../schema/case.ts'
import { knownTools } from '../schema/known-tools.ts'
import type { ToolsFile } from '../schema/tool.ts'
import { contains, equals } from '../score/checks/index.ts'
import { type FixtureFacts, trialCount } from './plan.ts'
import { deskEval, planOf } from './testing/desk-eval.ts'

const books: Partial<Case>[] = [
  { id: 'momo', input: 'Momo?', tags: ['end'] },
  { id: 'krabat', input: 'Krabat?', tags: ['dark', 'end'] },
  { id: 'emil', input: 'Emil?' },
]
const datasetOf = (cases: Partial<Case>[] = books) => inlineDataset('desk', cases, 'desk.eval.ts')
const facts = (...given: [id: string, recordings: number, hash?: string][]): Map<string, FixtureFacts> =>
  new Map(given.map(([id, recordings, hash = `h-${id}`]) => [id, { recordings, hash, worldHash: hash }]))

describe('planRun', () => {
  it('plays the whole dataset, once each, where nothing is recorded', async () => {
    const plan = planOf(deskEval(), await datasetOf())
    expect([...plan.cases]).toEqual(['momo', 'krabat', 'emil'])
    expect(plan).toMatchObject({ trials: 1, partial: false, mode: { llm: 'recorded', tools: 'recorded' } })
    expect(trialCount(plan)).toBe(3)
  })

  it('plays what is selected, and says that it is a part', async () => {
    const dataset = await datasetOf()
    const part = planOf(deskEval(), dataset, undefined, { selection: { cases: [], tags: ['end'] } })
    expect([...part.cases]).toEqual(['momo', 'krabat'])
    expect(part.partial).toBe(true)
    const all = planOf(deskEval(), dataset, undefined, { selection: { cases: ['*'], tags: [] } })
    expect(all.partial).toBe(false)
  })

  it('refuses a dataset without cases: a run of nothing never passes', async () => {
    const empty = await datasetOf([])
    const error = await failureOf(() => planOf(deskEval(), empty))
    expect([error.code, error.exit]).toEqual(['EVK_DATASET_EMPTY', 3])
  })

  it.each([
    [{ cases: ['krabta'], tags: [] }, 'did you mean "krabat"?'],
    [{ cases: ['x-*'], tags: [] }, 'its cases: momo, krabat, emil'],
    [{ cases: [], tags: ['drak'] }, 'did you mean "dark"?'],
    [{ cases: [], tags: ['sunny'] }, 'its tags: dark, end'],
    [{ cases: ['emil'], tags: ['end'] }, 'its cases: momo, krabat, emil'],
  ])('refuses a selection of nothing, and says what there is: %j', async (selection, says) => {
    const dataset = await datasetOf()
    const error = await failureOf(() => planOf(deskEval(), dataset, undefined, { selection }))
    expect([error.code, error.exit]).toEqual(['EVK_CASE_NOT_FOUND', 3])
    expect(error.details).toContain(says)
  })

  it('names a few cases of many', async () => {
    const dataset = await datasetOf(Array.from({ length: 9 }, (_, n) => ({ id: `c${n}`, input: n })))
    const selection = { cases: ['zzz'], tags: [] }
    const error = await failureOf(() => planOf(deskEval(), dataset, undefined, { selection }))
    expect(error.message).toBe('None of the 9 cases of "desk" is selected.')
    expect(error.details).toEqual(['its cases: c0, c1, c2, c3, c4, …'])
  })
})

describe('trials of a plan', () => {
  it.each<[string, number | undefined, number | undefined, [string, number][], number]>([
    ['the command line’s', 2, 3, [['momo', 4]], 2],
    ['the eval’s', undefined, 3, [['momo', 4]], 3],
    [
      'as many as the case with the fewest recordings has',
      undefined,
      undefined,
      [
        ['momo', 4],
        ['krabat', 2],
      ],
      2,
    ],
    ['as many as asked, where nothing is recorded', 9, undefined, [], 9],
    ['one, where nothing is recorded or asked', undefined, undefined, [], 1],
  ])('are %s', async (_, asked, evals, recorded, expected) => {
    const of = deskEval(evals === undefined ? {} : { trials: evals })
    expect(planOf(of, await datasetOf(), facts(...recorded), { trials: asked }).trials).toBe(expected)
  })

  it('are never more than recordings: one played twice is one observation', async () => {
    const dataset = await datasetOf()
    const error = await failureOf(() =>
      planOf(deskEval({ trials: 3 }), dataset, facts(['momo', 4], ['emil', 1])),
    )
    expect([error.code, error.at.case]).toEqual(['EVK_FIXTURE_TRIALS', 'emil'])
    expect(error.message).toBe('3 trials are asked for, but the case has 1 recording.')
  })

  it('count the recordings of what is selected only', async () => {
    const selection = { cases: ['momo'], tags: [] }
    expect(planOf(deskEval(), await datasetOf(), facts(['momo', 4], ['emil', 1]), { selection }).trials).toBe(
      4,
    )
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('cannot be %d', async (trials) => {
    const dataset = await datasetOf()
    expect((await failureOf(() => planOf(deskEval(), dataset, undefined, { trials }))).code).toBe('EVK_USAGE')
  })
})

describe('hashes change exactly when their subject changes', () => {
  const recorded = () => facts(['momo', 1], ['krabat', 1])
  const checks = () => [
    equals(),
    contains({ text: 'shelf' }),
    contains({ text: 'Yes', as: 'polite', gating: false }),
  ]
  const hashesOf = async ({
    of = deskEval({ checks: checks() }),
    cases = books,
    fixtures = recorded(),
    settings = {},
  }) => planOf(of, await datasetOf(cases), fixtures, settings).hashes
  const ada = { persona: 'Ada, who reads a lot.', model: 'small' }
  type Change = Parameters<typeof hashesOf>[0]

  it.each<[string, Change, string[]]>([
    ['nothing', {}, []],
    ['another target', { of: deskEval({ checks: checks(), target: () => 'other' }) }, []],
    [
      'trials, time, concurrency',
      { of: deskEval({ checks: checks(), trials: 1, timeoutMs: 5, concurrency: 1 }) },
      [],
    ],
    ['the gate’s rules', { of: deskEval({ checks: checks(), gate: { margin: 0.2 } }) }, []],
    ['the order of the checks', { of: deskEval({ checks: checks().reverse() }) }, []],
    ['another check less', { of: deskEval({ checks: checks().slice(1) }) }, ['checks']],
    [
      'another check more',
      { of: deskEval({ checks: [...checks(), contains({ text: 'Momo', as: 'm' })] }) },
      ['checks'],
    ],
    [
      'a check’s parameters',
      { of: deskEval({ checks: [equals(), contains({ text: 'floor' })] }) },
      ['checks'],
    ],
    [
      'a check’s name',
      { of: deskEval({ checks: [equals({ as: 'same' }), contains({ text: 'shelf' })] }) },
      ['checks'],
    ],
    [
      'a check that stops gating',
      { of: deskEval({ checks: [equals({ gating: false }), contains({ text: 'shelf' })] }) },
      ['checks'],
    ],
    ['a check that is only shown, gone', { of: deskEval({ checks: checks().slice(0, 2) }) }, []],
    ['nobody who answers', { of: deskEval({ checks: checks(), user: none() }) }, []],
    ['a user whom a model plays', { of: deskEval({ checks: checks(), user: simulated(ada) }) }, ['user']],
    [
      'what that user wants in one case',
      { cases: [{ ...books[0], user: { goal: 'Momo, and soon.' } }, ...books.slice(1)] },
      ['dataset'],
    ],
    ['the metric that gates', { settings: { metric: 'equals' } }, ['checks']],
    ['a case’s input', { cases: [{ ...books[0], input: 'MOMO?' }, ...books.slice(1)] }, ['dataset']],
    ['a case more', { cases: [...books, { id: 'zora', input: 'Zora?' }] }, ['dataset']],
    ['a case less', { cases: books.slice(0, 2) }, ['dataset']],
    ['the order of cases', { cases: [...books].reverse() }, []],
    ['tags', { cases: books.map((one) => ({ ...one, tags: ['new'] })) }, []],
    ['a fixture’s bytes', { fixtures: facts(['momo', 1], ['krabat', 1, 'other']) }, ['fixtures']],
    ['a fixture more', { fixtures: facts(['momo', 1], ['krabat', 1], ['emil', 1]) }, ['fixtures']],
    ['a fixture less', { fixtures: facts(['momo', 1]) }, ['fixtures']],
    ['the order of fixtures', { fixtures: facts(['krabat', 1], ['momo', 1]) }, []],
    ['a selection', { settings: { selection: { cases: ['momo'], tags: [] } } }, []],
  ])('%s', async (_, change, changed) => {
    const before = await hashesOf({})
    const after = await hashesOf(change)
    const different = (['dataset', 'checks', 'fixtures', 'user'] as const).filter(
      (name) => before[name] !== after[name],
    )
    expect(different).toEqual(changed)
  })

  it('what a simulated user is told', async () => {
    const of = (over: object) => deskEval({ user: simulated({ ...ada, ...over }) })
    const [one, same, other] = [{}, {}, { persona: 'Bo, who does not.' }].map((over) =>
      hashesOf({ of: of(over) }).then(({ user }) => user),
    )
    expect(await same).toBe(await one)
    expect(await other).not.toBe(await one)
  })

  it('what is known of the tools of the fixtures, where a check that gates hangs on it', async () => {
    const pays = (usesTools: boolean) => ({
      name: 'pays',
      gating: true,
      identity: 'pays',
      ...(usesTools ? { usesTools: true as const } : {}),
      answer: () => ({ value: 1 }),
    })
    const fixtures = new Map([
      ['momo', { recordings: 1, hash: 'h', worldHash: 'h', tools: new Set(['pay']) }],
    ])
    const dataset = await datasetOf()
    const hash = (usesTools: boolean, tools: ToolsFile['tools']): string =>
      planOf(deskEval({ checks: [pays(usesTools)] }), dataset, fixtures, {
        known: knownTools({ v: 1, tools }),
      }).hashes.checks
    const risky: ToolsFile['tools'] = { pay: { effect: 'write', risk: 'high' } }
    expect(hash(true, risky)).not.toBe(hash(true, {}))
    expect(hash(true, { pay: { effect: 'write' }, other: { risk: 'high' } })).toBe(hash(true, {}))
    expect(hash(false, risky)).toBe(hash(false, {}))
  })
})

describe('hashes of secondary metrics', () => {
  const hashesOf = async (text: string, secondary?: readonly string[]) =>
    planOf(
      deskEval({ checks: [equals(), contains({ text, as: 'place', gating: false })] }),
      await datasetOf(),
      undefined,
      { secondary },
    ).hashes

  it('are there only where a metric is one, and leave the others as they are', async () => {
    const { secondary, ...others } = await hashesOf('shelf', ['place'])
    expect(Object.keys(secondary ?? {})).toEqual(['place'])
    expect(await hashesOf('shelf')).toEqual(others)
  })

  it('change with their own check alone', async () => {
    const [shelf, floor] = [
      await hashesOf('shelf', ['place', 'equals']),
      await hashesOf('floor', ['place', 'equals']),
    ]
    expect(floor.checks).toBe(shelf.checks)
    expect(floor.secondary?.equals).toBe(shelf.secondary?.equals)
    expect(floor.secondary?.place).not.toBe(shelf.secondary?.place)
  })
})
