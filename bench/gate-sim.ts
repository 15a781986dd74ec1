import {
  type Cell,
  type LookedCell,
  type LookedRates,
  mixes,
  type Rates,
  simulate,
  simulateLooks,
} from '../src/gate/testing/simulation.ts'

/**
 * How often the gate is wrong, simulated (seeded: the same numbers every time): false fails where nothing changed, and passes
 * of a real drop of the whole margin of 5 points, beside a gate that is red where the mean is more than 5 points lower. Each
 * cell once with cases that stand alone, and once in declared clusters of five that break together. Then the same of a gate that
 * looks after 1, 3 and 5 trials and stops where it is certain. Exit 1 where a cell is beyond its limit.
 */

const replications = 20_000
const lookedReplications = 10_000
const limits = { falseFail: 0.06, unsafePass: 0.065 }

export function run(): void {
  const beyond: string[] = []
  console.log(`${replications} pairs of runs a cell, margin 5 points. All in %.`)
  for (const clusterSize of [1, 5]) {
    console.log(
      clusterSize === 1
        ? '\nEvery case alone'
        : `\nDeclared clusters of ${clusterSize} cases that break together`,
    )
    console.log(
      '| mix | n | trials | false fail | unsafe pass at -5 | pass at 0 | fail at -10 | naive: false fail | naive: pass at -5 |',
    )
    console.log('|:--|--:|--:|--:|--:|--:|--:|--:|--:|')
    for (const mix of mixes)
      for (const cases of [20, 50, 100, 200])
        for (const trials of [1, 3, 5]) {
          const cell = { mix, cases, trials, clusterSize }
          const rates = simulate(cell, replications, 42)
          console.log(rowOf(cell, rates))
          if (rates.falseFail > limits.falseFail || rates.unsafePass > limits.unsafePass)
            beyond.push(`${mix.name} n=${cases} trials=${trials} clusters of ${clusterSize}`)
        }
  }
  beyond.push(...escalated())
  console.log(
    beyond.length === 0
      ? `\nEvery cell: at most ${limits.falseFail * 100} % false fails and ${limits.unsafePass * 100} % unsafe passes.`
      : `\nBeyond the limits: ${beyond.join('; ')}`,
  )
  if (beyond.length > 0) process.exitCode = 1
}

function rowOf({ mix, cases, trials }: Cell, rates: Rates): string {
  const { falseFail, unsafePass, pass, fail, naiveFalseFail, naiveUnsafePass } = rates
  const shares = [falseFail, unsafePass, pass, fail, naiveFalseFail, naiveUnsafePass]
  return `| ${[mix.name, cases, trials, ...shares.map((share) => (share * 100).toFixed(1))].join(' | ')} |`
}

/** Prints the cells of a gate that looks up to three times; those beyond the limits. */
function escalated(): string[] {
  const looks = [1, 3, 5]
  const beyond: string[] = []
  console.log(
    `\nLooks after ${looks.join(', ')} trials, ${lookedReplications} pairs of runs a cell. All in %, but the trials.`,
  )
  console.log(
    '| mix | n | clusters of | trials of the baseline | false fail | unsafe pass at -5 | pass at 0 | fail at -10 | trials at 0 |',
  )
  console.log('|:--|--:|--:|:--|--:|--:|--:|--:|--:|')
  for (const clusterSize of [1, 5])
    for (const mix of mixes)
      for (const cases of [20, 50, 100, 200])
        for (const baseline of ['looks', 5] as const) {
          const cell = { mix, cases, looks, baseline, clusterSize }
          const rates = simulateLooks(cell, lookedReplications, 42)
          console.log(lookedRow(cell, rates))
          if (rates.falseFail > limits.falseFail || rates.unsafePass > limits.unsafePass)
            beyond.push(`${mix.name} n=${cases} with looks, baseline ${baseline}, clusters of ${clusterSize}`)
        }
  return beyond
}

function lookedRow({ mix, cases, clusterSize, baseline }: LookedCell, rates: LookedRates): string {
  const { falseFail, unsafePass, pass, fail, trials } = rates
  const shares = [falseFail, unsafePass, pass, fail].map((share) => (share * 100).toFixed(1))
  const told = baseline === 'looks' ? 'as the run' : baseline
  return `| ${[mix.name, cases, clusterSize, told, ...shares, trials.toFixed(1)].join(' | ')} |`
}
