import { memoryStore } from '../../src/store/memory.ts'
import { ImportedRun } from '../../src/cli/imported-run.ts'
import { gatherRun } from '../../src/cli/tallies.ts'
import { gate } from '../../src/gate/gate.ts'
import { policyOf } from '../../src/run/define-eval.ts'
import type { Trace } from '../../src/schema/trace.ts'
import type { Comparison } from '../../src/schema/verdict.ts'
import type { Figures, NamedFigures, Section } from './figures.ts'
import { importedFiles } from './imported.ts'

/** Verdicts on genuine pairs, as they must come out with a margin of 5 points. */
const pairs = {
  'agentverify-retail-tool-calling -> agentverify-retail-tool-calling-with-preconditions': 'inconclusive',
  'telecom40-solo__gpt-4.1 -> telecom40-solo__gpt-4.1-finetuned': 'pass',
  'telecom40-solo__gpt-4.1-finetuned -> telecom40-solo__gpt-4.1': 'fail',
  'retail40__gpt-4.1 -> retail40__gpt-4.1-finetuned': 'inconclusive',
  'airline__claude-sonnet-4-5-thinking -> airline__qwen2.5-7b': 'fail',
  'airline__qwen2.5-7b -> airline__claude-sonnet-4-5-thinking': 'pass',
} as const

/** What such a verdict stands on: cases passed before and now, and every case that went either way, listed. */
const flips: NamedFigures = {
  'retail40__gpt-4.1 -> retail40__gpt-4.1-finetuned': { cases: 40, before: 34, now: 34, broken: 6, fixed: 6 },
  'telecom40-solo__gpt-4.1 -> telecom40-solo__gpt-4.1-finetuned': {
    cases: 40,
    before: 20,
    now: 34,
    broken: 2,
    fixed: 16,
  },
  'agentverify-retail-tool-calling -> agentverify-retail-tool-calling-with-preconditions': {
    cases: 100,
    before: 73,
    now: 70,
    broken: 14,
    fixed: 11,
  },
}

/** The gate over imported runs, by the code `evalkit import --run` and `evalkit gate` use. */
export const gateVerdicts: Section = {
  name: 'gate',
  expected: { ...pairs, flips },
  async compute(directory) {
    const store = memoryStore()
    for (const folder of ['tau-bench/trajectories', 'tau2/simulations']) {
      for await (const { path, traces } of importedFiles(directory, folder)) {
        await file(path.split('/').at(-1)?.replace('.json', '') ?? path, traces)
      }
    }
    const verdicts: Record<string, Figures> = {}
    const moved: Record<string, Figures> = {}
    for (const pair of Object.keys(pairs)) {
      const [before = '', after = ''] = pair.split(' -> ')
      const baseline = (await gatherRun(store, before)).tallies
      const candidate = (await gatherRun(store, after)).tallies
      const { word, comparison } = gate({ candidate, baseline, policy: policyOf() })
      verdicts[pair] = word
      if (Object.hasOwn(flips, pair) && comparison !== undefined) moved[pair] = flipsOf(comparison)
    }
    return { ...verdicts, flips: moved }

    async function file(name: string, traces: readonly Trace[]): Promise<void> {
      const run = new ImportedRun(name)
      for (const trace of traces) run.add(trace)
      await store.putTraces(traces)
      await run.write(store, 0)
    }
  },
}

function flipsOf({ cases, baselineMean, candidateMean, broken, fixed }: Comparison): NamedFigures {
  const passed = (mean: number): number => Number((mean * cases).toFixed(6))
  return {
    cases,
    before: passed(baselineMean),
    now: passed(candidateMean),
    broken: broken.length,
    fixed: fixed.length,
  }
}
