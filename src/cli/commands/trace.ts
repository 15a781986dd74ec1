import { Command } from 'commander'
import { otlpOfTrace } from '../../capture/otlp/export-trace.ts'
import { defined } from '../../lib/defined.ts'
import { byCodeUnit } from '../../lib/json.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { inertJson } from '../../lib/text.ts'
import { plural } from '../../report/format.ts'
import { costOf, showGroups, showTraces } from '../../report/show-traces.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Trace } from '../../schema/trace.ts'
import { jsonLength } from '../../schema/trace-length.ts'
import { traceLine } from '../../schema/trace-line.ts'
import {
  type Filter,
  groupKey,
  spanFields,
  traceFields,
  type TraceSummary,
} from '../../schema/trace-query.ts'
import { type Io, outJson } from '../io.ts'
import { showOne, showSession } from '../show-stored.ts'
import { printWhere } from '../../store/print-filter.ts'
import { conditions, recordedOnly, savedConditions } from '../conditions.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'

interface FilterOptions extends CommonOptions {
  readonly where?: readonly string[]
  readonly filter?: readonly string[]
  readonly session?: string
  readonly all?: boolean
  readonly limit?: string
}

type ShowOptions = CommonOptions & Pick<FilterOptions, 'session' | 'limit'>

const described = (fields: Readonly<Record<string, { readonly description: string }>>): string =>
  Object.entries(fields)
    .map(([name, { description }]) => `  ${name.padEnd(9)} ${description}`)
    .join('\n')
const whereHelp = [
  '',
  'Conditions are put together by and, or, not and parentheses; words in quotes are looked for in the text.',
  'Fields of --where (also score.<name>), compared by = != ~ < <= > >=:',
  described(traceFields),
  'Fields of spans, as span.<name> inside any(…), all(…) and none(…):',
  described(spanFields),
].join('\n')

export function command(io: Io): Command {
  return new Command('trace')
    .description('Looks at traces.')
    .addCommand(list(io))
    .addCommand(show(io))
    .addCommand(search(io))
    .addCommand(stats(io))
    .addCommand(sessions(io))
    .addCommand(exportTraces(io))
    .addHelpText('after', "\nExample:\n  evalkit trace list --where 'tool=book_reservation score.reward=0'")
}

function list(io: Io): Command {
  return filtered(new Command('list').description('Traces, newest first; those of a session in their order.'))
    .option('--session <id>', 'the traces of one session, as they came')
    .option('--limit <n>', 'how many at the most', '50')
    .addHelpText(
      'after',
      `${whereHelp}\n\nExample:\n  evalkit trace list --where 'status=error' --where 'duration>30s'`,
    )
    .action((options: FilterOptions) => listTraces(io, options, []))
}

function search(io: Io): Command {
  return filtered(
    new Command('search').description('Traces in which these words occur.').argument('<words...>'),
  )
    .option('--limit <n>', 'how many at the most', '20')
    .addHelpText('after', "\nExample:\n  evalkit trace search gift card --where 'score.reward=0'")
    .action((words: readonly string[], options: FilterOptions) =>
      listTraces(io, options, [{ field: 'text', op: '~', value: words.join(' ') }]),
    )
}

function show(io: Io): Command {
  return withCommonOptions(
    new Command('show')
      .description('One run, step by step; or a session, run by run.')
      .argument('[trace-id]'),
  )
    .option('--session <id>', 'the runs of a session instead, in the order they began')
    .option('--limit <n>', 'of a session, how many of the last runs', '50')
    .addHelpText('after', '\nExample:\n  evalkit trace show t_3f2a')
    .action((id: string | undefined, options: ShowOptions) =>
      withProject(io, options, async ({ store }) => {
        if ((id === undefined) === (options.session === undefined))
          throw new EvalkitError('EVK_USAGE', 'Name a trace, or a session with --session.')
        if (options.session !== undefined)
          await showSession(io, store, options.session, {
            ...defined({ json: options.json }),
            limit: limitOf(options),
          })
        else if (id !== undefined) await showOne(io, store, id, options)
      }),
    )
}

function stats(io: Io): Command {
  return filtered(new Command('stats').description('Counts, rates and percentiles by group.'))
    .option('--by <group>', `one of ${groupKey.options.join(', ')}`, 'tool')
    .addHelpText('after', '\nExample:\n  evalkit trace stats --by model')
    .action((options: FilterOptions & { readonly by: string }) =>
      withProject(io, options, async (project) => {
        const by = groupKey.safeParse(options.by)
        if (!by.success) {
          const near = nearestWord(options.by, groupKey.options)
          throw new EvalkitError('EVK_USAGE', `Traces cannot be grouped by "${options.by.slice(0, 40)}".`, {
            details: [
              ...(near === undefined ? [] : [`did you mean "${near}"?`]),
              `groups: ${groupKey.options.join(', ')}`,
            ],
          })
        }
        const groups = await project.store.groupTraces({ where: wanted(project, options) }, by.data)
        if (options.json === true) outJson(io, { by: by.data, groups })
        else io.out(`${showGroups(groups, by.data, io.style).trimEnd()}\n`)
      }),
    )
}

function sessions(io: Io): Command {
  return filtered(
    new Command('sessions').description('Sessions, the last one first: who takes part, and what they cost.'),
  )
    .option('--limit <n>', 'how many at the most', '50')
    .addHelpText('after', "\nExample:\n  evalkit trace sessions --where 'user=kim'")
    .action((options: FilterOptions) =>
      withProject(io, options, async (project) => {
        const groups = await project.store.groupTraces({ where: wanted(project, options) }, 'session')
        const found = groups
          .filter(({ key }) => key !== '')
          .sort((a, b) => byCodeUnit(b.to ?? '', a.to ?? '') || byCodeUnit(a.key, b.key))
          .slice(0, limitOf(options))
        if (options.json === true) outJson(io, { sessions: found })
        else if (found.length === 0) io.out('No trace that fits belongs to a session.\n')
        else io.out(`${showGroups(found, 'session', io.style).trimEnd()}\n`)
      }),
    )
}

function exportTraces(io: Io): Command {
  return filtered(
    new Command('export').description(
      'Writes traces as JSON lines, one a line, which "evalkit import" reads again.',
    ),
  )
    .option('--limit <n>', 'how many at the most; without it, all')
    .option(
      '--format <name>',
      `${exportFormats.join(' or ')}: traces as they are, or requests of OTLP`,
      'jsonl',
    )
    .addHelpText('after', "\nExample:\n  evalkit trace export --where 'status=error' > failed.jsonl")
    .action((options: FilterOptions & { readonly format: string }) =>
      withProject(io, options, async (project) => {
        const written = writerOf(options.format)
        const limit = options.limit === undefined ? {} : { limit: limitOf(options) }
        const untold: string[] = []
        // One trace in memory at a time: a store holds more than a process does.
        for await (const { id } of project.store.listTraces({ where: wanted(project, options), ...limit })) {
          if (io.signal.aborted) return
          const line = written(await project.store.getTrace(id))
          if (line !== undefined) io.out(`${inertJson(line)}\n`)
          else untold.push(id)
        }
        if (untold.length > 0) throw tooLong(untold)
      }),
    )
}

const exportFormats = ['jsonl', 'otlp'] as const

/** Characters of JSON of a trace that is written as OTLP, which says all of it twice. */
const longestOtlp = 16 * 1024 ** 2

function writerOf(format: string): (trace: Trace) => string | undefined {
  if (format === 'otlp')
    return (trace) => (jsonLength(trace) > longestOtlp ? undefined : JSON.stringify(otlpOfTrace(trace)))
  if (format === 'jsonl') return traceLine
  const near = nearestWord(format, exportFormats)
  throw new EvalkitError('EVK_USAGE', `Traces are not written as "${format.slice(0, 40)}".`, {
    details: [near === undefined ? `formats: ${exportFormats.join(', ')}` : `did you mean "${near}"?`],
  })
}

function tooLong(untold: readonly string[]): EvalkitError {
  return new EvalkitError(
    'EVK_TRACE_TOO_LONG',
    `${plural(untold.length, 'trace')} not written: in OTLP each model call repeats the conversation, beyond what a line can hold.`,
    { details: untold.slice(0, 5), hint: 'Without --format otlp, what repeats is left out.' },
  )
}

function listTraces(io: Io, options: FilterOptions, also: readonly Filter[]): Promise<void> {
  return withProject(io, options, async (project) => {
    const found: TraceSummary[] = []
    const ofSession: readonly Filter[] =
      options.session === undefined ? [] : [{ field: 'session', op: '=', value: options.session }]
    const query = { where: [...also, ...ofSession, ...wanted(project, options)], limit: limitOf(options) }
    for await (const summary of project.store.listTraces(query)) found.push(summary)
    if (ofSession.length > 0) found.reverse()
    if (options.json === true) outJson(io, { filter: printWhere(query.where), traces: found })
    else if (found.length === 0) io.out(noTrace(options))
    else io.out(`${showTraces(found, io.style).trimEnd()}\n${sumOf(found)}\n`)
  })
}

/** What the traces of a list cost together, as far as it is known. */
function sumOf(found: readonly TraceSummary[]): string {
  const known = found.filter(({ costUsd }) => costUsd !== undefined)
  const total = known.reduce((sum, { costUsd = 0 }) => sum + costUsd, 0)
  const unpriced = found.reduce((sum, one) => sum + (one.unpriced ?? 0), 0)
  const cost = costOf(known.length === 0 ? undefined : total, unpriced)
  return `${plural(found.length, 'trace')}${cost === '' ? '' : `, ${cost}`}`
}

function filtered(command: Command): Command {
  return withCommonOptions(command)
    .option('--where <conditions>', 'only traces that fit, e.g. "tool=refund cost>0.1"', collect)
    .option('--filter <name>', 'a filter that is saved in evalkit.config.ts', collect)
    .option('--all', 'also the traces that evalkit’s own runs left')
}

/** Recorded traces; with --all also those that evalkit's own runs left, which repeat them. */
function wanted({ config }: Project, options: FilterOptions): readonly Filter[] {
  const asked = [...conditions(options), ...savedConditions(config.filters, options.filter)]
  return options.all === true ? asked : recordedOnly(asked)
}

function noTrace({ all }: FilterOptions): string {
  return `No trace fits.${all === true ? '' : ' (--all also shows those that evalkit run left.)'}\n`
}

function limitOf({ limit }: FilterOptions): number {
  const number = Number(limit)
  if (Number.isInteger(number) && number > 0) return number
  throw new EvalkitError('EVK_USAGE', `--limit takes a whole number from 1, not "${limit}".`)
}
