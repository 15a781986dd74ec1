import { existsSync } from 'node:fs'
import { Command } from 'commander'
import * as z from 'zod'
import { changeBetween } from '../gate/baseline-changes.ts'
import { meanOf } from '../gate/pool.ts'
import { defined } from '../lib/defined.ts'
import { appendDecision, readBaseline, writeBaseline } from '../run/baseline-file.ts'
import { EvalkitError } from '../schema/errors.ts'
import { successMetric } from '../schema/metric.ts'
import type { Baseline, Decision } from '../schema/run.ts'
import { talliesHash } from '../schema/tallies-hash.ts'
import { gitIn, headOf } from './git.ts'
import { inCi, type Io, outJson } from './io.ts'
import { personOf } from './person.ts'
import { type CommonOptions, type Project, withCommonOptions, withProject } from './project.ts'
import { gatherRun } from './tallies.ts'

interface Options extends CommonOptions {
  readonly run: string
  readonly reason: string
  readonly metric: string
  readonly expires?: string
}

/** `evalkit baseline accept` */
export function acceptCommand(io: Io): Command {
  return withCommonOptions(
    new Command('accept')
      .description('Accepts a run as the baseline of its eval, with a reason; both are committed. Not in CI.')
      .requiredOption('--run <name>', 'the run to accept')
      .requiredOption('--reason <text>', 'why; it stands in the decisions log for ever')
      .option('--metric <name>', 'the metric the log names', successMetric)
      .option('--expires <date>', 'the last day it holds, such as 2026-12-31; after it the gate is invalid'),
  )
    .addHelpText('after', '\nExample:\n  evalkit baseline accept --run airline --reason "first baseline"')
    .action((options: Options) => withProject(io, options, (project) => acceptRun(io, project, options)))
}

async function acceptRun(io: Io, project: Project, options: Options): Promise<void> {
  if (inCi(io)) throw new EvalkitError('EVK_BASELINE_IN_CI', 'A baseline is not accepted where CI is set.')
  if (options.reason.trim() === '') throw new EvalkitError('EVK_USAGE', 'A baseline needs a reason.')
  const at = new Date(io.now()).toISOString()
  const expires = expiryFrom(options.expires, at)
  const { run, tallies } = await gatherRun(project.store, options.run)
  if (run.partial === true) {
    throw new EvalkitError('EVK_USAGE', `The run "${run.name}" played a part of its dataset.`, {
      hint: 'Run the eval without --case and --tag, then accept.',
    })
  }
  const { metric, reason } = options
  const after = meanOf(tallies, metric)
  if (after === undefined) {
    throw new EvalkitError('EVK_USAGE', `No case of the run has a scored "${metric}".`, {
      hint: 'A baseline that holds no score would let everything pass.',
    })
  }
  const folder = project.config.evals
  const file = `${folder}/${run.eval}.baseline.json`
  const path = project.path(file)
  const earlier = existsSync(path) ? readBaseline(path) : undefined
  const {
    change,
    broken = [],
    removed = [],
    edited = [],
  } = earlier === undefined ? {} : changeBetween(earlier, tallies, metric)
  const by = personOf(io)
  const baseline: Baseline = { v: 1, accepted: { at, by, reason, ...defined({ expires }) }, ...tallies }
  const decision: Decision = {
    v: 1,
    at,
    by,
    eval: run.eval,
    action: 'baseline-accept',
    run: run.id,
    reason,
    metric,
    ...defined({ before: earlier && meanOf(earlier, metric), change, expires }),
    after,
    broken: [...broken],
    ...(removed.length === 0 ? {} : { removed: [...removed] }),
    ...(edited.length === 0 ? {} : { edited: [...edited] }),
    tallies: talliesHash(tallies),
    ...headOf(gitIn(project.folder, io.env)),
  }
  writeBaseline(path, baseline)
  appendDecision(project.path(`${folder}/decisions.jsonl`), decision)
  if (options.json === true) outJson(io, { file, decision })
  else io.out(said(decision, file, tallies.cases.length, folder))
}

function said(
  decision: Extract<Decision, { action: 'baseline-accept' }>,
  file: string,
  cases: number,
  folder: string,
): string {
  const { metric, before, after, removed = [], expires, dirty } = decision
  const was = before === undefined ? 'the first baseline' : `${percent(before)} before`
  return [
    `Accepted: ${file}, ${cases} cases, ${metric} ${percent(after)} (${was}).`,
    ...(removed.length === 0
      ? []
      : [`Removed with it: ${removed.slice(0, 10).join(', ')}${removed.length > 10 ? ' and more' : ''}.`]),
    ...(expires === undefined ? [] : [`It holds until ${expires}; after that the gate is invalid.`]),
    ...(dirty === true ? ['Changes were not committed: the log says so.'] : []),
    `Commit it with ${folder}/decisions.jsonl.`,
    '',
  ].join('\n')
}

/** A day that is over would make the gate invalid at once. */
function expiryFrom(given: string | undefined, now: string): string | undefined {
  if (given === undefined) return undefined
  if (!z.iso.date().safeParse(given).success) {
    throw new EvalkitError(
      'EVK_USAGE',
      `--expires takes a day such as 2026-12-31, not "${given.slice(0, 40)}".`,
    )
  }
  if (given < now.slice(0, 10)) throw new EvalkitError('EVK_USAGE', `${given} is over.`)
  return given
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
