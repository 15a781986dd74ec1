import { oneLine, withoutCommands } from '../lib/text.ts'
import type { AgentAudit, ModelAdvice, ToolAuditReport, ToolUse } from '../schema/tool-contract.ts'
import { plural, usd } from './format.ts'
import type { Style } from './reporter.ts'
import { table } from './table.ts'

/** Of each: the rest is in `--json`. */
const most = { agents: 20, tools: 40, names: 12, models: 20, notes: 5 }

/** Who may do what and does not, who does what they may not, and where a cheaper model passed the same cases. */
export function showToolAudit({ traces, agents, models, modelNotes }: ToolAuditReport, style: Style): string {
  const { width } = style
  const more = agents.length - most.agents
  const lines = [
    `${plural(traces, 'trace')}, ${plural(agents.length, 'agent')}`,
    ...agents.slice(0, most.agents).flatMap((agent) => ['', ...agentLines(agent, style)]),
    ...(more > 0 ? ['', `… and ${plural(more, 'more agent')} (--json has all)`] : []),
    ...(models.length + modelNotes.length === 0 ? [] : ['', 'models']),
    ...models.slice(0, most.models).flatMap((advice) => modelLines(advice, width)),
    ...(models.length > most.models ? [`  … and ${models.length - most.models} more (--json has all)`] : []),
    ...modelNotes.slice(0, most.notes).map((note) => `  ${oneLine(note, Math.max(80, width))}`),
    ...(modelNotes.length > most.notes
      ? [`  … and ${modelNotes.length - most.notes} more (--json has all)`]
      : []),
    '',
  ]
  return withoutCommands(lines.join('\n'))
}

function agentLines(agent: AgentAudit, { width }: Style): readonly string[] {
  const { agent: name, traces, offersKnown, tools, neverUsed, neverGranted } = agent
  const used = tools.filter(({ calls }) => calls > 0).toSorted((a, b) => b.calls - a.calls)
  const more = used.length - most.tools
  return [
    `${oneLine(name, 80)}, in ${plural(traces, 'trace')}`,
    ...(used.length === 0 ? ['used no tool'] : [usedTable(used.slice(0, most.tools), offersKnown, width)]),
    ...(more > 0 ? [`… and ${plural(more, 'more tool')} (--json has all)`] : []),
    ...(neverUsed.length === 0 ? [] : [`granted and never used: ${some(neverUsed)}`]),
    ...(neverGranted.length === 0 ? [] : [`used and never granted: ${some(neverGranted)}`]),
    ...(offersKnown || tools.some(({ granted }) => granted !== undefined)
      ? []
      : [
          'what it was granted is not known: no request tells its tools, and evals/tools.json has no "granted"',
        ]),
  ]
}

function usedTable(tools: readonly ToolUse[], offersKnown: boolean, width: number): string {
  const rows = tools.map(({ tool, calls, errors, usedIn, offeredIn, lastUsed, granted }) => [
    oneLine(tool, 60),
    String(calls),
    String(errors),
    String(usedIn),
    offersKnown ? String(offeredIn) : '?',
    granted === undefined ? '' : granted ? 'yes' : 'no',
    oneLine(lastUsed ?? '', 24),
  ])
  const right = true
  const columns = [
    { title: 'tool', flexible: true },
    { title: 'calls', right },
    { title: 'errors', right, drop: 1 },
    { title: 'used in', right, drop: 2 },
    { title: 'offered in', right },
    { title: 'granted' },
    { title: 'last used', drop: 3 },
  ]
  return table(columns, rows, width, (head) => head)
}

function modelLines(advice: ModelAdvice, width: number): readonly string[] {
  const { eval: of, model, cheaper, runs, usd: costs, cases, verdict } = advice
  const says =
    verdict.word === 'pass'
      ? `${cheaper} does as well as ${model}`
      : verdict.word === 'inconclusive'
        ? `whether ${cheaper} does as well as ${model} is inconclusive`
        : verdict.word === 'fail'
          ? `${cheaper} does worse than ${model}`
          : `${cheaper} and ${model} cannot be compared`
  const [dear, cheap] = costs
  const saved = dear === 0 ? '' : ` (${Math.round((1 - cheap / dear) * 100)} % less)`
  const room = Math.max(80, width)
  return [
    `  ${oneLine(`${of}: ${says}: ${usd(cheap)} a trial, not ${usd(dear)}${saved}, on ${plural(cases, 'case')}`, room)}`,
    `    ${oneLine(`${verdict.sentence} (runs ${runs[1]} and ${runs[0]})`, room)}`,
  ]
}

function some(names: readonly string[]): string {
  const more = names.length - most.names
  const shown = names.slice(0, most.names).map((name) => oneLine(name, 80))
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
