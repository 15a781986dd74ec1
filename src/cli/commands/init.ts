import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { writeWhole } from '../../dataset/write-whole.ts'
import { detectableDrop, smallestPassableCases } from '../../gate/detectable.ts'
import { plain } from '../../lib/text.ts'
import { gatherFacts, type Gathered } from '../init/facts.ts'
import { placeIn, textAt } from '../init/place.ts'
import { demoDataset, hasOtherEvals, type Planned, planInit, type Wanted, wantedFiles } from '../init/plan.ts'
import { type Io, outJson } from '../io.ts'

interface Options {
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** The margin of the gate that the sentence on detection speaks of: the default. */
const margin = 0.05

export function command(io: Io): Command {
  return new Command('init')
    .description(
      'Sets a project up: config, a demo agent with its recordings, one eval, a workflow. Overwrites nothing.',
    )
    .option('--dry-run', 'say what would be written, and write nothing')
    .option('--json', 'print one JSON document on stdout, and nothing else')
    .addHelpText('after', '\nExample:\n  npx evalkit init && npx evalkit run')
    .action((options: Options) => init(io, options))
}

async function init(io: Io, options: Options): Promise<void> {
  const gathered = await gatherFacts(io.cwd, {
    env: io.env,
    stripsTypes: typeof (process.features as { readonly typescript?: unknown }).typescript === 'string',
    version: ownVersion(),
  })
  const { facts } = gathered
  // Every place is looked at before anything is written.
  const placeOf = (file: Wanted): string =>
    placeIn(file.in === 'folder' ? gathered.folder : gathered.repository, file.path)
  const existing = (file: Wanted): string | undefined => textAt(placeOf(file), file.path)
  const planned = planInit(facts, wantedFiles(facts), existing)
  const todo = planned
    .filter(({ action }) => action !== 'keep')
    .map((file) => ({ file, place: placeOf(file) }))
  if (options.dryRun !== true) for (const { file, place } of todo) writeWhole(place, file.text)
  const dataset = planned.find(({ path }) => path === demoDataset(facts))
  const cases = dataset === undefined ? undefined : casesIn(existing(dataset) ?? dataset.text)
  const next = nextSteps(gathered, planned)
  if (options.json === true) outJson(io, documentOf(gathered, planned, cases, next, options.dryRun === true))
  else io.out(plain(summary(gathered, planned, cases, next, options.dryRun === true)))
}

function summary(
  { facts, folder, repository }: Gathered,
  planned: readonly Planned[],
  cases: number | undefined,
  next: readonly string[],
  dryRun: boolean,
): string {
  const { packageManager, language, branch, within } = facts
  const found = [
    language === 'typescript' ? 'TypeScript' : 'JavaScript',
    `${packageManager.name} (${packageManager.seen})`,
    `branch ${branch}`,
    ...(within === '' ? [] : [`${within}/ in its repository`]),
  ]
  const words = dryRun
    ? { write: 'would write', change: 'would change', keep: 'exists, kept' }
    : { write: 'wrote', change: 'changed', keep: 'exists, kept' }
  const width = Math.max(...planned.map(({ action }) => words[action].length))
  const lines = planned.map(({ action, path, adds, in: from }) => {
    const shown = from === 'repository' && folder !== repository ? `${path} (of the repository)` : path
    return `  ${words[action].padEnd(width)}  ${shown}${action === 'change' ? `: ${adds}` : ''}`
  })
  const [first = '', ...others] = found
  return [
    `Found: ${[first, ...others].join(', ')}`,
    '',
    ...lines,
    '',
    ...(hasOtherEvals(facts)
      ? [`There are evals in ${facts.folders.evals}/ already, so no demo was added.`, '']
      : []),
    ...(cases === undefined ? [] : [detects(cases), '']),
    'Next:',
    ...next.map((step) => `  ${step}`),
    '',
  ].join('\n')
}

/** What so few cases can tell, said at the beginning and not only at the end. */
function detects(cases: number): string {
  const drop = detectableDrop(cases)
  const finds =
    drop === undefined
      ? 'are too few to detect any drop 4 times in 5'
      : `detect a drop of ${(drop * 100).toFixed(0)} points 4 times in 5, and miss smaller ones more often`
  return `${cases} case${cases === 1 ? '' : 's'} ${finds}; a margin of ${margin * 100} points needs ${smallestPassableCases(margin)} cases to pass.`
}

function nextSteps(
  { facts, installed, locked, refusesEndings }: Gathered,
  planned: readonly Planned[],
): readonly string[] {
  const { install, run, lockFile } = facts.packageManager
  const amended = planned.some(({ path, action }) => path === 'package.json' && action !== 'keep')
  const commit = `commit it all${locked && !amended ? '' : `, with ${lockFile}: the workflow installs from it`}`
  const play = `${run} evalkit run`
  // Node and evalkit run the files as they are; only the compiler has to be told.
  const told = refusesEndings
    ? ['set "allowImportingTsExtensions" in tsconfig.json, so that tsc takes imports as Node does']
    : []
  if (!installed) return [install, play, ...told, commit]
  return amended || !locked ? [play, ...told, `${install}, then ${commit}`] : [play, ...told, commit]
}

function documentOf(
  { facts }: Gathered,
  planned: readonly Planned[],
  cases: number | undefined,
  next: readonly string[],
  dryRun: boolean,
): object {
  const { packageManager, language, branch, within } = facts
  return {
    dryRun,
    found: { language, packageManager: packageManager.name, seen: packageManager.seen, branch, within },
    files: planned.map(({ action, path, in: from, adds }) => ({
      action,
      in: from,
      path,
      ...(action === 'change' ? { adds } : {}),
    })),
    cases: cases ?? null,
    detectableDrop: (cases === undefined ? undefined : detectableDrop(cases)) ?? null,
    smallestPassableCases: smallestPassableCases(margin),
    next,
  }
}

function casesIn(dataset: string): number {
  return dataset.split('\n').filter((line) => line.trim() !== '').length
}

/** Of this evalkit: three folders up, in the source as in the package. */
function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return version
}
