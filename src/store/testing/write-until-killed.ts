import { writeSync } from 'node:fs'
import { openSqliteStore } from '../sqlite/open.ts'
import { conversation, sampleRun, sampleTrial } from './samples.ts'

/**
 * A process to be killed: writes batches of five trials to the store named by its first argument, for ever, and says
 * the number of each batch on stdout as soon as it has resolved.
 */
const store = await openSqliteStore(process.argv[2] ?? '')
await store.putRun(sampleRun())
for (let batch = 0; ; batch++) {
  const numbers = [0, 1, 2, 3, 4].map((index) => batch * 5 + index)
  const traces = numbers.map((number) =>
    conversation(`t_${number}`, 3, (turn) => `batch ${batch} trial ${number} turn ${turn} `.repeat(60)),
  )
  await store.putTrials(
    numbers.map((number) => sampleTrial({ case: `c${batch}`, trial: number % 5, trace: `t_${number}` })),
    traces,
  )
  writeSync(1, `${batch}\n`)
}
