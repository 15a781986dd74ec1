import { Command } from 'commander'
import { defined } from '../../lib/defined.ts'
import { loadEvals } from '../../config/load.ts'
import { showPlan } from '../../report/show-plan.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Io, outJson } from '../io.ts'
import { modesFrom } from '../modes.ts'
import { planAhead } from '../plan-ahead.ts'
import { trialsFrom } from '../trials-flag.ts'
import { policyFrom } from './gate.ts'
import { collect, type CommonOptions, withCommonOptions, withProject } from '../project.ts'

interface Options extends CommonOptions {
  readonly case?: readonly string[]
  readonly tag?: readonly string[]
  readonly trials?: string
  readonly margin?: string
  readonly metric?: string
  readonly onInconclusive?: string
  readonly llm?: string
  readonly tools?: string
  readonly model?: string
  readonly spend?: string
  readonly judges?: string
}

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('plan')
      .description(
        'Says what a run would play, cost and be able to find, before anything runs: no model is asked, no trial played.',
      )
      .argument('[eval...]', 'names of evals, or paths of eval files (default: all in evals/)')
      .option('--case <glob>', 'only cases whose id fits', collect)
      .option('--tag <tag>', 'only cases that carry the tag', collect)
      .option('--trials <k>', 'trials per case')
      .option('--margin <share>', 'the margin to plan for, e.g. 0.02 (default: the one of the gate)')
      .option('--metric <name>', 'the metric that gates (default: success)')
      .option(
        '--on-inconclusive <what>',
        'escalate: plan for more trials where live models leave the verdict open',
      )
      .option('--llm <mode>', 'plan for models that are recorded (default), live or cached')
      .option('--tools <mode>', 'plan for tools that are recorded (default), pooled or live')
      .option('--model <id>', 'with live models: price this one instead')
      .option('--spend <usd>', 'with live models: the cap that would hold')
      .option('--judges <mode>', 'plan for judges that are recorded (default) or live'),
  )
    .addHelpText('after', '\nExample:\n  evalkit plan support --llm live --trials 3 --margin 0.02')
    .action((names: readonly string[], options: Options) =>
      withProject(io, options, async (project) => {
        const settings = {
          selection: { cases: options.case ?? [], tags: options.tag ?? [] },
          trials: trialsFrom(options.trials),
          margin: shareOf(options.margin),
          metric: options.metric,
          onInconclusive: policyFrom(defined({ onInconclusive: options.onInconclusive })).onInconclusive,
          modes: modesFrom(options, project),
        }
        const plans = []
        for (const loaded of await loadEvals(project.folder, project.config, names))
          plans.push(await planAhead(project, loaded, settings))
        if (options.json === true) outJson(io, { plans })
        else io.out(plans.map(showPlan).join('\n'))
      }),
    )
}

function shareOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const margin = Number(text)
  if (margin > 0 && margin < 1) return margin
  throw new EvalkitError(
    'EVK_USAGE',
    `--margin takes a share between 0 and 1 such as 0.05, not "${text.slice(0, 40)}".`,
  )
}
