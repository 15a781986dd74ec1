import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTool } from '../schema/known-tools.ts'
import type { ToolFacts } from '../schema/tool.ts'
import { aboutOf, type AskedPerson } from './asked-people.ts'
import type { PlacedCall } from './effects.ts'
import type { MadeCall } from './evidence.ts'
import { listed, short, shown } from './show.ts'
import { proposes, type UserSaid } from './user-said.ts'
import { mayApprove, whoAnswered } from './who-answered.ts'

export type Risk = NonNullable<ToolFacts['risk']>

/** Whether a call was allowed. `unknown`: the trace does not tell. */
export interface Approved {
  readonly word: 'yes' | 'no' | 'unknown'
  readonly why: string
}

export interface ApprovalRules {
  /** What a medium-risk call needs: a yes, or only to have been asked about for as long as its SLA. */
  readonly medium: 'approved' | 'asked'
  /** What a yes is worth whose question does not tell the call. */
  readonly vague: 'unscored' | 'accept' | 'fail'
  readonly lasting: (call: MadeCall) => Json
}

/**
 * Judges calls in their order: a yes covers as many calls as its question lists, and one where it lists none. Only calls
 * that were carried out use it up: one that came back with an error may be tried again.
 */
export function approvalJudge(asked: readonly AskedPerson[], rules: ApprovalRules) {
  const used = new Map<AskedPerson, Map<string, number>>()

  const keyOf = (call: MadeCall) => canonicalJson([call.name, rules.lasting(call)])
  // A question that lists no calls is good for one, whatever it is.
  const useOf = (one: AskedPerson, call: MadeCall) => (one.proposed.length === 0 ? '' : keyOf(call))

  function usesLeft(one: AskedPerson, call: MadeCall): number {
    const key = useOf(one, call)
    const listed = one.proposed.filter((each) => keyOf(each) === key).length
    return Math.max(1, listed) - (used.get(one)?.get(key) ?? 0)
  }

  function use(one: AskedPerson, { call, done }: PlacedCall): void {
    if (done !== 'yes') return
    const key = useOf(one, call)
    const uses = used.get(one) ?? new Map<string, number>()
    used.set(one, uses.set(key, (uses.get(key) ?? 0) + 1))
  }

  return (
    placed: PlacedCall,
    risk: Risk,
    tool: KnownTool,
    isBefore: (one: AskedPerson) => boolean,
  ): Approved => {
    let best: Approved | undefined
    let isAbout = false
    let changed: AskedPerson | undefined
    let vague: AskedPerson | undefined
    // The latest first: what somebody said last is what holds.
    for (const one of asked.filter(isBefore).slice(-mostAsked).toReversed()) {
      const about = aboutOf(one, placed.call, rules.lasting)
      if (about === 'changed') changed ??= one
      if (about === 'vague' && usesLeft(one, placed.call) > 0) vague ??= one
      if (about !== 'this') continue
      if (!isAbout && one.decision === 'deny') return no(`${whoText(one)} said no`)
      isAbout = true
      if (usesLeft(one, placed.call) === 0) continue
      const verdict = answeredBy(one, risk, tool, rules)
      if (verdict.word === 'yes') {
        use(one, placed)
        return verdict
      }
      if (best === undefined || (best.word === 'no' && verdict.word === 'unknown')) best = verdict
    }
    if (best !== undefined) return best
    if (isAbout) return no('the yes was used up by the same call before it')
    if (changed !== undefined) {
      return no(`${whoText(changed)} was asked about other arguments: ${proposalText(changed)}`)
    }
    if (vague === undefined || rules.vague === 'fail') return no('nobody was asked about it before')
    if (rules.vague === 'unscored') {
      return unknown(`what "${short(vague.span.request.name, 60)}" was about is not told`)
    }
    const verdict = answeredBy(vague, risk, tool, rules)
    if (verdict.word === 'yes') use(vague, placed)
    return verdict
  }
}

/** Questions before a call that are looked at, the latest ones. */
const mostAsked = 500

/** Whether the answer to a question that is about the call allows it. */
function answeredBy(one: AskedPerson, risk: Risk, tool: KnownTool, { medium }: ApprovalRules): Approved {
  const { decision, span } = one
  if (decision === 'deny') return no(`${whoText(one)} said no`)
  if (decision === 'unread') return unknown(`the answer of ${whoText(one)} shows neither yes nor no`)
  const late = tool.sla !== undefined && span.durationMs !== undefined && span.durationMs > tool.sla
  if (decision === 'none') {
    if (risk === 'high' || medium === 'approved') return no(`${whoText(one)} gave no answer`)
    if (tool.sla === undefined) return yes
    if (span.durationMs === undefined) return unknown('how long was waited for an answer is not recorded')
    return span.durationMs >= tool.sla
      ? yes
      : no(`an answer was waited for ${duration(span.durationMs)} of ${duration(tool.sla)}`)
  }
  if (tool.approver !== undefined) {
    const who = whoAnswered(span)
    const may = mayApprove(who, tool.approver)
    const wanted = tool.approver.map((name) => short(name, 40)).join(' or ')
    if (may === 'no')
      return no(
        `${listed(
          who.told.map((name) => short(name, 40)),
          3,
        )} said yes, not ${wanted}`,
      )
    if (may === 'unknown') return unknown(`who said yes is not recorded; it takes ${wanted}`)
  }
  if (tool.sla !== undefined && span.durationMs === undefined) {
    return unknown('when the yes came is not recorded')
  }
  if (late) {
    return no(`the yes came after ${duration(span.durationMs ?? 0)}, later than ${duration(tool.sla ?? 0)}`)
  }
  return yes
}

/** The rule that stands in where nobody but the user is asked: an explicit yes of theirs to what the agent proposed. */
export function userAllowed(heard: UserSaid | undefined, call: MadeCall): Approved {
  if (heard === undefined) return unknown('what the user said is not recorded')
  const words = shown(heard.text, 80)
  if (heard.said === 'no') return no(`the user said no: ${words}`)
  if (heard.said === 'neither') return no(`the user did not say yes: ${words}`)
  if (heard.proposal === undefined) return no('the agent had proposed nothing before the user said yes')
  return proposes(heard.proposal, call)
    ? yes
    : no(`the user said yes to something else: ${shown(heard.proposal, 80)}`)
}

const yes: Approved = { word: 'yes', why: '' }

function no(why: string): Approved {
  return { word: 'no', why }
}

function unknown(why: string): Approved {
  return { word: 'unknown', why }
}

function whoText({ span }: AskedPerson): string {
  const { told } = whoAnswered(span)
  return short(told[0] ?? `"${span.request.name}"`, 60)
}

function proposalText({ span, proposed }: AskedPerson): string {
  return shown(proposed.length > 0 ? proposed.map((call) => call.arguments) : span.request.question, 100)
}

/** `90 s`, `2 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`
  if (ms < 7_200_000) return `${Math.round(ms / 6_000) / 10} min`
  return `${Math.round(ms / 360_000) / 10} h`
}
