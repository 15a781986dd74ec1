import { commandTarget, defineEval, type Trace } from 'evalkit'
import { equals, maxSteps } from 'evalkit/checks'

/** Nothing is refunded that was not looked up before, in the same run. */
function looksUpFirst({ trace }: { trace: Trace }) {
  const seen = new Set<unknown>()
  for (const span of trace.spans) {
    if (span.kind !== 'tool') continue
    const { order } = span.request.arguments as { order?: string }
    if (span.name === 'get_order') seen.add(order)
    if (span.name === 'refund' && !seen.has(order))
      return { score: 0, reason: `${order} was refunded unseen` }
  }
  return 1
}

export default defineEval({
  name: 'tea-shop',
  description: 'Questions to the tea shop, answered by a program in Python.',
  dataset: 'tea-shop',
  target: commandTarget({ command: ['python3', 'agent.py'] }),
  checks: [equals(), looksUpFirst, maxSteps({ steps: 10, gating: false })],
})
