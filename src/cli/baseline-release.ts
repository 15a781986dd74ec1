import { existsSync, readdirSync } from 'node:fs'
import { Command } from 'commander'
import { meanOf } from '../gate/pool.ts'
import { defined } from '../lib/defined.ts'
import { oneLine } from '../lib/text.ts'
import { appendDecision, readBaseline, writeRelease } from '../run/baseline-file.ts'
import { policyOf } from '../run/define-eval.ts'
import { slug } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import { successMetric } from '../schema/metric.ts'
import type { Baseline, Decision } from '../schema/run.ts'
import { talliesHash } from '../schema/tallies-hash.ts'
import { gitIn, headOf } from './git.ts'
import { inCi, type Io, outJson } from './io.ts'
import { personOf } from './person.ts'
import { type CommonOptions, type Project, withCommonOptions, withProject } from './project.ts'

interface Options extends CommonOptions {
  readonly name: string
}

/** `evalkit baseline release` */
export function releaseCommand(io: Io): Command {
  return withCommonOptions(
    new Command('release')
      .description(
        'Marks the accepted baselines as those of a release: from then on runs are held against them, too. Not in CI.',
      )
      .argument('[eval...]', 'names of evals (default: all that have a baseline)')
      .requiredOption('--name <name>', 'of the release, such as v1.4'),
  )
    .addHelpText('after', '\nExample:\n  evalkit baseline release --name v1.4')
    .action((names: readonly string[], options: Options) =>
      withProject(io, options, async (project) => releaseAll(io, project, names, options)),
    )
}

function releaseAll(io: Io, project: Project, given: readonly string[], { name, json }: Options): void {
  if (inCi(io)) throw new EvalkitError('EVK_BASELINE_IN_CI', 'A release is not marked where CI is set.')
  if (name.trim() === '' || name.length > 100)
    throw new EvalkitError('EVK_USAGE', '--name takes the name of a release, such as v1.4.')
  const evals = given.length === 0 ? evalsWithBaseline(project) : given.map(evalName)
  const folder = project.config.evals
  // All are read before the first is written: a release is of all of them or of none.
  const baselines = evals.map((one) => readBaseline(project.path(`${folder}/${one}.baseline.json`)))
  if (baselines.length === 0) {
    throw new EvalkitError('EVK_BASELINE_MISSING', `There is no baseline in ${oneLine(folder, 200)}.`)
  }
  const made = { at: new Date(io.now()).toISOString(), by: personOf(io) }
  const head = headOf(gitIn(project.folder, io.env))
  const files = baselines.map((baseline) => {
    const { v: _v, ...rest } = baseline
    const file = `${folder}/${baseline.eval}.release.json`
    const decision = decisionOf(project, baseline, { ...made, name, head })
    writeRelease(project.path(file), {
      v: 1,
      released: { ...made, name, ...defined({ commit: head.commit }) },
      ...rest,
    })
    appendDecision(project.path(`${folder}/decisions.jsonl`), decision)
    return { file, decision }
  })
  if (json === true) outJson(io, { files })
  else {
    const named = files.map(({ file }) => `  ${file}\n`).join('')
    io.out(`Release ${oneLine(name, 100)}:\n${named}Commit them with ${folder}/decisions.jsonl.\n`)
  }
}

function decisionOf(
  { config }: Project,
  baseline: Baseline,
  { at, by, name, head }: { at: string; by: string; name: string; head: ReturnType<typeof headOf> },
): Decision {
  const configured = policyOf(config.policy).metric
  const metric = meanOf(baseline, configured) === undefined ? successMetric : configured
  return {
    v: 1,
    at,
    by,
    eval: baseline.eval,
    action: 'baseline-release',
    run: baseline.run,
    name,
    metric,
    after: meanOf(baseline, metric) ?? 0,
    tallies: talliesHash(baseline),
    ...head,
  }
}

/** A name becomes a path. */
function evalName(given: string): string {
  if (slug.safeParse(given).success) return given
  throw new EvalkitError('EVK_USAGE', `"${given.slice(0, 80)}" is not the name of an eval.`)
}

function evalsWithBaseline({ path, config }: Project): readonly string[] {
  const folder = path(config.evals)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => /^(.+)\.baseline\.json$/.exec(name)?.[1] ?? [])
    .filter((name) => slug.safeParse(name).success)
    .sort()
}
