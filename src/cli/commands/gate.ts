import { Command } from 'commander'
import { gate } from '../../gate/gate.ts'
import { policyOf } from '../../run/define-eval.ts'
import { buildReport } from '../../report/build.ts'
import { terminal } from '../../report/terminal.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { PolicyInput } from '../../schema/verdict.ts'
import { quarantineOf } from '../conclude.ts'
import { exitOf } from '../exit.ts'
import { type Io, outJson } from '../io.ts'
import { judgesOfRun } from '../judging.ts'
import { type CommonOptions, withCommonOptions, withProject } from '../project.ts'
import { gatherBaseline, gatherRun } from '../tallies.ts'

interface Options extends CommonOptions, PolicyFlags {
  readonly run: string
  readonly baseline: string
}

/** Rules as flags: they win over the eval file and the config. */
export interface PolicyFlags {
  readonly metric?: string
  readonly margin?: string
  readonly onInconclusive?: string
}

export function command(io: Io, exit: (code: number) => void): Command {
  return withPolicyFlags(
    withCommonOptions(
      new Command('gate')
        .description('Compares a run with a baseline, case by case, and gives the verdict.')
        .requiredOption('--run <name>', 'the run to judge')
        .requiredOption('--baseline <name-or-file>', 'a run of the store, or a baseline file'),
    ),
  )
    .addHelpText('after', '\nExample:\n  evalkit gate --run candidate --baseline main --margin 0.05')
    .action((options: Options) =>
      withProject(io, options, async (project) => {
        const { run, trials, tallies } = await gatherRun(project.store, options.run)
        const baseline = await gatherBaseline(project, options.baseline)
        const policy = policyOf(policyFrom(options), project.config.policy)
        const { deciding, advisory } = judgesOfRun(project, trials, policy.metric)
        const verdict = gate({
          candidate: tallies,
          baseline: baseline.tallies,
          policy,
          judges: deciding,
          advisory,
          quarantine: { cases: quarantineOf(project, run.eval), today: run.startedAt.slice(0, 10) },
        })
        const report = buildReport({
          run,
          trials,
          verdict,
          baseline: baseline.tallies,
          baselineName: baseline.name,
          metric: policy.metric,
        })
        if (options.json === true) outJson(io, { verdict, report })
        else io.out(terminal.render(report, { style: io.style, traces: {} }))
        exit(exitOf(verdict))
      }),
    )
}

export function withPolicyFlags(command: Command): Command {
  return command
    .option('--metric <name>', 'the metric that gates (default: success)')
    .option('--margin <share>', 'the largest drop that is accepted, e.g. 0.05')
    .option('--on-inconclusive <what>', 'warn (exit 0) or fail (exit 3)')
}

/** The rules the command line gives. Throws `EVK_USAGE` for a margin that is none. */
export function policyFrom({ metric, margin, onInconclusive }: PolicyFlags): PolicyInput {
  const drop = Number(margin)
  if (margin !== undefined && !(drop > 0 && drop < 1)) {
    throw new EvalkitError(
      'EVK_USAGE',
      `--margin takes a share between 0 and 1 such as 0.05, not "${margin}".`,
    )
  }
  if (onInconclusive !== undefined && onInconclusive !== 'warn' && onInconclusive !== 'fail') {
    throw new EvalkitError('EVK_USAGE', `--on-inconclusive takes warn or fail, not "${onInconclusive}".`)
  }
  return {
    ...(metric === undefined ? {} : { metric }),
    ...(margin === undefined ? {} : { margin: drop }),
    ...(onInconclusive === undefined ? {} : { onInconclusive }),
  }
}
