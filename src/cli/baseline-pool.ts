import { Command } from 'commander'
import { addToPool, isPoolable, keptRuns } from '../gate/pool.ts'
import { countUnscored } from '../gate/unscored.ts'
import { oneLine } from '../lib/text.ts'
import { readBaseline } from '../run/baseline-file.ts'
import { policyOf } from '../run/define-eval.ts'
import { readPool, writePool } from '../run/pool-file.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Io, outJson } from './io.ts'
import { poolFileOf } from './pooled-baseline.ts'
import { type CommonOptions, type Project, withCommonOptions, withProject } from './project.ts'
import { gatherRun } from './tallies.ts'

interface Options extends CommonOptions {
  readonly run: string
  readonly into: string
  readonly keep: string
}

/** `evalkit baseline pool` */
export function poolCommand(io: Io): Command {
  return withCommonOptions(
    new Command('pool')
      .description(
        'Adds a live or imported run of the base branch to a pool, which run, ci and gate take by --pool. Not for a pull request.',
      )
      .requiredOption('--run <name>', 'the run to add, whatever it scored')
      .requiredOption('--into <file-or-folder>', 'the pool; in a folder <eval>.pool.json')
      .option('--keep <n>', 'the newest runs that stay', String(keptRuns)),
  )
    .addHelpText('after', '\nExample:\n  evalkit baseline pool --run airline --into pool/')
    .action((options: Options) => withProject(io, options, (project) => addRun(io, project, options)))
}

async function addRun(io: Io, project: Project, options: Options): Promise<void> {
  refusePullRequest(io)
  const keep = keepFrom(options.keep)
  const { run, tallies } = await gatherRun(project.store, options.run)
  if (run.partial === true) {
    throw new EvalkitError('EVK_USAGE', `The run "${run.name}" played a part of its dataset.`, {
      hint: 'Run the eval without --case and --tag, then pool it.',
    })
  }
  if (!isPoolable(run.mode)) {
    throw new EvalkitError('EVK_USAGE', `The run "${run.name}" took its models from recordings.`, {
      hint: 'More copies of a recording know no more: pool runs of live models, or imported ones.',
    })
  }
  const { metric, maxUnscored } = policyOf(project.config.policy)
  const { trials, unscored } = countUnscored(tallies, metric)
  if (tallies.cases.length !== tallies.planned || unscored > maxUnscored * trials) {
    throw new EvalkitError(
      'EVK_USAGE',
      `Of ${trials} trials of the run "${run.name}" ${unscored} are unscored.`,
      {
        hint: 'It says too little to be pooled: mend what kept them from being scored.',
      },
    )
  }
  const baseline = readBaseline(project.path(`${project.config.evals}/${run.eval}.baseline.json`))
  const file = poolFileOf(project, options.into, run.eval)
  const path = project.path(file)
  const added = addToPool(readPool(path, file), { ...tallies, startedAt: run.startedAt }, baseline, keep)
  if (added.pool.runs.length === 0 || !added.known || added.left > 0) writePool(path, added.pool)
  const { known, anew, left, pool } = added
  if (options.json === true) {
    outJson(io, {
      file,
      run: run.id,
      known,
      left,
      runs: pool.runs.length,
      ...(anew === undefined ? {} : { anew }),
    })
    return
  }
  const runs = `${pool.runs.length} run${pool.runs.length === 1 ? '' : 's'}`
  const begun = anew === undefined ? '' : `The pool begins anew: ${oneLine(anew, 200)}.\n`
  const said = known ? `"${run.name}" is in it already` : `"${run.name}" is added`
  io.out(`${begun}${oneLine(file, 300)}: ${said}, ${runs}${left > 0 ? `, ${left} left it` : ''}.\n`)
}

/** A pull request must not feed what it is measured by. */
function refusePullRequest({ env }: Io): void {
  const event = env['GITHUB_EVENT_NAME'] ?? ''
  if (!/^(?:pull_request|pull_request_target|pull_request_review|merge_group)$/.test(event)) return
  throw new EvalkitError('EVK_POOL_IN_PULL_REQUEST', `A run of the event "${event}" is not pooled.`)
}

function keepFrom(given: string): number {
  const keep = Number(given)
  if (Number.isInteger(keep) && keep >= 1 && keep <= 200) return keep
  throw new EvalkitError(
    'EVK_USAGE',
    `--keep takes a whole number from 1 to 200, not "${given.slice(0, 40)}".`,
  )
}
