import { beforeAll, describe, expect, it } from 'vitest'
import { runCli, runProgram, stripsTypes, workspace } from '../support/cli.ts'

const files = {
  'agent.js': `import * as evalkit from 'evalkit/capture'

const tool = (name) => evalkit.tool({ name }, ({ order }) => ({ order, done: true }), { effect: 'read' })
const getOrder = tool('get_order')
const confirm = tool('confirm')
const refund = tool('refund')

export const desk = (order) =>
  evalkit.trace('desk', { input: order, id: 't_' + order.toLowerCase() }, async () => {
    evalkit.plan([
      { step: 'Look the order up.', tool: 'get_order' },
      { step: 'Ask.', tool: 'confirm' },
      { step: 'Pay.', tool: 'refund' },
    ])
    await getOrder({ order })
    if (order !== 'W13') await confirm({ order })
    await refund({ order })
    return 'Paid.'
  })
`,
  'main.js': `import { desk } from './agent.js'

await desk('W12')
await desk('W13')
`,
  'evals/desk.eval.ts': `import { defineEval, none } from 'evalkit'
import { calledTool, planAdherence } from 'evalkit/checks'
import { desk } from '../agent.js'

export default defineEval({
  name: 'desk',
  dataset: 'desk',
  target: desk,
  user: none(),
  checks: [planAdherence(), calledTool({ name: 'refund', times: 1 })],
})
`,
}

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })

beforeAll(async () => {
  dir = workspace(files)
  await runProgram(process.execPath, ['main.js'], { dir, env: stripsTypes })
  await evalkit('import', '.evalkit/spool')
})

describe('a plan', () => {
  it('is recorded with the run, and shown', async () => {
    const { stdout } = await evalkit('trace', 'show', 't_w12')
    expect(stdout).toContain(
      'plan 1. Look the order up. [get_order]\nplan 2. Ask. [confirm]\nplan 3. Pay. [refund]\n',
    )
  })

  it('is said anew in a replay, and held against what was done', async () => {
    await evalkit('promote', 't_w12', '--dataset', 'desk', '--case', 'w12')
    await evalkit('promote', 't_w13', '--dataset', 'desk', '--case', 'w13')
    const { stdout } = await evalkit('run', 'desk', '--json')
    expect(stdout).toContain('2 of 3 steps followed; skipped: step 2 (confirm: Ask.)')
    expect(stdout).toContain('"value": 0.6666666666666666')
  })
})
