import { Command } from 'commander'
import { readToolsFile, toolsKnownTo } from '../../config/tools-file.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { oneLine } from '../../lib/text.ts'
import { pairTrials, runDiffing } from '../../replay/diff/diff-runs.ts'
import { diffTraces } from '../../replay/diff/diff-traces.ts'
import { showDiff } from '../../report/show-diff.ts'
import { showRunDiff } from '../../report/show-run-diff.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { RunDiff } from '../../schema/run-diff.ts'
import type { Run } from '../../schema/run.ts'
import { diverges } from '../../schema/trace-diff.ts'
import type { Trace } from '../../schema/trace.ts'
import type { Store } from '../../store/store.ts'
import { type Io, outJson } from '../io.ts'
import { type CommonOptions, withCommonOptions, withProject } from '../project.ts'
import { withTrials } from '../tallies.ts'

const help = `
Exits 0 when the same was done to the world, 1 on a divergence: a write that was added, removed, changed or
reordered, or code that asks the model something else.

Examples:
  evalkit diff t_3f2a t_91bc
  evalkit diff main my-branch --json`

export function command(io: Io, exit: (code: number) => void): Command {
  return withCommonOptions(
    new Command('diff')
      .description('Compares two traces step by step, or two runs trial by trial.')
      .argument('<left>', 'what was: a trace (a beginning of its id is enough), or a run (its name or id)')
      .argument('<right>', 'what is now: the same kind of thing'),
  )
    .addHelpText('after', help)
    .action((left: string, right: string, options: CommonOptions) =>
      withProject(io, options, async ({ store, config, path }) => {
        const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
        const one = await sideOf(store, left)
        const other = await sideOf(store, right)
        if (one.kind === 'trace' && other.kind === 'trace') {
          const diff = diffTraces(one.trace, other.trace, known)
          if (options.json === true) outJson(io, { kind: 'traces', ...diff })
          else io.out(showDiff(diff, io.style))
          exit(diverges(diff.severity) ? 1 : 0)
        } else if (one.kind === 'run' && other.kind === 'run') {
          const diff = await diffRuns(io, store, one.run, other.run, known)
          if (options.json === true) outJson(io, { kind: 'runs', ...diff })
          else io.out(showRunDiff(diff, io.style))
          exit(diverges(diff.severity) ? 1 : 0)
        } else {
          throw new EvalkitError('EVK_USAGE', 'A trace and a run cannot be compared.', {
            details: [`${quoted(left)} is a ${one.kind}`, `${quoted(right)} is a ${other.kind}`],
            hint: 'evalkit diff takes two traces, or two runs.',
          })
        }
      }),
    )
}

type Side = { readonly kind: 'trace'; readonly trace: Trace } | { readonly kind: 'run'; readonly run: Run }

/** A run of that name or id, else a trace. Throws `EVK_TRACE_AMBIGUOUS`, and `EVK_DIFF_NOT_FOUND` with what is near. */
async function sideOf(store: Store, word: string): Promise<Side> {
  const runs = await store.listRuns()
  if (runs.some(({ id, name }) => id === word || name === word)) {
    return { kind: 'run', run: await store.getRun(word) }
  }
  try {
    return { kind: 'trace', trace: await store.getTrace(word) }
  } catch (error) {
    if (!EvalkitError.is(error) || error.code !== 'EVK_TRACE_NOT_FOUND') throw error
    const near = await nearest(store, runs, word)
    throw new EvalkitError('EVK_DIFF_NOT_FOUND', `There is neither a trace nor a run ${quoted(word)}.`, {
      details: near === undefined ? [] : [`did you mean ${near}?`],
      cause: error,
    })
  }
}

/** Traces whose ids are looked at for one that is near. */
const mostIds = 10_000
/** Of shorter words every id is as near as any other. */
const shortestPrefix = 6

async function nearest(store: Store, runs: readonly Run[], word: string): Promise<string | undefined> {
  const run = nearestWord(word, [...new Set(runs.map(({ name }) => name))])
  if (run !== undefined) return `the run ${quoted(run)}`
  if (word.length < shortestPrefix) return undefined
  const ids = new Map<string, string>()
  for await (const { id } of store.listTraces({ where: [], limit: mostIds })) {
    // A beginning of an id is asked for: it is compared with as much of each.
    ids.set(id.slice(0, word.length), id)
  }
  const trace = ids.get(nearestWord(word, [...ids.keys()]) ?? '')
  return trace === undefined ? undefined : `the trace ${quoted(trace)}`
}

async function diffRuns(io: Io, store: Store, left: Run, right: Run, known: KnownTools): Promise<RunDiff> {
  const [one, other] = [await withTrials(store, left), await withTrials(store, right)]
  const { both, uncompared } = pairTrials(one.trials, other.trials)
  const diffing = runDiffing(left, right)
  for (const pair of both) {
    io.signal.throwIfAborted()
    if (pair.left.trace === undefined || pair.right.trace === undefined) continue
    const traces = [await store.getTrace(pair.left.trace), await store.getTrace(pair.right.trace)] as const
    diffing.add(pair.left, pair.right, diffTraces(...traces, known))
  }
  return diffing.finish(uncompared)
}

function quoted(word: string): string {
  return JSON.stringify(oneLine(word, 80))
}
