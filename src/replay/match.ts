import { sameJson } from '../lib/json.ts'
import {
  type Asker,
  type Call,
  type CallKind,
  type CallOf,
  type HttpRequest,
  type LlmRequest,
  type Provenance,
  type RequestOf,
  type ToolReply,
  type ToolRequest,
  userName,
} from '../schema/call.ts'
import { knownTools } from '../schema/known-tools.ts'
import { textOf, toolCallsOf } from '../schema/message.ts'
import { defaultNormalizers, type NormalizerName } from '../schema/normalizers.ts'
import type { Recording } from '../schema/recording.ts'
import type { Wire } from '../tap/wire/wire.ts'
import { createBindings } from './bindings.ts'
import { customMiss, humanMiss, type Left, llmMiss, type Miss, toolMiss, turnMiss } from './near-misses.ts'
import { type LadderSettings, type Rung, toolLadder } from './tool-ladder.ts'
import { type Blanked, blankTexts, tokenPairs } from './volatile-text.ts'

/** A recorded call that may be served, or why there is none. */
export type Match<K extends CallKind> = Found<K> | { readonly miss: Miss }

export interface Found<K extends CallKind> {
  readonly call: CallOf<K>
  readonly step: number
  readonly served: Provenance
  readonly from?: string
  readonly normalizers?: readonly NormalizerName[]
}

export interface MatchSettings extends Partial<LadderSettings> {
  /**
   * Whether what a person was asked is taken from what the model had just said, where the recording does not know it.
   * Needed where the model is not the recorded one: an answer must not be given to another question.
   */
  readonly asksAnew?: boolean | undefined
  /** Whether the user's next recorded turn is given all the same, where `asksAnew` finds that the question is another. */
  readonly answersAnew?: boolean | undefined
}

/**
 * Finds the recorded call for a live one. Tools by the ladder (`tool-ladder.ts`); models by the whole request as the
 * wire shows it, the next unused first; people by name and question, in recorded order; other endpoints by method,
 * address and body. A call that is merely similar is never served: it was wrong in two cases of three and more when
 * measured (docs/replay.md).
 */
export interface Matcher {
  llm(step: number, request: LlmRequest, wire: Wire | undefined, by?: Asker): Match<'llm'>
  tool(step: number, request: ToolRequest): Match<'tool'>
  /** From another recording of the case. */
  pooled(step: number, request: ToolRequest): Rung | undefined
  human(step: number, request: RequestOf<'human'>): Match<'human'>
  custom(step: number, request: HttpRequest): Match<'custom'>
  /** A tool was answered from elsewhere: what it wrote counts. */
  answered(request: ToolRequest, reply: ToolReply): void
  /** Recorded calls that nobody asked for, by their step in the recording. */
  unused(): readonly { readonly step: number; readonly call: Call }[]
}

export function matcher(
  recording: Pick<Recording, 'calls'> & { readonly trace?: string },
  settings: MatchSettings = {},
): Matcher {
  const { known = knownTools(), normalizers = defaultNormalizers, asksAnew = false } = settings
  const answersAnew = asksAnew && settings.answersAnew === true && settings.strict !== true
  const { calls } = recording
  const bindings = createBindings()
  const ladder = toolLadder(recording, { ...settings, known, normalizers }, bindings)
  /** What is left of the other kinds, in recorded order. */
  const left = { llm: leftOf(calls, 'llm'), human: leftOf(calls, 'human'), custom: leftOf(calls, 'custom') }

  function serve<K extends 'llm' | 'human' | 'custom'>(
    kind: K,
    found: Left<CallOf<K>>,
    served: 'exact' | 'normalized' | 'stale-state',
  ): Found<K> {
    const among: readonly Left<Call>[] = left[kind]
    left[kind].splice(among.indexOf(found), 1)
    const { index } = found
    const call = found.call as CallOf<CallKind>
    if (served !== 'normalized' && !bindings.any) return { call: found.call, step: index + 1, served }
    const reply = bindings.toLive(call.reply)
    const ours = (reply === call.reply ? call : { ...call, reply }) as CallOf<K>
    const how = served === 'normalized' ? { normalizers: ['volatile'] as const } : {}
    return { call: ours, step: index + 1, served, ...how }
  }

  const byWhom = (at: number): Asker | undefined => (calls[at] as CallOf<'llm'>).by

  /** The call that is the same, or is the same once ids of this run are those of the recording. */
  function find<K extends 'llm' | 'human' | 'custom'>(
    kind: K,
    request: RequestOf<K>,
    same: (recorded: RequestOf<K>, live: RequestOf<K>, at: number) => boolean,
  ): Found<K> | undefined {
    const among = left[kind] as unknown as readonly Left<CallOf<K>>[]
    const isIt = (one: Left<CallOf<K>>, live: RequestOf<K>): boolean =>
      same((one.call as CallOf<CallKind>).request as RequestOf<K>, live, one.index)
    const exact = among.find((one) => isIt(one, request))
    if (exact !== undefined) return serve(kind, exact, 'exact')
    const said = bindings.toRecorded(request)
    if (said === request) return undefined
    const normal = among.find((one) => isIt(one, said))
    return normal === undefined ? undefined : serve(kind, normal, 'normalized')
  }

  /** The model call that differs only by ids and times, in the texts that are said to have them. */
  function findVolatile(
    request: LlmRequest,
    wire: Wire | undefined,
    by: Asker | undefined,
  ): Found<'llm'> | undefined {
    if (normalizers.model.length === 0) return undefined
    const said = bindings.toRecorded(request)
    for (const one of left.llm) {
      if (one.call.by !== by) continue
      const shown = (asked: LlmRequest): Blanked =>
        blankTexts(shownAs(knownOf(asked, one.call.request), wire), normalizers.model)
      const recorded = shown(one.call.request)
      const live = shown(said)
      if (!sameJson(recorded.value, live.value)) continue
      const pairs = tokenPairs(recorded, said === request ? live : shown(request))
      if (pairs === undefined || !bindings.fits(pairs)) continue
      bindings.bind(pairs)
      return serve('llm', one, 'normalized')
    }
    return undefined
  }

  return {
    llm(_, request, wire, by) {
      const found =
        find(
          'llm',
          request,
          (recorded, live, at) => byWhom(at) === by && sameRequest(recorded, live, wire),
        ) ?? findVolatile(request, wire, by)
      if (found !== undefined) return found
      const next = left.llm.find(({ call }) => call.by === by)
      const known = next === undefined ? request : knownOf(bindings.toRecorded(request), next.call.request)
      return { miss: llmMiss(known, wire, next, by) }
    },
    tool(step, request) {
      return ladder.own(step, request) ?? { miss: toolMiss(request, ladder) }
    },
    pooled: (step, request) => ladder.pooled(step, request),
    answered: (request, reply) => ladder.answered(request, reply),
    human(_, request) {
      const questionAt = (at: number, known: RequestOf<'human'>): RequestOf<'human'>['question'] =>
        known.question ?? (asksAnew ? questionBefore(calls, at) : undefined)
      const found = find('human', request, (recorded, live, at) => {
        const question = questionAt(at, recorded)
        // An answer belongs to its question; where that was not recorded, to its place.
        if (recorded.name !== live.name) return false
        if (question !== undefined) return sameJson(question, live.question)
        // An approval is of something: where the recording does not know of what, it answers no question, and nothing
        // that another model came to.
        return live.name === userName || (live.question === undefined && !asksAnew)
      })
      if (found !== undefined) return found
      const next = left.human.find(({ call }) => call.request.name === request.name)
      if (next === undefined) return { miss: humanMiss(request, next) }
      const isUser = request.name === userName
      // A person who approves is never given words they said to something else.
      if (answersAnew && isUser) return serve('human', next, 'stale-state')
      const expected = questionAt(next.index, next.call.request)
      return {
        miss: asksAnew && isUser ? turnMiss(request, next, expected) : humanMiss(request, next, expected),
      }
    },
    custom(_, request) {
      return find('custom', request, sameJson) ?? { miss: customMiss(request, left.custom) }
    },
    unused() {
      const free = new Set(Object.values(left).flatMap((all) => all.map(({ index }) => index)))
      for (const name of ladder.tape.names) {
        for (const { index, takenBy, lentTo } of ladder.tape.of(name))
          if ((takenBy ?? lentTo) === undefined) free.add(index)
      }
      return calls.flatMap((call, index) => (free.has(index) ? [{ step: index + 1, call }] : []))
    },
  }
}

function leftOf<K extends CallKind>(calls: readonly Call[], kind: K): Left<CallOf<K>>[] {
  return calls.flatMap((call, index) => (call.kind === kind ? [{ index, call: call as CallOf<K> }] : []))
}

/**
 * Whether a model would have seen the same: what the recording knows of its request, compared as the wire format
 * shows it (a format that cannot carry reasoning does not tell two requests apart by it).
 */
function sameRequest(recorded: LlmRequest, live: LlmRequest, wire: Wire | undefined): boolean {
  const known = knownOf(live, recorded)
  return (
    sameJson(recorded, known) ||
    (wire !== undefined && sameJson(wire.writeRequest(recorded), wire.writeRequest(known)))
  )
}

function shownAs(request: LlmRequest, wire: Wire | undefined): unknown {
  return wire === undefined ? request : wire.writeRequest(request)
}

/** Of a live request, the fields the recording knows too: what was never recorded cannot differ. */
function knownOf(live: LlmRequest, recorded: LlmRequest): LlmRequest {
  return {
    messages: live.messages,
    ...(recorded.model === undefined ? {} : { model: live.model }),
    ...(recorded.system === undefined ? {} : { system: live.system }),
    ...(recorded.tools === undefined ? {} : { tools: live.tools }),
    ...(recorded.parameters === undefined ? {} : { parameters: live.parameters }),
  }
}

/** What a person was answering: what the model had said just before, where it asked for no tool. */
function questionBefore(calls: readonly Call[], at: number): string | undefined {
  const before = at === 0 ? undefined : calls[at - 1]
  if (before?.kind !== 'llm' || before.by !== undefined || toolCallsOf(before.reply.message).length > 0)
    return undefined
  return textOf(before.reply.message)
}
