import { beforeAll, describe, expect, it } from 'vitest'
import { runCli, runProgram, stripsTypes, workspace } from '../support/cli.ts'

const files = {
  'agent.js': `import * as evalkit from 'evalkit/capture'

const getOrder = evalkit.tool({ name: 'get_order' }, ({ order }) => ({ order, paid: true }), { effect: 'read' })

export const desk = (order) =>
  evalkit.trace('desk', { input: order, id: 't_' + order }, async () => {
    await getOrder({ order })
    return 'Paid.'
  })
`,
  'main.js': `import { desk } from './agent.js'

await desk('w1')
await desk('w2')
`,
  'evals/desk.eval.ts': `import { defineEval, none } from 'evalkit'
import { contains } from 'evalkit/checks'
import { desk } from '../agent.js'

export default defineEval({
  name: 'desk', dataset: 'desk', target: desk, user: none(), checks: [contains({ text: 'Paid' })],
})
`,
  'evals/inline.eval.ts': `import { defineEval, none } from 'evalkit'
import { equals } from 'evalkit/checks'

const dataset = Array.from({ length: 60 }, (_, at) => ({ id: 'c' + at, input: at, expected: at }))
const target = () => { throw new Error('nothing runs') }
export default defineEval({ name: 'inline', dataset, target, user: none(), checks: [equals()], gate: { margin: 0.1 } })
`,
}

interface Plans {
  readonly schemaVersion: number
  readonly plans: readonly { readonly eval: string; readonly [key: string]: unknown }[]
}

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })

beforeAll(async () => {
  dir = workspace(files)
  await runProgram(process.execPath, ['main.js'], { dir, env: stripsTypes })
  await evalkit('import', '.evalkit/spool')
  await evalkit('promote', 't_w1', '--dataset', 'desk', '--case', 'w1')
  await evalkit('promote', 't_w2', '--dataset', 'desk', '--case', 'w2')
})

describe('evalkit plan', () => {
  it('says of every eval what would be played and could be found, and runs nothing', async () => {
    const { exitCode, stdout, stderr } = await evalkit('plan')
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toContain('desk: model recorded, tools recorded\n')
    expect(stdout).toContain('2 cases × 1 trial = 2 trials')
    expect(stdout).toContain('0 model calls, 2 tool calls, by what was recorded')
    expect(stdout).toContain('cannot pass with 2 cases, even when nothing changes: it takes 45')
    expect(stdout).toContain('60 cases × 1 trial = 60 trials')
    expect((await evalkit('stats')).stdout).toContain('No run yet')
  })

  it('plans for a margin, trials and live models, as one JSON document', async () => {
    const { exitCode, stdout } = await evalkit(
      'plan',
      'inline',
      '--json',
      '--llm',
      'live',
      '--trials',
      '3',
      '--margin',
      '0.02',
    )
    expect(exitCode).toBe(0)
    const { schemaVersion, plans } = JSON.parse(stdout) as Plans
    expect(schemaVersion).toBe(1)
    expect(plans).toMatchObject([
      {
        eval: 'inline',
        cases: 60,
        trials: 3,
        total: 180,
        asksModels: true,
        recorded: { casesWithout: 60 },
        variance: { from: 'usual' },
        wanted: { margin: 0.02, fewest: 115 },
      },
    ])
  })

  it('says what an open verdict may take, at least and at most', async () => {
    const args = ['--llm', 'live', '--on-inconclusive', 'escalate', '--margin', '0.05']
    const { stdout } = await evalkit('plan', 'inline', '--json', ...args)
    const looks = [
      { trials: 1, total: 60 },
      { trials: 3, total: 180 },
      { trials: 5, total: 300 },
    ]
    expect((JSON.parse(stdout) as Plans).plans).toMatchObject([
      // The level of three looks takes more cases than that of one.
      { trials: 1, total: 60, escalation: { level: 0.0214, looks }, wanted: { fewest: 56 } },
    ])
  })

  it('goes by the eval’s own margin where none is asked for', async () => {
    const { stdout } = await evalkit('plan', 'inline', '--json')
    expect((JSON.parse(stdout) as Plans).plans).toMatchObject([
      { wanted: { margin: 0.1, fewest: 22, cases: 22 } },
    ])
  })

  it.each([
    [['--margin', '5'], '--margin takes a share between 0 and 1'],
    [['--trials', '0'], '--trials takes a whole number from 1'],
    [['--model', 'gpt-4o'], '--model goes with live models'],
    [['--llm', 'livid'], 'did you mean "live"?'],
    [['--trials', '2'], '2 trials are asked for'],
  ])('refuses %j', async (args, says) => {
    const { exitCode, stdout, stderr } = await evalkit('plan', 'desk', ...args)
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain(says)
  })

  it('refuses a selection of nothing', async () => {
    const { exitCode, stderr } = await evalkit('plan', 'desk', '--case', 'nobody')
    expect([exitCode, stderr.includes('EVK_CASE_NOT_FOUND')]).toEqual([3, true])
  })
})
