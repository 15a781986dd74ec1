import { Command } from 'commander'
import { oneLine } from '../../lib/text.ts'
import { plural } from '../../report/format.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { ageOf, bytesOf, planRetention, type Retention, type RetentionPlan } from '../../store/retention.ts'
import type { TraceWeight } from '../../store/store.ts'
import { type Io, outJson } from '../io.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { lockReferences } from '../reference-lock.ts'
import { traceReferences } from '../trace-references.ts'

interface Options extends CommonOptions {
  readonly olderThan?: string
  readonly tag?: readonly string[]
  readonly keepLast?: string
  readonly maxTraces?: string
  readonly maxSize?: string
  readonly dryRun?: boolean
}

const shownHeld = 5

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('prune')
      .description(
        'Removes old traces from the store. What a dataset, baseline, label or trial came from stays.',
      )
      .option('--older-than <age>', 'traces that are older: 30d, 12h, 2w, 1y')
      .option('--tag <tag=age>', 'another age for traces with a tag, e.g. debug=7d or keep=forever', collect)
      .option('--keep-last <n>', 'never the newest so many; alone: all but these')
      .option('--max-traces <n>', 'the oldest of more than so many')
      .option('--max-size <size>', 'the oldest, until the store takes about no more: 500MB, 2GB')
      .option('--dry-run', 'say what would be removed, and remove nothing'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit prune --older-than 30d --keep-last 1000 --tag debug=7d --dry-run',
    )
    .action((options: Options) => withProject(io, options, (project) => prune(io, project, options)))
}

async function prune(io: Io, project: Project, options: Options): Promise<void> {
  const retention = retentionOf(options, project.config.retention)
  if (!limits(retention)) {
    throw new EvalkitError('EVK_USAGE', 'There is no limit: nothing says which traces are to go.', {
      hint: 'Give one, e.g. --older-than 30d, or set "retention" in evalkit.config.ts.',
    })
  }
  const dryRun = options.dryRun === true
  // From looking who names a trace until it is gone, nobody may come to name it.
  using _lock = dryRun ? undefined : await lockReferences(project, 'alone')
  const weights: TraceWeight[] = []
  for await (const weight of project.store.weighTraces()) weights.push(weight)
  const references = await traceReferences(project)
  const plan = planRetention(weights, retention, (id) => references.get(id), io.now())
  const removed = dryRun ? 0 : await project.store.removeTraces(plan.remove.map(({ id }) => id))
  if (options.json === true) outJson(io, { dryRun, removed, ...plan })
  else io.out(summary(plan, dryRun))
}

/** What the options say, and else what the settings say. Throws `EVK_USAGE`. */
function retentionOf(options: Options, config: Project['config']['retention']): Retention {
  const { olderThan = config.olderThan, maxSize = config.maxSize } = options
  const keepLast = wholeNumber('--keep-last', options.keepLast) ?? (config.keepLast || undefined)
  const maxTraces = wholeNumber('--max-traces', options.maxTraces) ?? config.maxTraces
  const age = ageGiven('--older-than', olderThan)
  return {
    tags: { ...agesByTag(Object.entries(config.tags)), ...agesByTag((options.tag ?? []).map(tagAndAge)) },
    ...(age === Number.POSITIVE_INFINITY ? {} : { olderThan: age }),
    ...(keepLast === undefined ? {} : { keepLast }),
    ...(maxTraces === undefined ? {} : { maxTraces }),
    ...(maxSize === undefined ? {} : { maxSize: sizeGiven(maxSize) }),
  }
}

function limits({ olderThan, tags = {}, keepLast, maxTraces, maxSize }: Retention): boolean {
  const some = [olderThan, keepLast, maxTraces, maxSize].some((limit) => limit !== undefined)
  return some || Object.values(tags).some((age) => age !== Number.POSITIVE_INFINITY)
}

function agesByTag(pairs: readonly (readonly [string, string])[]): Readonly<Record<string, number>> {
  return Object.fromEntries(pairs.map(([tag, age]) => [tag, ageGiven(`--tag ${oneLine(tag, 40)}`, age)]))
}

function tagAndAge(given: string): readonly [string, string] {
  const at = given.lastIndexOf('=')
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)]
  throw new EvalkitError('EVK_USAGE', `--tag takes a tag and an age, not "${oneLine(given, 40)}".`, {
    hint: 'For example: --tag debug=7d',
  })
}

function ageGiven(option: string, text: string): number {
  const age = ageOf(text)
  if (age !== undefined) return age
  throw new EvalkitError('EVK_USAGE', `${option} takes an age, not "${oneLine(text, 40)}".`, {
    hint: 'For example: 30d, 12h, 2w, 1y, forever',
  })
}

function sizeGiven(text: string): number {
  const size = bytesOf(text)
  if (size !== undefined) return size
  throw new EvalkitError('EVK_USAGE', `--max-size takes a size, not "${oneLine(text, 40)}".`, {
    hint: 'For example: 500MB, 2GB',
  })
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw new EvalkitError('EVK_USAGE', `${option} takes a whole number, not "${oneLine(text, 40)}".`)
}

const causes = {
  age: 'too old',
  tag: 'too old for their tag',
  count: 'more than are kept',
  size: 'more than there is room for',
} as const

function summary({ remove, held, undated, kept }: RetentionPlan, dryRun: boolean): string {
  const lines = [`${plural(remove.length, 'trace')} ${dryRun ? 'would be removed' : 'removed'}, ${kept} kept`]
  for (const [cause, words] of Object.entries(causes)) {
    const of = remove.filter((one) => one.cause === cause)
    if (of.length === 0) continue
    const megabytes = of.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6
    lines.push(`  ${of.length} ${words}, about ${megabytes.toFixed(1)} MB`)
  }
  if (held.length > 0)
    lines.push(`${held.length} kept although they reach a limit, because something needs them:`)
  for (const { id, by } of held.slice(0, shownHeld)) lines.push(`  ${oneLine(id, 60)}  ${oneLine(by, 100)}`)
  if (held.length > shownHeld) lines.push(`  … and ${held.length - shownHeld} more (--json lists all)`)
  if (undated > 0) lines.push(`${undated} have no start that is known: no limit of age reaches them`)
  return `${lines.join('\n')}\n`
}
