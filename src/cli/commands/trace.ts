import { Command } from 'commander'
import { showTrace } from '../../report/show-trace.ts'
import { showGroups, showTraces } from '../../report/show-traces.ts'
import { gradeOf } from '../../schema/grade.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Filter, groupKey, traceFields, type TraceSummary } from '../../schema/trace-query.ts'
import { type Io, outJson } from '../io.ts'
import { conditions, recordedConditions } from '../conditions.ts'
import { collect, type CommonOptions, withCommonOptions, withProject } from '../project.ts'

interface FilterOptions extends CommonOptions {
  readonly where?: readonly string[]
  readonly all?: boolean
  readonly limit?: string
}

const fields = Object.entries(traceFields)
  .map(([name, { description }]) => `  ${name.padEnd(9)} ${description}`)
  .join('\n')
const whereHelp = `\nFields of --where (also score.<name>), compared by = != ~ < <= > >=:\n${fields}`

export function command(io: Io): Command {
  return new Command('trace')
    .description('Looks at traces.')
    .addCommand(list(io))
    .addCommand(show(io))
    .addCommand(search(io))
    .addCommand(stats(io))
    .addHelpText('after', "\nExample:\n  evalkit trace list --where 'tool=book_reservation score.reward=0'")
}

function list(io: Io): Command {
  return filtered(new Command('list').description('Traces, newest first.'))
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
  return withCommonOptions(new Command('show').description('One run, step by step.').argument('<trace-id>'))
    .addHelpText('after', '\nExample:\n  evalkit trace show t_3f2a')
    .action((id: string, options: CommonOptions) =>
      withProject(io, options, async ({ store }) => {
        const trace = await store.getTrace(id)
        if (options.json === true) outJson(io, { trace, replayGrade: gradeOf(trace) })
        else io.out(`${showTrace(trace, io.style).trimEnd()}\n`)
      }),
    )
}

function stats(io: Io): Command {
  return filtered(new Command('stats').description('Counts, rates and percentiles by group.'))
    .option('--by <group>', `one of ${groupKey.options.join(', ')}`, 'tool')
    .addHelpText('after', '\nExample:\n  evalkit trace stats --by model')
    .action((options: FilterOptions & { readonly by: string }) =>
      withProject(io, options, async ({ store }) => {
        const by = groupKey.safeParse(options.by)
        if (!by.success) {
          throw new EvalkitError('EVK_USAGE', `Traces cannot be grouped by "${options.by.slice(0, 40)}".`, {
            details: [`groups: ${groupKey.options.join(', ')}`],
          })
        }
        const groups = await store.groupTraces({ where: wanted(options) }, by.data)
        if (options.json === true) outJson(io, { by: by.data, groups })
        else io.out(`${showGroups(groups, by.data, io.style).trimEnd()}\n`)
      }),
    )
}

function listTraces(io: Io, options: FilterOptions, also: readonly Filter[]): Promise<void> {
  return withProject(io, options, async ({ store }) => {
    const found: TraceSummary[] = []
    const query = { where: [...also, ...wanted(options)], limit: limitOf(options) }
    for await (const summary of store.listTraces(query)) found.push(summary)
    if (options.json === true) outJson(io, { traces: found })
    else io.out(found.length === 0 ? noTrace(options) : `${showTraces(found, io.style).trimEnd()}\n`)
  })
}

function filtered(command: Command): Command {
  return withCommonOptions(command)
    .option('--where <conditions>', 'only traces that fit, e.g. "tool=refund cost>0.1"', collect)
    .option('--all', 'also the traces that evalkit’s own runs left')
}

/** Recorded traces; with --all also those that evalkit's own runs left, which repeat them. */
function wanted(options: FilterOptions): readonly Filter[] {
  return options.all === true ? conditions(options) : recordedConditions(options)
}

function noTrace({ all }: FilterOptions): string {
  return `No trace fits.${all === true ? '' : ' (--all also shows those that evalkit run left.)'}\n`
}

function limitOf({ limit }: FilterOptions): number {
  const number = Number(limit)
  if (Number.isInteger(number) && number > 0) return number
  throw new EvalkitError('EVK_USAGE', `--limit takes a whole number from 1, not "${limit}".`)
}
