import { defined } from '../lib/defined.ts'
import { thrownAs } from '../lib/thrown.ts'
import type { CallKind, CallOf, Provenance, ReplyOf, RequestOf, ToolReply } from '../schema/call.ts'
import type { ErrorCode } from '../schema/errors.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import type { Divergence, Fidelity } from '../schema/outcome.ts'
import type { Recording } from '../schema/recording.ts'
import { defaultReplayPolicy, type ReplayPolicy } from '../schema/replay-policy.ts'
import type { Mode } from '../schema/run.ts'
import type { Answered, SpanLog } from '../tap/span-log.ts'
import { type Crossing, type Tap, TapAborted } from '../tap/tap.ts'
import { createCounts } from './counts.ts'
import { httpPlayer } from './http-player.ts'
import type { Injection, Injector } from './injection.ts'
import type { LiveAnswer, LiveModels } from './live/live-models.ts'
import { type Found, type Match, type Matcher, matcher, type MatchSettings } from './match.ts'
import { missAt } from './miss.ts'
import type { Taken, Ways } from './taken.ts'
import { type Fallback, fallbackFor, type Simulated, unservedReply } from './tool-fallback.ts'
import { createUntapped } from './untapped-results.ts'
import { outsideWorld } from './world/world.ts'

/** What a player may do beside serving its recording. */
export interface PlayerSettings extends Omit<MatchSettings, 'asksAnew'> {
  /** Makes of a live request what its recording would hold. Default: nothing is changed. */
  readonly redact?: (<T>(asked: T) => T) | undefined
  /** Where replies come from. Default: all from the recording. */
  readonly mode?: Pick<Mode, 'llm' | 'tools'> | undefined
  /** The models, where they are live. */
  readonly models?: LiveModels | undefined
  /** The step from which models are live: before it they answer from the recording. Default: 1. */
  readonly liveFrom?: number | undefined
  readonly trial?: number | undefined
  readonly policy?: ReplayPolicy | undefined
  readonly simulate?: Readonly<Record<string, Simulated>> | undefined
  readonly inject?: Injector | undefined
  /** Around what takes real time: no time of the agent passes in it. */
  readonly hold?: (() => () => void) | undefined
}

/** A tap that answers from one recording, and knows afterwards how far the run rested on it. */
export interface Player {
  readonly tap: Tap
  /** The first call that could not be served, if it ended the trial. */
  aborted(): Divergence | undefined
  /** What kind of end that was: a miss, where nothing else is known. */
  abortCode(): ErrorCode
  /** Calls that could not be served, and did not end the trial. */
  missed(): readonly Divergence[]
  /** Notes a call that never reached the tap, and so could not be served: it ends the trial like any miss. */
  stray(what: string, code?: ErrorCode): void
  /** The trial is over: an agent that goes on is answered nothing more, and no count changes. */
  close(): void
  fidelity(): Fidelity
  /** Recorded calls nobody asked for, by their step in the recording. */
  unused: Matcher['unused']
}

/**
 * A player of one recording for one trial. A call it cannot serve ends the trial: the agent gets a `TapAborted`,
 * every later call too, and `aborted()` tells what happened even if the agent swallows it. Nothing ever goes live that
 * the settings do not let.
 */
export function createPlayer(
  recording: Recording | undefined,
  log: SpanLog,
  settings: PlayerSettings = {},
): Player {
  const {
    redact = (asked) => asked,
    mode = { llm: 'recorded', tools: 'recorded' },
    known = knownTools(),
    policy = defaultReplayPolicy,
    liveFrom = 1,
    hold = () => () => undefined,
  } = settings
  const asksAnew = mode.llm !== 'recorded'
  const match = matcher(recording ?? { calls: [] }, { strict: policy.strict, ...settings, known, asksAnew })
  const counts = createCounts(mode)
  const untapped = createUntapped()
  const times = new Map<string, number>()
  const missed: Divergence[] = []
  let step = 0
  let aborted: Divergence | undefined
  let abortCode: ErrorCode = 'EVK_FIXTURE_MISS'
  let closed = false

  function abort(divergence: Divergence, code: ErrorCode = 'EVK_FIXTURE_MISS'): TapAborted {
    if (aborted === undefined) {
      aborted = divergence
      abortCode = code
    }
    return new TapAborted(divergence.what)
  }

  function assertOpen(): void {
    if (aborted !== undefined) throw new TapAborted(aborted.what)
    if (closed) throw new TapAborted('The trial is over.')
  }

  function stray(what: string, code?: ErrorCode): void {
    if (aborted !== undefined || closed) return
    step++
    counts.missed(step)
    abort({ step, kind: 'miss', what: `At step ${step} ${what}.`, differences: [] }, code)
  }

  /** The call that answers a live one: counted and noted. What can be decided at once is, in the order of calls. */
  async function take<K extends CallKind>(kind: K, asked: RequestOf<K>, ways: Ways): Promise<Taken<K>> {
    assertOpen()
    step++
    const at = step
    // A recording holds no secrets: what the agent asks is compared as it would have been recorded.
    const request = redact(asked)
    const done = log.start(kind, request, ways.by)
    let put: { readonly [name: string]: Json } = {}
    const ended = (taken: Taken<K>, found?: Found<CallKind>): Taken<K> => {
      counts.count(at, kind, taken.how)
      const { attempts, reply, startedAt, durationMs } = taken.call as CallOf<'llm'>
      const changed = taken.call.request === request ? undefined : taken.call.request
      const attributes = { ...(found === undefined ? {} : servedFrom(found)), ...put }
      done({
        reply,
        served: taken.how,
        ...(isFromWorld(taken.how) ? defined({ request: changed }) : {}),
        ...defined({ attempts, startedAt, durationMs }),
        ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      } as Answered<K>)
      untapped.answered(taken.call)
      return taken
    }
    /** What is put in is an error: the call counts, and had no reply. */
    const threw = (error: unknown): void => {
      counts.count(at, kind, 'injected')
      const { name, message } = thrownAs(error)
      done({ threw: { type: name, message }, served: 'injected' })
    }
    const fail = (divergence: Divergence, code?: ErrorCode): never => {
      counts.missed(at)
      const thrown = abort(divergence, code)
      done({ missed: thrown.message })
      throw thrown
    }

    const ranFor = untapped.resultIn(kind, request)
    if (ranFor !== undefined) fail(untappedAt(at, ranFor), 'EVK_TOOL_UNTAPPED')
    const injection = injected(kind, request, at, ways)
    put = injection?.what === undefined ? {} : { 'evalkit.injected': injection.what }
    if (injection !== undefined && injection.reply !== undefined && typeof injection.reply !== 'function') {
      const { reply, attempts } = injection
      if (kind === 'tool') match.answered(request as RequestOf<'tool'>, reply as ToolReply)
      const call = { kind, request, reply, ...defined({ attempts }) } as unknown as CallOf<K>
      await inTime(injection, threw)
      return ended({ call, how: 'injected' })
    }
    if (kind === 'llm' && isLive('llm', at) && ways.live !== undefined) {
      const { live } = ways
      const taken = await asking(kind, live, (error) => {
        // Who gave up is the agent: it may know what to do next.
        if (ways.signal?.aborted === true && !EvalkitError.is(error)) throw error
        return fail(downAt(at, error), codeOf(error))
      })
      return ended({ ...taken, injection })
    }
    if (kind === 'tool' && isLive('tool', at) && ways.run !== undefined) {
      return ended(await running(request as RequestOf<'tool'>, ways.run, 'live'))
    }

    const found = find(match, kind, at, request, ways)
    if (!('miss' in found)) {
      const { call } = found
      const how = asSureAs(call, found.served)
      const taken = injection === undefined ? { call, how } : changed(call, injection)
      if (injection !== undefined) await inTime(injection, threw)
      return ended(taken, found as unknown as Found<CallKind>)
    }
    const { miss } = found
    if (kind === 'tool') {
      const asked = request as RequestOf<'tool'>
      const fallback = fallbackFor(known(asked.name), asked, {
        policy,
        ...defined({ run: ways.run, simulate: settings.simulate }),
        pooled: () => (mode.tools === 'pooled' ? match.pooled(at, asked) : undefined),
      })
      const taken = await fallen(fallback, asked)
      if (taken !== undefined) return ended(taken.taken, taken.found)
    }
    return fail(missAt(at, miss, recording))

    /** What answers a tool call that the recording itself does not hold. */
    async function fallen(
      fallback: Fallback,
      asked: RequestOf<'tool'>,
    ): Promise<{ taken: Taken<K>; found?: Found<CallKind> } | undefined> {
      switch (fallback.how) {
        case 'pooled': {
          const { found } = fallback
          return { taken: { call: found.call as CallOf<K>, how: found.served }, found }
        }
        case 'pure-live':
        case 'live':
        case 'simulated':
          return { taken: await running(asked, fallback.run, fallback.how) }
        case 'tool-error': {
          missed.push(missAt(at, miss, recording))
          const call = { kind, request, reply: unservedReply(asked) } as unknown as CallOf<K>
          return { taken: { call, how: 'miss' } }
        }
        case 'abort':
          return undefined
      }
    }
  }

  function isLive(kind: 'llm' | 'tool', at: number): boolean {
    return kind === 'llm'
      ? mode.llm !== 'recorded' && at >= liveFrom
      : mode.tools === 'live' && at >= liveFrom
  }

  function injected<K extends CallKind>(
    kind: K,
    request: RequestOf<K>,
    at: number,
    { by, overHttp }: Ways,
  ): Injection<K> | undefined {
    const name = 'name' in request ? `${kind} ${request.name}` : kind
    const nth = by === undefined ? (times.get(name) ?? 0) + 1 : 0
    if (nth > 0) times.set(name, nth)
    return settings.inject?.({
      kind,
      request,
      step: at,
      nth,
      ...defined({ by }),
      overHttp: overHttp === true,
    })
  }

  /** What is put in may take its time; what happened meanwhile counts. */
  async function inTime({ first }: Pick<Injection, 'first'>, threw: (error: unknown) => void): Promise<void> {
    if (first === undefined) return
    try {
      await first()
    } catch (error) {
      if (aborted === undefined && !closed) threw(error)
      throw error
    }
    assertOpen()
  }

  /** A tool that runs now, or is made up: in real time, and what it writes counts. */
  async function running<K extends CallKind>(
    request: RequestOf<'tool'>,
    run: () => Promise<ToolReply>,
    how: Provenance,
  ): Promise<Taken<K>> {
    const release = hold()
    // What stands in for a tool is the user's, and no part of the agent.
    const reply = await (how === 'simulated' ? outsideWorld(run) : run()).finally(release)
    assertOpen()
    match.answered(request, reply)
    return { call: { kind: 'tool', request, reply } as unknown as CallOf<K>, how }
  }

  async function asking<K extends CallKind>(
    kind: K,
    live: () => Promise<LiveAnswer>,
    fail: (error: unknown) => never,
  ): Promise<Taken<K>> {
    const release = hold()
    const answer = await outsideWorld(live).catch(fail).finally(release)
    assertOpen()
    const { reply, attempts, served, request } = answer
    // What a provider says now was retried where it could be: only the end of it is the agent's to see, and to replay.
    const last = attempts.at(-1)
    const call = { kind, request, reply, ...(last === undefined ? {} : { attempts: [last] }) }
    return { call: redact(call) as unknown as CallOf<K>, how: served }
  }

  const http = httpPlayer({
    take,
    stray: (what) => tap.pass(what),
    trial: settings.trial ?? 0,
    ...defined({ models: mode.llm === 'recorded' ? undefined : settings.models }),
  })
  const tap: Tap = {
    closed: true,
    async handle<K extends CallKind>(
      kind: K,
      request: RequestOf<K>,
      { wire, by, live }: Crossing<K>,
    ): Promise<ReplyOf<K>> {
      const { models, trial = 0 } = settings
      const ways: Ways = {
        ...defined({ wire, by }),
        ...(kind === 'tool' ? defined({ run: live as Ways['run'] }) : {}),
        ...(kind === 'llm' && models !== undefined && wire !== undefined
          ? { live: () => models.ask(request as RequestOf<'llm'>, wire, { trial, ...defined({ by }) }) }
          : {}),
      }
      return (await take(kind, request, ways)).call.reply as ReplyOf<K>
    },
    meet: (sent) => ({ answer: http(sent) }),
    // Parts of an agent are noted; what is served is calls.
    within: (part, body) => log.within(part, body),
    plan: (steps) => log.planned(steps),
    pass(what) {
      assertOpen()
      stray(what)
      assertOpen()
    },
  }

  return {
    tap,
    stray,
    close() {
      closed = true
    },
    aborted: () => aborted,
    abortCode: () => abortCode,
    missed: () => missed,
    fidelity: () => counts.fidelity(step),
    unused: () => match.unused(),
  }
}

/** A reply that was recorded in a replay is no surer than it was there. */
function asSureAs(call: CallOf<CallKind>, found: Provenance): Provenance {
  return call.kind === 'tool' && found !== 'stale-state' ? (call.served ?? found) : found
}

function isFromWorld(how: Provenance): boolean {
  return how === 'live' || how === 'cached'
}

function find<K extends CallKind>(
  match: Matcher,
  kind: K,
  step: number,
  request: RequestOf<K>,
  { wire, by }: Ways,
): Match<K> {
  const answer = {
    custom: () => match.custom(step, request as RequestOf<'custom'>),
    llm: () => match.llm(step, request as RequestOf<'llm'>, wire, by),
    tool: () => match.tool(step, request as RequestOf<'tool'>),
    human: () => match.human(step, request as RequestOf<'human'>),
  }[kind]
  return answer() as Match<K>
}

/** A recorded call with what is put in. */
function changed<K extends CallKind>(recorded: CallOf<K>, injection: Injection<K>): Taken<K> {
  const { reply, attempts } = injection
  if (typeof reply !== 'function') return { call: recorded, how: 'injected', injection }
  const { attempts: _, ...rest } = recorded as CallOf<'llm'>
  const call = { ...rest, reply: reply(recorded), ...defined({ attempts }) } as unknown as CallOf<K>
  return { call, how: 'injected', injection }
}

/** Where a reply is from, where that is not plain: for who looks at the trace. */
function servedFrom({ served, step, from, normalizers }: Found<CallKind>): { readonly [name: string]: Json } {
  if (served === 'exact') return {}
  return {
    'evalkit.served.step': step,
    ...(from === undefined ? {} : { 'evalkit.served.trace': from }),
    ...(normalizers === undefined ? {} : { 'evalkit.served.normalizers': normalizers }),
  }
}

function untappedAt(step: number, name: string): Divergence {
  const what = `At step ${step} the model is shown a result of tool ${name} that no tap served: the tool ran for real.`
  return { step, kind: 'miss', what, differences: [] }
}

function downAt(step: number, error: unknown): Divergence {
  const why = error instanceof Error ? error.message : String(error)
  return { step, kind: 'miss', what: `At step ${step} the model could not be asked: ${why}`, differences: [] }
}

function codeOf(error: unknown): ErrorCode {
  return EvalkitError.is(error) ? error.code : 'EVK_LIVE_FAILED'
}
