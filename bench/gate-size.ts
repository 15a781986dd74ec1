import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { gate } from '../src/gate/gate.ts'
import { mulberry32 } from '../src/lib/stats/index.ts'
import { tally } from '../src/schema/metric.ts'
import type { Tallies, Trial } from '../src/schema/run.ts'
import { policy } from '../src/schema/verdict.ts'

/**
 * The gate over 100,000 cases of five trials each: half a million trials summed up as they stream by, and the verdict on two such
 * runs, with the primary metric alone and with every kind of rule. Time and peak memory, each of a process of its own, the
 * tallies included. The aim: a verdict under 2 s and 300 MiB.
 */

const cases = 100_000
const trials = 5

export function run(): void {
  for (const what of ['sums', 'plain', 'all']) {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--no-warnings', join(import.meta.dirname, 'gate-size.ts'), what],
      { encoding: 'utf8' },
    )
    process.stdout.write(stdout)
    process.stderr.write(stderr)
  }
}

function* made(pass: number, seed: number): Generator<Trial> {
  const random = mulberry32(seed)
  for (let at = 0; at < cases; at++) {
    for (let trial = 0; trial < trials; trial++) {
      const passed = random() < pass
      const score = { source: 'check', status: 'scored', value: Number(passed), passed } as const
      yield {
        run: 'run',
        case: `case-${at}`,
        caseHash: `h${at}`,
        trial,
        category: `category-${at % 20}`,
        tags: [],
        status: 'completed',
        scores: [
          { ...score, name: 'right', gating: true },
          { ...score, name: 'brief', gating: false },
        ],
        fidelity: { share: 1, steps: 5, counts: {} },
        divergences: [],
        usage: { input: 1000 + 100 * random(), cacheRead: 0, cacheWrite: 0, output: 100 },
        costUsd: 0.01 + 0.01 * random(),
        durationMs: 10,
      }
    }
  }
}

const categories = Array.from({ length: 20 }, (_, at) => `category-${at}`)

const mode = { llm: 'recorded', tools: 'recorded' } as const

/** Tallies as a baseline's file holds them. */
function talliesOf(seed: number): Tallies {
  const random = mulberry32(seed)
  const sum = (): number => {
    let passed = 0
    for (let trial = 0; trial < trials; trial++) passed += Number(random() < 0.9)
    return passed
  }
  return {
    eval: 'big',
    run: 'run',
    mode,
    hashes: { dataset: 'd', checks: 'c', fixtures: 'f', secondary: { brief: 'b' } },
    versions: {},
    planned: cases,
    trials,
    cases: Array.from({ length: cases }, (_, at) => ({
      case: `case-${String(at).padStart(6, '0')}`,
      hash: `h${at}`,
      category: categories[at % categories.length],
      metrics: {
        success: { n: trials, sum: sum(), unscored: 0 },
        brief: { n: trials, sum: sum(), unscored: 0 },
      },
      fidelity: 1,
      spent: {
        costUsd: { n: trials, sum: 0.05 + 0.05 * random() },
        tokens: { n: trials, sum: 5000 + 500 * random() },
      },
    })),
  }
}

const rules = {
  secondary: { brief: { margin: 0.05 } },
  categories: { margin: 0.05 },
  budgets: { costUsd: { maxRise: 0.1 }, tokens: { maxRise: 0.1 } },
  floor: 0.8,
}

function measure(what: string): void {
  const [baseline, candidate] = what === 'sums' ? [] : [talliesOf(1), talliesOf(2)]
  const started = performance.now()
  const done =
    candidate === undefined
      ? `${tally(made(0.9, 1), mode).length} cases summed up`
      : `${what === 'all' ? 'every kind of rule' : 'the primary metric'}: ${gate({ candidate, baseline, policy: policy.parse(what === 'all' ? rules : {}) }).word}`
  const seconds = (performance.now() - started) / 1000
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(`${done} in ${seconds.toFixed(2)} s, ${peak.toFixed(0)} MiB at the peak`)
}

const [, script, asked] = process.argv
if (script?.endsWith('gate-size.ts') === true) measure(asked ?? 'plain')
