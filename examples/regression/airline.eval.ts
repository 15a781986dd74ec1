import { defineEval, loop, script } from 'evalkit'
import { maxSteps, noToolErrors, recordedScore, toolCalls } from 'evalkit/checks'

/**
 * The airline eval of `evals/`, with the kind of change a pull request brings: somebody lowers the agent's turn limit
 * from 30 to 12 to save money. Every recorded conversation that needed more turns is now cut off.
 */
export default defineEval({
  name: 'airline',
  dataset: 'airline',
  target: loop({ maxTurns: 12 }),
  checks: [
    recordedScore({ name: 'reward', as: 'reward' }),
    toolCalls({ mode: 'superset', as: 'expected actions', gating: false }),
    noToolErrors({ gating: false }),
    maxSteps({ steps: 40, gating: false }),
  ],
  user: script(),
  trials: 4,
  gate: { metric: 'success', margin: 0.05 },
})
