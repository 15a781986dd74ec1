import { defineEval, loop, script } from 'evalkit'
import { maxSteps, noToolErrors, recordedScore, toolCalls } from 'evalkit/checks'

/**
 * The main job on genuine runs: 50 tau-bench airline tasks, four recorded gpt-4o runs of each, promoted from the
 * benchmark's own trajectory file. The built-in loop plays them again, with models, tools and the customer answering
 * from the recordings. What the environment said of a recorded run counts only where the replay reproduced it.
 */
export default defineEval({
  name: 'airline',
  description: 'A customer-service agent of an airline (tau-bench, gpt-4o), replayed.',
  dataset: 'airline',
  target: loop({ maxTurns: 30 }),
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
