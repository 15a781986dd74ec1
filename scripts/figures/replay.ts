import { caseOf } from '../../src/dataset/promote.ts'
import { slugOf } from '../../src/lib/slug.ts'
import { play } from '../../src/replay/play.ts'
import { loop } from '../../src/replay/targets/loop.ts'
import { recordingOf } from '../../src/schema/recording.ts'
import type { Figures, NamedFigures, Section } from './figures.ts'
import { importedFiles } from './imported.ts'

/** Runs of each file that the built-in loop reproduces: all of them, model reply by model reply. */
const reproduced: NamedFigures = {
  'agentverify-retail-tool-calling-with-preconditions.json': 100,
  'agentverify-retail-tool-calling.json': 100,
  'gpt-4o-airline.json': 200,
  'airline20__gpt-4.1-finetuned.json': 20,
  'airline20__gpt-4.1.json': 20,
  'airline__azure-gpt-4o-2024-11-20.json': 50,
  'airline__claude-sonnet-4-5-thinking.json': 50,
  'airline__qwen2.5-7b.json': 50,
  'retail40__gpt-4.1-finetuned.json': 40,
  'retail40__gpt-4.1.json': 40,
  'telecom40-solo__gpt-4.1-finetuned.json': 40,
  'telecom40-solo__gpt-4.1.json': 40,
}

export const replays: Section = {
  name: 'replay',
  expected: reproduced,
  async compute(directory) {
    const found: Record<string, Figures> = {}
    for (const folder of ['tau-bench/trajectories', 'tau2/simulations']) {
      for await (const { path, traces } of importedFiles(directory, folder)) {
        let count = 0
        for (const trace of traces) {
          const outcome = await play({
            target: loop({ maxTurns: 1000 }),
            case: caseOf(trace, slugOf(trace.id)),
            trial: 0,
            recording: recordingOf(trace),
            user: 'script',
            timeoutMs: 60_000,
            now: Date.now,
          })
          if (outcome.status !== 'aborted' && outcome.divergences.length === 0) count++
        }
        found[path.split('/').at(-1) ?? path] = count
      }
    }
    return found
  },
}
