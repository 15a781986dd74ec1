import { Command } from 'commander'
import { lookAt, notEscalated } from '../../gate/escalation.ts'
import { gate } from '../../gate/gate.ts'
import { policyOf } from '../../run/define-eval.ts'
import { buildReport } from '../../report/build.ts'
import { terminal } from '../../report/terminal.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Policy, PolicyInput } from '../../schema/verdict.ts'
import { namedBaseline, poolHelp, releaseOf, standingOf } from '../accepted-baseline.ts'
import { quarantineOf } from '../conclude.ts'
import { exitOf } from '../exit.ts'
import { type Io, outJson } from '../io.ts'
import { judgesOfRun } from '../judging.ts'
import { type CommonOptions, withCommonOptions, withProject } from '../project.ts'
import { gatherRun } from '../tallies.ts'

interface Options extends CommonOptions, PolicyFlags {
  readonly run: string
  readonly baseline: string
  readonly pool?: string
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
        .requiredOption('--baseline <name-or-file>', 'a run of the store, or a baseline file')
        .option('--pool <file-or-folder>', poolHelp),
    ),
  )
    .addHelpText('after', '\nExample:\n  evalkit gate --run candidate --baseline main --margin 0.05')
    .action((options: Options) =>
      withProject(io, options, async (project) => {
        const { run, trials, tallies } = await gatherRun(project.store, options.run)
        const policy = policyOf(policyFrom(options), project.config.policy)
        const pooling = { named: options.pool, metric: policy.metric }
        const baseline = await namedBaseline(project, options.baseline, pooling)
        const { deciding, advisory, refused } = judgesOfRun(project, run, trials, policy)
        const gated = gate({
          candidate: tallies,
          baseline: baseline.tallies,
          policy,
          judges: deciding,
          advisory,
          refused,
          // A run that was looked at several times is judged by the same level again.
          look: run.looks && lookAt(run.looks, run.trials),
          standing: standingOf(run, baseline, releaseOf(project, run.eval)),
          quarantine: { cases: quarantineOf(project, run.eval), today: run.startedAt.slice(0, 10) },
        })
        const verdict = notEscalated(gated, 'evalkit gate plays nothing')
        const report = buildReport({
          run,
          trials,
          verdict,
          baseline: baseline.tallies,
          baselineName: baseline.name,
          pool: baseline.pool,
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
    .option(
      '--on-inconclusive <what>',
      'warn (exit 0), fail (exit 3), or escalate (more trials of live models, then fail)',
    )
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
  if (onInconclusive !== undefined && !isOnInconclusive(onInconclusive)) {
    const what = `--on-inconclusive takes warn, fail or escalate, not "${onInconclusive.slice(0, 40)}".`
    throw new EvalkitError('EVK_USAGE', what)
  }
  return {
    ...(metric === undefined ? {} : { metric }),
    ...(margin === undefined ? {} : { margin: drop }),
    ...(onInconclusive === undefined ? {} : { onInconclusive }),
  }
}

function isOnInconclusive(word: string): word is Policy['onInconclusive'] {
  return word === 'warn' || word === 'fail' || word === 'escalate'
}
