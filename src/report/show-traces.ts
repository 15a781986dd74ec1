import pc from 'picocolors'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { GroupKey, TraceGroup, TraceSummary } from '../schema/trace-query.ts'
import { count, duration, percent, usd } from './format.ts'
import type { Style } from './reporter.ts'
import { type Cell, type Column, table } from './table.ts'

type Colours = ReturnType<typeof pc.createColors>

/** Traces as a table, one a line. Columns nobody has anything to say in are left out. */
export function showTraces(list: readonly TraceSummary[], style: Style): string {
  const colours = pc.createColors(style.colour)
  const cells: readonly (Column & { readonly of: (it: TraceSummary) => Cell })[] = [
    { title: 'trace', of: ({ id }) => oneLine(id, 60) },
    { title: 'name', flexible: true, drop: 2, of: ({ name }) => oneLine(name, 60) },
    { title: 'session', drop: 9, of: ({ session }) => oneLine(session ?? '', 24) },
    { title: 'task', of: ({ task, trial }) => taskOf(task, trial) },
    { title: 'status', of: (it) => painted(statusOf(it), it.status === 'error' ? colours.red : undefined) },
    { title: 'scores', of: ({ scores }) => oneLine(scores.map(scoreOf).join(' '), 40) },
    { title: 'model', drop: 5, of: ({ models }) => oneLine(models.join(', '), 30) },
    { title: 'calls', right: true, drop: 3, of: ({ toolCalls }) => count(toolCalls) },
    { title: 'errors', right: true, of: ({ toolErrors }) => (toolErrors === 0 ? '' : count(toolErrors)) },
    { title: 'tokens', right: true, drop: 4, of: tokensOf },
    { title: 'cost', right: true, drop: 6, of: ({ costUsd, unpriced }) => costOf(costUsd, unpriced) },
    {
      title: 'took',
      right: true,
      drop: 7,
      of: ({ durationMs }) => (durationMs === undefined ? '' : duration(durationMs)),
    },
    { title: 'started', drop: 8, of: ({ startedAt }) => oneLine(startedAt ?? '', 19) },
    { title: 'found', of: ({ snippet }) => oneLine(snippet ?? '', 60) },
  ]
  return tableOf(list, cells, style, colours)
}

/** Groups of traces (by tool: of tool calls) as a table, with percentiles over the members that know them. */
export function showGroups(groups: readonly TraceGroup[], by: GroupKey, style: Style): string {
  const colours = pc.createColors(style.colour)
  const names = [...new Set(groups.flatMap(({ scores }) => scores.map(({ name }) => name)))].slice(0, 3)
  const cells: readonly (Column & { readonly of: (it: TraceGroup) => Cell })[] = [
    { title: by, flexible: true, of: ({ key }) => oneLine(key === '' ? '(none)' : key, 60) },
    { title: by === 'tool' ? 'calls' : 'traces', right: true, of: (it) => count(it.count) },
    ...(by === 'tool'
      ? [{ title: 'in traces', right: true, drop: 4, of: (it: TraceGroup) => count(it.traces) }]
      : []),
    { title: 'errors', right: true, of: (it) => count(it.errors) },
    { title: 'rate', right: true, drop: 1, of: ({ errorRate }) => percent(errorRate) },
    {
      title: 'time p50',
      right: true,
      drop: 2,
      of: ({ durationMs }) => (durationMs === undefined ? '' : duration(durationMs.p50)),
    },
    {
      title: 'p90',
      right: true,
      drop: 5,
      of: ({ durationMs }) => (durationMs === undefined ? '' : duration(durationMs.p90)),
    },
    {
      title: 'p95',
      right: true,
      drop: 6,
      of: ({ durationMs }) => (durationMs === undefined ? '' : duration(durationMs.p95)),
    },
    {
      title: 'p99',
      right: true,
      drop: 6,
      of: ({ durationMs }) => (durationMs === undefined ? '' : duration(durationMs.p99)),
    },
    {
      title: 'tokens p50',
      right: true,
      drop: 7,
      of: ({ tokens }) => (tokens === undefined ? '' : count(tokens.p50)),
    },
    {
      title: 'cost',
      right: true,
      drop: 3,
      of: ({ costUsd, unpriced }) => costOf(costUsd?.sum, unpriced),
    },
    ...names.map((name) => ({
      title: oneLine(name, 20),
      right: true,
      of: ({ scores }: TraceGroup): Cell => {
        const own = scores.find((score) => score.name === name)
        return own === undefined ? '' : percent(own.passRate)
      },
    })),
  ]
  return tableOf(groups, cells, style, colours)
}

function tableOf<T>(
  list: readonly T[],
  cells: readonly (Column & { readonly of: (it: T) => Cell })[],
  style: Style,
  colours: Colours,
): string {
  const rows = list.map((it) => cells.map(({ of }) => of(it)))
  const used = cells.map((_, at) => rows.some((row) => row[at] !== ''))
  const kept = <V>(values: readonly V[]): V[] =>
    values.filter((_, at) => used[at] === true || list.length === 0)
  return withoutCommands(`${table(kept(cells), rows.map(kept), Math.max(60, style.width), colours.dim)}\n`)
}

function taskOf(task: string | undefined, trial: number | undefined): string {
  if (task === undefined) return trial === undefined ? '' : `#${trial}`
  return `${oneLine(task, 40)}${trial === undefined ? '' : ` #${trial}`}`
}

function statusOf({ status, ended }: TraceSummary): string {
  if (ended === undefined) return status === 'ok' ? 'ok' : '✗ error'
  return oneLine(status === 'ok' ? ended : `✗ ${ended}`, 30)
}

function scoreOf({ name, value, passed }: TraceSummary['scores'][number]): string {
  const mark = passed === undefined ? '' : passed ? '✓' : '✗'
  return `${name} ${mark}${value === undefined || value === (passed === true ? 1 : 0) ? '' : Number(value.toFixed(3))}`.trim()
}

/** What is known of a cost, and how many model calls are not in it: what nobody knows is never shown as 0. */
export function costOf(costUsd: number | undefined, unpriced: number | undefined): string {
  if (unpriced === undefined || unpriced === 0) return costUsd === undefined ? '' : usd(costUsd)
  return costUsd === undefined ? 'unknown' : `${usd(costUsd)}, ${count(unpriced)} unknown`
}

function tokensOf({ inputTokens, outputTokens }: TraceSummary): string {
  if (inputTokens === undefined && outputTokens === undefined) return ''
  return count((inputTokens ?? 0) + (outputTokens ?? 0))
}

function painted(text: string, paint: Colours['red'] | undefined): Cell {
  return paint === undefined ? text : { text, paint }
}
