import { beforeAll, describe, expect, it } from 'vitest'
import { runCli, runProgram, stripsTypes, workspace } from '../support/cli.ts'

/** Looks an order up, asks a person where it is dear, and refunds. It tries again what fails, refunds too: its mistake. */
const agent = `
import { human, tool, trace } from 'evalkit/capture'

const prices = { w1: 5, w2: 40, w3: 80 }
const getOrder = tool({ name: 'get_order' }, async ({ order }) => ({ order, usd: prices[order], status: 'paid' }), { effect: 'read' })
const refund = tool({ name: 'refund' }, async ({ order, usd }) => 'refunded ' + usd + ' of ' + order, { effect: 'write' })
const twice = (call) => call().catch(call)

export function refunds({ order }) {
  return trace('refunds', { id: 't_' + order, input: { order } }, async () => {
    const { usd, status } = await twice(() => getOrder({ order }))
    if (status === 'refunded') return 'It was refunded already.'
    if (usd > 10) {
      const said = await human({ name: 'approve', question: { order, usd } }, () => ({ approved: true }))
      if (!said.approved) return 'The lead said no.'
    }
    return twice(() => refund({ order, usd }))
  })
}
`
const files = {
  'agent.js': agent,
  'capture.js': `import { refunds } from './agent.js'\nfor (const order of ['w1', 'w2', 'w3']) await refunds({ order })\n`,
  'evals/refunds.eval.ts': `
import { defineEval, none } from 'evalkit'
import { contains } from 'evalkit/checks'
import { refunds } from '../agent.js'
export default defineEval({
  name: 'refunds', dataset: 'refunds', target: refunds, checks: [contains({ text: 'refunded' })], user: none(),
})
`,
  'faults/day.json': JSON.stringify({ rates: { timeout: 0.5, '503': 0.5 } }),
}

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })
const run = (...args: readonly string[]) => evalkit('run', 'refunds', ...args)
interface Document {
  readonly reports: readonly {
    readonly whatIf?: object
    readonly verdict: { readonly word: string; readonly reasons: readonly { readonly what: string }[] }
    readonly run: { readonly id: string; readonly name: string }
    readonly cases: readonly {
      readonly case: string
      readonly trials: readonly {
        readonly trace?: string
        readonly status: string
        readonly whatIf?: object
      }[]
    }[]
  }[]
}
const reportOf = (stdout: string) => {
  const [report] = (JSON.parse(stdout) as Document).reports
  if (report === undefined) throw new Error('no report')
  return report
}

beforeAll(async () => {
  dir = workspace(files)
  await runProgram(process.execPath, ['capture.js'], { dir, env: stripsTypes })
  await evalkit('import', '.evalkit/spool')
  await evalkit('promote', '--all', '--dataset', 'refunds')
  await run()
  await evalkit('baseline', 'accept', '--run', 'refunds', '--reason', 'first')
})

it('with nothing put in the dataset is gated', async () => {
  const { exitCode, stdout } = await run()
  expect(stdout).toContain('compared with evals/refunds.baseline.json')
  expect(exitCode).not.toBe(2)
})

describe('evalkit run --fault', () => {
  it('puts it into every case, says what came of it, and gates nothing', async () => {
    const { exitCode, stdout } = await run('--fault', 'refund@1: timeout')
    expect(stdout).toContain('NOT GATED')
    expect(stdout).toContain('put in: faults refund@1: timeout · happened in 3 of 3 trials · 3 double write')
    expect(stdout).toContain('3 trials did not survive its faults, worst first')
    expect(stdout).not.toContain('baseline accept')
    expect(exitCode).toBe(1)
  })

  it('survives what may be asked again', async () => {
    const { exitCode, stdout } = await run('--fault', 'get_order@1: 503', '--json')
    const { whatIf, verdict, run: kept } = reportOf(stdout)
    expect(whatIf).toEqual({ put: { faults: ['get_order@1: 503'] }, happened: 3, words: { survived: 3 } })
    expect([verdict.word, kept.name, exitCode]).toEqual(['not gated', 'refunds.what-if', 0])
  })

  it('draws faults by chance, by seed, and the same again', async () => {
    const drawn = async (seed: string) => {
      const { stdout } = await run('--faults', 'faults/day.json', '--seed', seed, '--json')
      return reportOf(stdout).cases.map(({ trials }) => trials.map(({ whatIf }) => whatIf))
    }
    const first = await drawn('3')
    expect(await drawn('3')).toEqual(first)
    expect(await drawn('4')).not.toEqual(first)
  })

  it('is no baseline, is not gated by hand, and is no run of the eval', async () => {
    await run('--fault', 'refund@1: timeout')
    const accepted = await evalkit('baseline', 'accept', '--run', 'refunds.what-if', '--reason', 'no')
    expect([accepted.exitCode, accepted.stderr]).toEqual([
      2,
      expect.stringContaining('asks what would be if'),
    ])
    const gated = await evalkit('gate', '--run', 'refunds.what-if', '--baseline', 'refunds')
    expect([gated.exitCode, gated.stderr]).toEqual([2, expect.stringContaining('asks what would be if')])
    expect(await evalkit('gate', '--run', 'refunds', '--baseline', 'refunds')).toMatchObject({ stderr: '' })
  })

  it('is not gone on with as another one', async () => {
    await run('--fault', 'refund@1: timeout')
    const other = await run('--fault', 'refund@1: 503', '--resume')
    expect(other.stderr).toContain('nothing to resume')
    const same = await run('--fault', 'refund@1: 503', '--resume')
    expect(same.stderr).toContain('that run is finished')
  })

  it.each([
    [['--fault', 'refnd: 503'], 'EVK_FAULT_INVALID', 'did you mean "refund"?'],
    [['--fault', 'refund: 503', '--record'], 'EVK_USAGE', '--record goes with live models'],
    [['--fault', 'refund: 503', '--human', 'deny'], 'EVK_USAGE', 'Faults are not put into a what-if'],
    [['--fault', 'refund: 503', '--baseline', 'refunds'], 'EVK_USAGE', 'not compared with a baseline'],
    [['--faults', 'all', '--resume'], 'EVK_USAGE', 'A matrix is not kept'],
    [['--human', 'deny', '--llm', 'live', '--record'], 'EVK_USAGE', 'not what is to be recorded'],
    [['--human', 'deny@7'], 'EVK_HUMAN_INVALID', 'about a question that is not in the recording'],
    [['--set', 'steps[1].result.staus="x"'], 'EVK_FORK_INVALID', 'steps[1].result.status'],
  ])('refuses %j', async (args, code, what) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain(code)
    expect(stderr).toContain(what)
    expect(stderr).not.toContain('    at ')
  })
})

describe('evalkit run --faults all', () => {
  it('sums a matrix up over the cases, and says how to see each', async () => {
    const { exitCode, stdout } = await run('--faults', '503,timeout')
    expect(stdout).toContain('faults on refunds: 3 cases\n')
    expect(stdout).toMatch(/^503 +survived +survived *$/m)
    expect(stdout).toMatch(/^timeout +survived +double write *$/m)
    expect(stdout).toContain('12 trials: 9 survived, 3 double write')
    const [command = ''] = /evalkit run evals\/refunds.eval.ts --case \S+ --fault '.*'/.exec(stdout) ?? []
    const [, , ...args] = command.replaceAll("'", '').split(' ')
    const at = args.indexOf('--fault')
    const again = await evalkit('run', ...args.slice(0, at + 1), args.slice(at + 1).join(' '))
    expect(again.stdout).toContain('1 double write')
    expect([exitCode, again.exitCode]).toEqual([1, 1])
  })

  it('is a document of what was selected', async () => {
    const [first] = reportOf((await run('--json')).stdout).cases
    const { stdout, exitCode } = await run('--faults', '503', '--case', first?.case ?? '', '--json')
    const { matrices } = JSON.parse(stdout) as { matrices: readonly { cells: readonly object[] }[] }
    expect(matrices).toMatchObject([
      { eval: 'refunds', trials: 1, withoutRecording: 0, undecided: [], cancelled: false },
    ])
    expect(matrices[0]?.cells).toMatchObject([
      { rule: 'get_order@1: 503', verdict: { word: 'survived' }, case: expect.any(String) },
      { rule: 'refund@1: 503', verdict: { word: 'survived' } },
    ])
    expect(exitCode).toBe(0)
  })
})

describe('evalkit run --human', () => {
  it('lets people decide otherwise where they were asked, and leaves the rest out', async () => {
    const { exitCode, stdout } = await run('--human', 'approve: deny')
    expect(stdout).toContain('refunds: 2 cases')
    expect(stdout).toContain('put in: people approve: deny · happened in 2 of 2 trials')
    expect(stdout).toContain('It could not be put into 1 of 3 cases: left out.')
    expect(exitCode).toBe(0)
    const { stdout: text } = await run('--human', 'approve: deny', '--json')
    expect(reportOf(text).cases.map(({ trials }) => trials[0]?.whatIf)).toMatchObject([
      { people: [{ rule: 'approve: deny', step: 2, was: { approved: true }, now: { approved: false } }] },
      { people: [{ step: 2 }] },
    ])
  })
})

describe('evalkit run --set', () => {
  it('forks every case, and keeps each fork as a trace that replays', async () => {
    const { exitCode, stdout } = await run('--set', 'steps[1].result.status="refunded"', '--json')
    const { whatIf, cases } = reportOf(stdout)
    expect(whatIf).toEqual({ put: { set: ['steps[1].result.status="refunded"'] }, happened: 3 })
    expect(cases.map(({ trials }) => trials[0]?.whatIf)).toEqual(
      cases.map(() => ({ edits: { met: 1, of: 1 } })),
    )
    expect(cases).toHaveLength(3)
    expect(exitCode).toBe(0)
    const child = cases[0]?.trials[0]?.trace ?? ''
    const shown = await evalkit('trace', 'show', child)
    expect(shown.stdout).toContain('fork of t_w')
    const replayed = await evalkit('replay', child, '--eval', 'refunds')
    expect(replayed.stdout).toContain('reproduced')
  })

  it('names what is in a file it puts in', async () => {
    const { stdout } = await runCli(
      { 'status.json': '"refunded"' },
      ['run', 'refunds', '--set', 'steps[1].result.status=@status.json', '--json'],
      { dir },
    )
    expect(reportOf(stdout).whatIf).toMatchObject({
      put: { set: [expect.stringMatching(/^steps\[1\]\.result\.status=@status\.json \([0-9a-f]{16}\)$/)] },
    })
  })
})
