import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runCli, workspace } from '../support/cli.ts'

/** Sixty cases; `how.json` says which are answered wrong, and which without a word of thanks. */
const files = {
  'evals/desk.eval.ts': `import { readFileSync } from 'node:fs'
import { defineEval, none } from 'evalkit'
import { contains } from 'evalkit/checks'

const how = JSON.parse(readFileSync(new URL('../how.json', import.meta.url), 'utf8'))
const dataset = Array.from({ length: 60 }, (_, at) => ({
  id: 'case-' + String(at).padStart(2, '0'), input: at, category: at < 50 ? 'happy' : 'edge',
}))
const target = (at: number) => (how.wrong.includes(at) ? 'No.' : 'Done.') + (how.rude.includes(at) ? '' : ' Thank you.')

export default defineEval({
  name: 'desk', dataset, target, user: none(),
  checks: [contains({ text: 'Done' }), contains({ text: 'Thank', as: 'polite', gating: false })],
  gate: how.gate,
})
`,
}

interface Document {
  readonly exit: number
  readonly reports: readonly {
    readonly verdict: {
      readonly word: string
      readonly sentence: string
      readonly reasons: readonly { readonly code: string; readonly what: string }[]
      readonly secondary?: readonly { readonly word: string }[]
      readonly categories?: readonly { readonly category: string; readonly word: string }[]
      readonly budgets?: readonly { readonly word: string; readonly why?: string }[]
    }
  }[]
}

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)
const how = (change: object) => ({ 'how.json': JSON.stringify({ wrong: [], rude: [], gate: {}, ...change }) })

/** Runs the eval as it is now, and gives its verdict. */
async function gated(change: object, more: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout, stderr } = await runCli({ ...how(change), ...more }, ['run', '--json'], { dir })
  const verdict = (JSON.parse(stdout) as Partial<Document>).reports?.[0]?.verdict
  return { exitCode, said: `${stdout}${stderr}`, verdict, codes: verdict?.reasons.map(({ code }) => code) }
}

const secondary = { polite: { margin: 0.05 } }

beforeAll(async () => {
  dir = workspace({ ...files, ...how({ gate: { secondary } }) })
  await evalkit('run')
  await evalkit('baseline', 'accept', '--run', 'desk', '--reason', 'first')
})

describe('rules beside the primary metric', () => {
  it('fail a run by a secondary metric that gates, though every case is right', async () => {
    const { exitCode, verdict } = await gated({ rude: upTo(10), gate: { secondary } })
    expect([exitCode, verdict?.word]).toEqual([1, 'fail'])
    expect(verdict?.sentence).toMatch(/^regression of "polite": -16\.7 pp|^regression of "polite": -17 pp/)
    expect(verdict?.secondary).toMatchObject([{ metric: 'polite', word: 'fail' }])
  })

  it('say nothing where the policy has none, and leave the baseline comparable', async () => {
    const { exitCode, verdict } = await gated({ rude: upTo(10) })
    expect([exitCode, verdict?.word, verdict?.secondary]).toEqual([0, 'pass', undefined])
  })

  it('are no pass where the baseline was accepted without them', async () => {
    const { exitCode, verdict } = await gated({ gate: { secondary: { contains: { margin: 0.05 } } } })
    expect([exitCode, verdict?.word]).toEqual([0, 'inconclusive'])
    expect(verdict?.sentence).toContain('the baseline was not accepted with this rule')
    const strict = await gated({
      gate: { secondary: { contains: { margin: 0.05 } }, onInconclusive: 'fail' },
    })
    expect(strict.exitCode).toBe(3)
  })

  it('fail a run by one category whose drop the whole would bear', async () => {
    const wrong = { wrong: [50, 51, 52, 53, 54], gate: { margin: 0.2 } }
    expect((await gated(wrong)).exitCode).toBe(0)
    const { exitCode, verdict } = await gated({
      ...wrong,
      gate: { margin: 0.2, categories: { margin: 0.2 } },
    })
    expect([exitCode, verdict?.word]).toEqual([1, 'fail'])
    expect(verdict?.categories?.map(({ category, word }) => [category, word])).toEqual([
      ['edge', 'fail'],
      ['happy', 'pass'],
    ])
  })

  it('name a budget that nobody can check', async () => {
    const { verdict } = await gated({ gate: { budgets: { costUsd: { maxRise: 0.1 } } } })
    expect([verdict?.word, verdict?.budgets]).toMatchObject([
      'inconclusive',
      [{ word: 'incomparable', why: 'the baseline does not know it' }],
    ])
  })

  it('refuse a metric nobody measures, and a rule that is none', async () => {
    const unknown = await gated({ gate: { secondary: { polit: { margin: 0.05 } } } })
    expect([unknown.exitCode, unknown.said.includes('did you mean')]).toEqual([2, true])
    expect((await gated({ gate: { categories: { magrin: 0.05 } } })).exitCode).toBe(2)
  })
})

describe('quarantine', () => {
  const entry = {
    eval: 'desk',
    case: 'case-00',
    owner: 'ann',
    reason: 'The shop is slow.',
    expires: '2999-12-31',
  }
  const filed = (change: object = {}) => ({
    'evals/quarantine.json': JSON.stringify({ v: 1, cases: [{ ...entry, ...change }] }),
  })
  const broken = { wrong: [0], gate: { hardBreaks: 'fail', margin: 0.2 } }

  it('keeps a flaky case from failing a run by itself, until its day', async () => {
    expect((await gated(broken)).exitCode).toBe(1)
    const held = await gated(broken, filed())
    expect([held.exitCode, held.codes]).toEqual([0, ['no-regression', 'in-quarantine']])
    const over = await gated(broken, filed({ expires: '2020-01-01' }))
    expect([over.exitCode, over.codes]).toEqual([1, ['hard-breaks', 'no-regression', 'quarantine-expired']])
    expect((await gated(broken, filed({ case: 'case-99' }))).codes).toContain('quarantine-unknown')
    const same = await evalkit('gate', '--run', 'desk', '--baseline', 'evals/desk.baseline.json', '--json')
    expect(same.stdout).toContain('quarantine-unknown')
  })

  it('is refused without an owner, a reason and a day', async () => {
    for (const change of [{ owner: '' }, { reason: '' }, { expires: 'some day' }]) {
      const { exitCode, said } = await gated(broken, filed(change))
      expect([exitCode, said.includes('evals/quarantine.json')]).toEqual([2, true])
    }
    rmSync(join(dir, 'evals/quarantine.json'))
  })
})
