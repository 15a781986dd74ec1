import { canonicalJson } from '../../lib/json.ts'
import type { Call, CallKind, CallOf, LlmRequest, RequestOf } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { textOf, toolCallsOf } from '../../schema/message.ts'
import type { Recording } from '../../schema/recording.ts'
import type { Asked, Injection, Injector } from '../injection.ts'
import type { LiveModels } from '../live/live-models.ts'
import { toolKey } from '../tool-tape.ts'
import { type Edit, editedReply, invalid, noStep } from './edits.ts'

export interface ForkAsked {
  /** The step from which nothing is served by position. Left out: the first step that is edited. */
  readonly from?: number | undefined
  readonly edits: readonly Edit[]
  /** What is forked, its user's turns as they are played. */
  readonly recording: Recording
  /** Whether tools run from the fork on: one that is set does not. */
  readonly liveTools?: boolean
}

/** What makes a trial a fork: its settings, and what of it came to pass. */
export interface ForkPlan {
  readonly from: number
  /** From this step on models are asked, where they are live. */
  readonly liveFrom: number
  /** As the trial is played against it: every question from the fork on is known, so that none gets an old answer. */
  readonly recording: Recording
  readonly inject: Injector
  /** Models that are not asked for a fork whose beginning is not the recorded one. */
  guard(models: LiveModels): LiveModels
  /** The first call before the fork that is not the recorded one. */
  other(): { readonly step: number; readonly what: string } | undefined
  /** What the agent itself asked a model at a step of the fork. */
  asked(step: number): LlmRequest | undefined
  /** Whether an edit was served. */
  reached(edit: Edit): boolean
}

/**
 * The settings of a fork. Before `from` the run is the recorded one, edits excepted. From there on models are asked
 * anew, and what else is recorded is given to whoever makes that very call, never by its position: an edit of a later
 * step is of that call, too. Throws `EVK_FORK_INVALID`.
 */
export function forkOf({ from: asked, edits, recording, liveTools = false }: ForkAsked): ForkPlan {
  const from = asked ?? Math.min(...edits.map(({ step }) => step))
  if (!Number.isFinite(from)) throw invalid('What is to be other? A fork has a step, an edit, or both.')
  if (!Number.isInteger(from) || from < 1 || from > recording.calls.length) throw noStep(from, recording)
  for (const edit of edits) assertEditable(edit, from, recording)
  const byStep = Map.groupBy(edits, ({ step }) => step)
  const byCall = editsByCall(byStep, recording)
  const recorded = new Set(recording.calls.map(({ kind, request }) => identityOf(kind, request)))
  const times = new Map<string, number>()
  const reached = new Set<Edit>()
  const asks: string[] = []
  const requests = new Map<number, LlmRequest>()

  function editsFor<K extends CallKind>({ step, kind, request }: Asked<K>): readonly Edit[] | undefined {
    const identity = identityOf(kind, request)
    const nth = (times.get(identity) ?? 0) + 1
    times.set(identity, nth)
    const meant = byCall.get(`${nth} ${identity}`)
    // A call that is recorded elsewhere is that one, wherever it comes; one with an id of its own has only its place.
    if (meant !== undefined || recorded.has(identity) || step > from) return meant
    const there = recording.calls[step - 1]
    const alike = there !== undefined && nameOf(there.kind, there.request) === nameOf(kind, request)
    return alike ? byStep.get(step) : undefined
  }

  return {
    from,
    // What is set at the fork itself is nothing that is asked for, or run.
    liveFrom: edits.some(({ step }) => step === from) ? from + 1 : from,
    recording: withQuestions(recording, from),
    inject<K extends CallKind>(one: Asked<K>): Injection<K> | undefined {
      if (one.step < from) asks.push(nameOf(one.kind, one.request))
      if (one.kind === 'llm') requests.set(one.step, one.request as LlmRequest)
      const wanted = editsFor(one)
      if (wanted === undefined) return undefined
      const what: Json = wanted.map(({ path }) => path)
      const taped = recording.calls[(wanted[0]?.step ?? 0) - 1]
      if (liveTools && one.kind === 'tool' && one.step > from && taped !== undefined) {
        for (const edit of wanted) reached.add(edit)
        return { what, reply: editedReply(taped as CallOf<K>, wanted) } as unknown as Injection<K>
      }
      return {
        what,
        reply(recorded) {
          for (const edit of wanted) reached.add(edit)
          return editedReply(recorded, wanted)
        },
      }
    },
    guard(models) {
      const assertPrefix = (): void => {
        const other = otherCall(asks, recording, from)
        if (other === undefined) return
        throw new EvalkitError('EVK_FORK_PREFIX', `step ${other.step} before the fork: ${other.what}`)
      }
      return {
        async exchange(sent, context) {
          assertPrefix()
          return models.exchange(sent, context)
        },
        async ask(request, wire, context) {
          assertPrefix()
          return models.ask(request, wire, context)
        },
      }
    },
    other: () => otherCall(asks, recording, from),
    asked: (step) => requests.get(step),
    reached: (edit) => reached.has(edit),
  }
}

function assertEditable({ step, path }: Edit, from: number, { calls }: Recording): void {
  if (step <= from || calls[step - 1]?.kind !== 'llm') return
  throw invalid(
    `From step ${from} on models are asked anew: what one said in step ${step} is not said again.`,
    [`to set ${path}: --from ${step}`],
  )
}

/** Edits by which time of which call they belong to. */
function editsByCall(
  byStep: ReadonlyMap<number, readonly Edit[]>,
  { calls }: Recording,
): ReadonlyMap<string, readonly Edit[]> {
  const times = new Map<string, number>()
  const found = new Map<string, readonly Edit[]>()
  calls.forEach((call, index) => {
    const identity = identityOf(call.kind, call.request)
    const nth = (times.get(identity) ?? 0) + 1
    times.set(identity, nth)
    const edits = byStep.get(index + 1)
    if (edits !== undefined) found.set(`${nth} ${identity}`, edits)
  })
  return found
}

/** What makes a call that very call. Of models it is not asked. */
function identityOf<K extends CallKind>(kind: K, request: RequestOf<K>): string {
  if (kind === 'tool') return `tool ${toolKey(request as RequestOf<'tool'>)}`
  return kind === 'human' ? `human ${canonicalJson(request)}` : nameOf(kind, request)
}

function nameOf<K extends CallKind>(kind: K, request: RequestOf<K>): string {
  return 'name' in request ? `${kind} ${request.name}` : kind
}

/**
 * Which call before the fork is not the recorded one, as far as kinds and names tell: then the fork is not where it is
 * said to be. Tools that a model asked for in one go may come in another order.
 */
function otherCall(
  asks: readonly string[],
  { calls }: Recording,
  from: number,
): { readonly step: number; readonly what: string } | undefined {
  const expected = inBlocks(calls.slice(0, from - 1).map((call) => nameOf(call.kind, call.request)))
  const open = [...expected]
  for (const [index, name] of inBlocks(asks).entries()) {
    const at = open.indexOf(name)
    if (at === -1)
      return { step: index + 1, what: `It is ${asks[index] ?? 'a call'}, which is not recorded there.` }
    open.splice(at, 1)
  }
  return undefined
}

/** Names of calls, each with the number of model calls up to it. */
function inBlocks(names: readonly string[]): readonly string[] {
  let models = 0
  return names.map((name) => {
    if (name === 'llm') models++
    return `${models} ${name}`
  })
}

/**
 * A recording that tells what people were asked from the fork on, where it is not known: what the model had said just
 * before. An answer must not be given to what an edit made of the question.
 */
function withQuestions(recording: Recording, from: number): Recording {
  const { calls } = recording
  const told = calls.map((call, index): Call => {
    if (index + 1 < from || call.kind !== 'human' || call.request.question !== undefined) return call
    const question = saidBefore(calls[index - 1])
    return question === undefined ? call : { ...call, request: { ...call.request, question } }
  })
  return { ...recording, calls: told }
}

function saidBefore(call: Call | undefined): string | undefined {
  if (call?.kind !== 'llm' || call.by !== undefined) return undefined
  const { message } = call.reply
  return toolCallsOf(message).length > 0 ? undefined : textOf(message)
}
