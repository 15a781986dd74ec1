import { Command } from 'commander'
import { buildReport } from '../../report/build.ts'
import { showRuns, showStats } from '../../report/show-stats.ts'
import { type Io, outJson } from '../io.ts'
import { type CommonOptions, withCommonOptions, withProject } from '../project.ts'
import { withTrials } from '../tallies.ts'

interface Options extends CommonOptions {
  readonly run?: string
  readonly metric: string
}

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('stats')
      .description('Figures of a run: cases, trials, pass rate with its Wilson interval, pass@k and pass^k.')
      .option('--run <name>', 'the run; without it, the runs of the store are listed')
      .option('--metric <name>', 'the metric', 'success'),
  )
    .addHelpText('after', '\nExample:\n  evalkit stats --run gpt-4o --json')
    .action((options: Options) =>
      withProject(io, options, async ({ store }) => {
        if (options.run === undefined) {
          const runs = await store.listRuns()
          if (options.json === true) outJson(io, { runs })
          else io.out(showRuns(runs))
          return
        }
        const { run, trials } = await withTrials(store, await store.getRun(options.run))
        const report = buildReport({ run, trials, metric: options.metric })
        const { stats, byCategory, byTag, metrics, outcomes, mode, fidelity } = report
        const figures = {
          metric: options.metric,
          status: run.status,
          ...stats,
          byCategory,
          byTag,
          metrics,
          outcomes,
          mode,
          fidelity,
        }
        if (options.json === true) outJson(io, { run: { id: run.id, name: run.name }, ...figures })
        else io.out(showStats(run, options.metric, report))
      }),
    )
}
