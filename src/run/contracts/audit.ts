import { byCodeUnit } from '../../lib/json.ts'
import { isAgentsModelCall } from '../../schema/call.ts'
import { toolCallsOf } from '../../schema/message.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import type { AgentAudit, ToolUse } from '../../schema/tool-contract.ts'
import type { Span, Trace } from '../../schema/trace.ts'

/** Names that are kept apart; what comes after is counted under one. */
const mostAgents = 500
const mostTools = 5000
const others = '(others)'

interface Tally {
  readonly calls: number
  readonly errors: number
  readonly lastUsed?: string
}

interface AgentTally {
  traces: number
  offersKnown: boolean
  readonly used: Map<string, Tally & { readonly traces: number }>
  readonly offered: Map<string, number>
}

/** Adds up traces one by one, so that none has to be kept, and says what agents may do and do not. */
export interface Audit {
  add(trace: Trace): void
  /** Least privilege by agent, sorted by name. */
  agents(): readonly AgentAudit[]
}

/**
 * Who used what, and who was offered what. An agent is the innermost `agent` span around a call, else the trace. What its
 * model was told in any request is offered; `granted` of evals/tools.json says who may use a tool at all.
 */
export function startAudit(file: ToolsFile | undefined): Audit {
  const tallies = new Map<string, AgentTally>()
  const granted = new Map(
    Object.entries(file?.tools ?? {}).flatMap(([tool, { granted: to }]) =>
      to === undefined ? [] : [[tool, new Set(to)] as const],
    ),
  )
  const tallyOf = (agent: string): AgentTally => {
    const name = tallies.has(agent) || tallies.size < mostAgents ? agent : others
    const known = tallies.get(name) ?? { traces: 0, offersKnown: false, used: new Map(), offered: new Map() }
    tallies.set(name, known)
    return known
  }
  return {
    add(trace) {
      for (const [agent, { used, offered, offersKnown }] of usesIn(trace)) {
        const tally = tallyOf(agent)
        tally.traces++
        tally.offersKnown ||= offersKnown
        for (const tool of offered) bump(tally.offered, tool)
        for (const [tool, use] of used) {
          const known = tally.used.get(tool)
          if (known === undefined && tally.used.size >= mostTools) continue
          tally.used.set(tool, { ...together(known, use), traces: (known?.traces ?? 0) + 1 })
        }
      }
    },
    agents() {
      for (const to of granted.values()) for (const agent of to) tallyOf(agent)
      return [...tallies]
        .toSorted(([a], [b]) => byCodeUnit(a, b))
        .map(([agent, tally]) => auditOf(agent, tally, granted))
    },
  }
}

function auditOf(
  agent: string,
  { traces, offersKnown, used, offered }: AgentTally,
  granted: ReadonlyMap<string, ReadonlySet<string>>,
): AgentAudit {
  const mine = [...granted].filter(([, to]) => to.has(agent)).map(([tool]) => tool)
  const names = [...new Set([...used.keys(), ...offered.keys(), ...mine])].sort(byCodeUnit)
  const tools = names.map((tool): ToolUse => {
    const use = used.get(tool)
    const to = granted.get(tool)
    return {
      tool,
      calls: use?.calls ?? 0,
      errors: use?.errors ?? 0,
      usedIn: use?.traces ?? 0,
      offeredIn: offered.get(tool) ?? 0,
      ...(use?.lastUsed === undefined ? {} : { lastUsed: use.lastUsed }),
      ...(to === undefined ? {} : { granted: to.has(agent) }),
    }
  })
  return {
    agent,
    traces,
    offersKnown,
    tools,
    neverUsed: tools.filter(({ calls }) => calls === 0).map(({ tool }) => tool),
    neverGranted: tools
      .filter(
        ({ calls, offeredIn, granted: may }) =>
          calls > 0 && (may === false || (may === undefined && offersKnown && offeredIn === 0)),
      )
      .map(({ tool }) => tool),
  }
}

interface Uses {
  readonly used: Map<string, Tally>
  readonly offered: Set<string>
  offersKnown: boolean
}

function usesIn(trace: Trace): ReadonlyMap<string, Uses> {
  const uses = new Map<string, Uses>()
  const agentOf = agentsIn(trace)
  const of = (span: Span | undefined): Uses => {
    const agent = span === undefined ? trace.name : agentOf(span)
    const known = uses.get(agent) ?? { used: new Map(), offered: new Set(), offersKnown: false }
    uses.set(agent, known)
    return known
  }
  const hasToolSpans = trace.spans.some(({ kind }) => kind === 'tool')
  for (const span of trace.spans) {
    const when = span.startedAt ?? trace.startedAt
    if (span.kind === 'tool' && span.attributes?.['requestor'] !== 'user') {
      use(of(span).used, span.request.name, when, span.reply?.isError === true || span.status === 'error')
    }
    if (!isAgentsModelCall(span)) continue
    const { offered } = of(span)
    if (span.request.tools !== undefined) of(span).offersKnown = true
    for (const { name } of span.request.tools ?? []) offered.add(name)
    // A source that knows only the conversation: what was asked for was used.
    if (hasToolSpans || span.reply === undefined) continue
    for (const { name } of toolCallsOf(span.reply.message)) use(of(span).used, name, when, false)
  }
  const listed = trace.attributes['mcp.tools']
  if (Array.isArray(listed)) {
    const { offered } = of(undefined)
    of(undefined).offersKnown = true
    for (const tool of listed as readonly unknown[]) {
      const name = typeof tool === 'object' && tool !== null && 'name' in tool ? tool.name : undefined
      if (typeof name === 'string') offered.add(name)
    }
  }
  return uses
}

/** The innermost agent around a span. Parents come before what happens in them. */
function agentsIn({ spans, name }: Trace): (span: Span) => string {
  const agents = new Map<string, string>()
  for (const span of spans) {
    const around = span.parent === null ? undefined : agents.get(span.parent)
    agents.set(span.id, span.kind === 'agent' && span.name !== '' ? span.name : (around ?? name))
  }
  return (span) => agents.get(span.id) ?? name
}

function use(used: Map<string, Tally>, tool: string, when: string | undefined, isError: boolean): void {
  if (!used.has(tool) && used.size >= mostTools) return
  const one: Tally = { calls: 1, errors: isError ? 1 : 0, ...(when === undefined ? {} : { lastUsed: when }) }
  used.set(tool, together(used.get(tool), one))
}

function together(a: Tally | undefined, b: Tally): Tally {
  const times = [a?.lastUsed, b.lastUsed].filter((time) => time !== undefined)
  const last = times.toSorted((x, y) => Date.parse(x) - Date.parse(y)).at(-1)
  return {
    calls: (a?.calls ?? 0) + b.calls,
    errors: (a?.errors ?? 0) + b.errors,
    ...(last === undefined ? {} : { lastUsed: last }),
  }
}

function bump(counts: Map<string, number>, key: string): void {
  if (counts.has(key) || counts.size < mostTools) counts.set(key, (counts.get(key) ?? 0) + 1)
}
