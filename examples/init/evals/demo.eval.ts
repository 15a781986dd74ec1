import { defineEval, none } from 'evalkit'
import { contains, noToolErrors, toolCalls } from 'evalkit/checks'
import { demo } from '../agents/demo.ts'

/** Four recorded runs of the demo agent, played again: its code runs, its model and tools answer from the recordings. */
export default defineEval({
  name: 'demo',
  dataset: 'demo',
  target: demo,
  checks: [
    toolCalls({ mode: 'unordered' }), // the tools a right answer calls, and no others
    contains(), // the words a right answer holds
    noToolErrors({ gating: false }), // shown, but it decides nothing
  ],
  user: none(),
  // Four right answers of four show a pass rate of 60 % at least, three of four show less than 40 %: one that goes
  // wrong fails the eval, even before there is a baseline.
  gate: { floor: 0.5 },
})
