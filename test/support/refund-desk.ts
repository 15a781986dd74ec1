import { runCli, runProgram, stripsTypes, workspace } from './cli.ts'

/**
 * An agent of code alone: it looks an order up, asks a person where much is to be paid back, and pays. What it does hangs
 * on what tools and people say, so that a what-if of them needs no model.
 */
const agent = `
import { human, tool, trace } from 'evalkit/capture'

const getOrder = tool(
  { name: 'get_order' },
  async ({ order }) => JSON.stringify({ order, usd: 40, status: 'delivered' }),
  { effect: 'read' },
)
const refund = tool({ name: 'refund' }, async ({ order, usd }) => 'refunded ' + usd + ' of ' + order, { effect: 'write' })
export const limits = { approvalAboveUsd: 10 }

export function refunds({ order }) {
  return trace('refunds', { id: 't_refunds', input: { order } }, async () => {
    const { usd, status } = JSON.parse(await getOrder({ order }))
    if (status === 'refunded') return order + ' was refunded already.'
    if (usd > limits.approvalAboveUsd) {
      const asked = { name: 'approve-refund', question: { order, usd } }
      const said = await human(asked, () => ({ approved: true, by: 'anna' })).catch((error) => error)
      if (said instanceof Error) return 'Nobody decided: ' + said.name
      if (!said.approved) return 'The team lead said no.'
    }
    return await refund({ order, usd })
  })
}
`

/** A workspace in which the desk was recorded once. Throws where that did not work. */
export async function recordedDesk(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const dir = workspace({ ...refundDesk, ...files })
  const captured = await runProgram(process.execPath, ['capture.js'], { dir, env: stripsTypes })
  const imported = await runCli({}, ['import', '.evalkit/spool'], { dir })
  if (captured.stdout === 'refunded 40 of W12\n' && imported.stdout.includes('1 traces')) return dir
  throw new Error(`the desk was not recorded: ${captured.stderr}${imported.stderr}`)
}

/** The agent, its eval, and what records it once, as trace t_refunds: 1 get_order, 2 approve-refund, 3 refund. */
const refundDesk: Readonly<Record<string, string>> = {
  'agent.js': agent,
  'capture.js': `import { refunds } from './agent.js'\nconsole.log(await refunds({ order: 'W12' }))\n`,
  'evals/refunds.eval.ts': `
import { defineEval, none } from 'evalkit'
import { refunds } from '../agent.js'
export default defineEval({
  name: 'refunds', dataset: [{ id: 'a', input: {} }], target: refunds, checks: [() => true], user: none(),
})
`,
}
