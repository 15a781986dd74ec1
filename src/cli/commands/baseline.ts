import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { compare } from '../../gate/compare.ts'
import { showDecisions } from '../../report/show-decisions.ts'
import { appendDecision, readBaseline, readDecisions, writeBaseline } from '../../run/baseline-file.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { successMetric } from '../../schema/metric.ts'
import type { Baseline, Decision, Tallies } from '../../schema/run.ts'
import { inCi, type Io, outJson } from '../io.ts'
import { personOf } from '../person.ts'
import { type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { gatherRun } from '../tallies.ts'

interface Options extends CommonOptions {
  readonly run: string
  readonly reason: string
  readonly metric: string
}

export function command(io: Io): Command {
  return new Command('baseline')
    .description('The accepted state of an eval.')
    .addCommand(accept(io))
    .addCommand(log(io))
    .addHelpText('after', '\nExample:\n  evalkit baseline accept --run airline --reason "first baseline"')
}

function log(io: Io): Command {
  return withCommonOptions(
    new Command('log')
      .description('Who accepted what, when and why: the decisions log, newest first.')
      .option('--eval <name>', 'only decisions about this eval'),
  )
    .addHelpText('after', '\nExample:\n  evalkit baseline log --eval airline')
    .action((options: CommonOptions & { readonly eval?: string }) =>
      withProject(io, options, async ({ config, path }) => {
        const file = `${config.evals}/decisions.jsonl`
        const all = await readDecisions(path(file), file)
        const about = options.eval === undefined ? all : all.filter((one) => one.eval === options.eval)
        const decisions = about.toReversed()
        if (options.json === true) outJson(io, { file, decisions })
        else io.out(showDecisions(decisions, io.style))
      }),
    )
}

function accept(io: Io): Command {
  return withCommonOptions(
    new Command('accept')
      .description('Accepts a run as the baseline of its eval, with a reason; both are committed. Not in CI.')
      .requiredOption('--run <name>', 'the run to accept')
      .requiredOption('--reason <text>', 'why; it stands in the decisions log for ever')
      .option('--metric <name>', 'the metric the log names', successMetric),
  )
    .addHelpText('after', '\nExample:\n  evalkit baseline accept --run airline --reason "first baseline"')
    .action((options: Options) => withProject(io, options, (project) => acceptRun(io, project, options)))
}

async function acceptRun(io: Io, project: Project, options: Options): Promise<void> {
  if (inCi(io)) throw new EvalkitError('EVK_BASELINE_IN_CI', 'A baseline is not accepted where CI is set.')
  if (options.reason.trim() === '') throw new EvalkitError('EVK_USAGE', 'A baseline needs a reason.')
  const { run, tallies } = await gatherRun(project.store, options.run)
  if (run.partial === true) {
    throw new EvalkitError('EVK_USAGE', `The run "${run.name}" played a part of its dataset.`, {
      hint: 'Run the eval without --case and --tag, then accept.',
    })
  }
  const after = meanOf(tallies, options.metric)
  if (after === undefined) {
    throw new EvalkitError('EVK_USAGE', `No case of the run has a scored "${options.metric}".`, {
      hint: 'A baseline that holds no score would let everything pass.',
    })
  }
  const folder = project.path(project.config.evals)
  const file = join(folder, `${run.eval}.baseline.json`)
  const earlier = existsSync(file) ? readBaseline(file) : undefined
  const before = earlier === undefined ? undefined : meanOf(earlier, options.metric)
  const broken = earlier === undefined ? [] : compare(tallies, earlier, options.metric, 0.05).broken
  const accepted = { at: new Date(io.now()).toISOString(), by: personOf(io), reason: options.reason }
  const baseline: Baseline = { v: 1, accepted, ...tallies }
  const decision: Decision = {
    v: 1,
    at: accepted.at,
    by: accepted.by,
    eval: run.eval,
    action: 'baseline-accept',
    run: run.id,
    reason: options.reason,
    metric: options.metric,
    ...(before === undefined ? {} : { before }),
    after,
    broken: broken.map((flip) => flip.case),
  }
  writeBaseline(file, baseline)
  appendDecision(join(folder, 'decisions.jsonl'), decision)
  if (options.json === true)
    outJson(io, { file: `${project.config.evals}/${run.eval}.baseline.json`, decision })
  else {
    const was = before === undefined ? 'the first baseline' : `${percent(before)} before`
    io.out(
      `Accepted: ${project.config.evals}/${run.eval}.baseline.json, ${tallies.cases.length} cases, ` +
        `${options.metric} ${percent(after)} (${was}).\nCommit it with ${project.config.evals}/decisions.jsonl.\n`,
    )
  }
}

/** Mean over cases of the metric, of the cases that have it scored. */
function meanOf({ cases }: Tallies, metric: string): number | undefined {
  const means = cases.flatMap((one) => {
    const tally = one.metrics[metric]
    return tally === undefined || tally.n === 0 ? [] : [tally.sum / tally.n]
  })
  return means.length === 0 ? undefined : means.reduce((sum, mean) => sum + mean, 0) / means.length
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
