import { canonicalJson } from '../../lib/json.ts'
import type { Attempt } from '../../schema/attempt.ts'
import type { CallKind, CallOf, ToolReply } from '../../schema/call.ts'
import type { FaultPlace, InjectedFault } from '../../schema/fault.ts'
import type { Recording } from '../../schema/recording.ts'
import type { Asked, Injection, Injector, Try, Whole } from '../injection.ts'
import { placeOf } from './calls.ts'
import type { ToolShape } from './fault.ts'
import { type FaultRule, type Schedule, writeFault, writeRule } from './schedule.ts'
import { shapeOf } from './tool-reply.ts'

/** Puts the faults of a schedule into one trial, and knows afterwards what happened. */
export interface FaultInjector {
  readonly inject: Injector
  /** What happened so far, in the order of the calls. */
  injected(): readonly InjectedFault[]
  /** Whether a call was met whose reply cannot have the fault: text is no JSON that could be malformed. */
  spared(): boolean
  /** Rejects, with what the agent did, once it asks again without end. */
  readonly endless: Promise<never>
}

export interface FaultSettings {
  /** Faults the same request may meet before its agent is said to try without end. */
  readonly mostAlike?: number
  /** Faults of a whole trial, for who never asks the same twice. */
  readonly most?: number
}

/**
 * An injector for one trial. Over HTTP faults are tries that stand before the recorded ones, so that a client's own
 * retries meet them and get past; a tool that fails leaves its recorded reply on the tape, for who calls it again.
 */
export function faultInjector(
  { rules }: Schedule,
  recording: Pick<Recording, 'calls'> | undefined,
  { mostAlike = 25, most = 1000 }: FaultSettings = {},
): FaultInjector {
  const log: Noted[] = []
  const alike = new Map<string, number>()
  const shapes = shapesIn(recording)
  let calls = 0
  let all = 0
  let spared = false
  let giveUp: (error: Error) => void = () => undefined
  const endless = new Promise<never>((_, reject) => (giveUp = reject))
  // Whoever plays the trial may be done before.
  endless.catch(() => undefined)

  /** Counts a fault; one too many never comes back, because an agent that asks without end would not notice an error. */
  async function met(key: string, what: string): Promise<void> {
    const times = (alike.get(key) ?? 0) + 1
    alike.set(key, times)
    all++
    if (times <= mostAlike && all <= most) return
    const count = times > mostAlike ? `${what} was tried ${times} times` : `it met ${all} faults`
    giveUp(new Error(`it does not give up: ${count}, and failed each time`))
    await new Promise(() => undefined)
  }

  function note(
    { step, nth }: Pick<Asked, 'step' | 'nth'>,
    place: FaultPlace,
    name: string,
    rule: FaultRule,
    key: string | null,
  ): Noted {
    const found = log.find((one) => one.step === step && one.rule === rule)
    if (found !== undefined) {
      found.times++
      found.keys.push(key)
      return found
    }
    const { fault, argument } = rule
    const recovered = fault.delivers === true
    const noted = {
      step,
      place,
      name,
      nth,
      rule,
      times: 1,
      done: fault.done(argument),
      recovered,
      keys: [key],
    }
    log.push(noted)
    return noted
  }

  function overHttp<K extends CallKind>(
    asked: Asked<K>,
    place: FaultPlace,
    fitting: readonly FaultRule[],
  ): Injection<K> | undefined {
    const { request, step } = asked
    const name = 'url' in request ? `${request.method} ${request.url}` : place
    const key = `${place} ${canonicalJson(request)}`
    const tries = fitting.flatMap((rule): readonly Try[] => {
      const { fault, argument, times } = rule
      const one = async (whole: Whole): Promise<Attempt> => {
        // What cannot happen to this reply has not happened.
        const attempt = fault.try?.(whole, argument)
        if (attempt === undefined) {
          spared = true
          return whole.attempt
        }
        note(asked, place, name, rule, whole.idempotencyKey ?? null)
        await met(key, place === 'model' ? 'a request to the model' : name)
        const ms = fault.takes?.(argument)
        if (ms !== undefined) await passed(ms, whole.signal)
        return attempt
      }
      return Array.from({ length: times === 'always' ? mostAlike + 1 : times }, () => one)
    })
    return {
      before: tries,
      what: fitting.map(writeRule),
      delivered(idempotencyKey) {
        for (const noted of log) {
          if (noted.step !== step) continue
          noted.recovered = true
          noted.keys.push(idempotencyKey ?? null)
        }
      },
    }
  }

  function ofTool(asked: Asked<'tool'>, rule: FaultRule): Injection<'tool'> {
    const { name } = asked.request
    const { fault, argument } = rule
    const key = `tool ${name} ${canonicalJson(asked.request.arguments)}`
    let happened = fault.changes === undefined
    const first = async (): Promise<void> => {
      if (!happened) return
      note(asked, 'tool', name, rule, null)
      // Timers get their turn, so that an agent that does nothing but try again can be stopped.
      await turnOfTimers()
      await met(key, `tool ${name}`)
      const ms = fault.takes?.(argument)
      if (ms !== undefined) await passed(ms, undefined)
    }
    const reply = fault.fails?.(shapes.get(name) ?? 'code', argument)
    const { changes } = fault
    return {
      first,
      what: [writeRule(rule)],
      ...(reply === undefined ? {} : { reply }),
      ...(changes === undefined
        ? {}
        : {
            reply(recorded: CallOf<'tool'>): ToolReply {
              const changed = changes(recorded.reply)
              happened = changed !== undefined
              spared ||= !happened
              return changed ?? recorded.reply
            },
          }),
    }
  }

  return {
    inject<K extends CallKind>(asked: Asked<K>): Injection<K> | undefined {
      const place = placeOf(asked.kind)
      // The model that plays the user is no part of the agent's world.
      if (place === undefined || asked.by !== undefined) return undefined
      calls++
      // A model that is asked past HTTP has no client whose retries could be met.
      if (place !== 'tool' && !asked.overHttp) return undefined
      const name = 'name' in asked.request ? asked.request.name : undefined
      const fitting = rules.filter((rule) =>
        fits(rule, place, name, rule.place === 'any' ? calls : asked.nth),
      )
      const [rule] = fitting
      if (rule === undefined) return undefined
      if (place !== 'tool') return overHttp(asked, place, fitting)
      return ofTool(asked as unknown as Asked<'tool'>, rule) as unknown as Injection<K>
    },
    injected: () =>
      log.map(({ rule, keys, ...noted }) => ({
        ...noted,
        fault: writeFault(rule),
        ...(noted.place === 'tool' ? {} : { keys: [...keys] }),
      })),
    spared: () => spared,
    endless,
  }
}

/** What is noted of a fault while its trial goes on. */
interface Noted extends Omit<InjectedFault, 'fault' | 'times' | 'recovered' | 'keys'> {
  readonly rule: FaultRule
  times: number
  recovered: boolean
  readonly keys: (string | null)[]
}

function fits(rule: FaultRule, place: FaultPlace, name: string | undefined, at: number): boolean {
  const { fault, nth = 1, times } = rule
  if (rule.place !== 'any' && rule.place !== place) return false
  if (rule.place === 'tool' && rule.name !== name) return false
  if (!fault.places.includes(place)) return false
  if (times === 'always') return at >= nth
  // Over HTTP the tries of one call are meant, of a tool its next calls.
  return place === 'tool' ? at >= nth && at < nth + times : at === nth
}

/** How each tool's recorded replies look. */
function shapesIn(recording: Pick<Recording, 'calls'> | undefined): ReadonlyMap<string, ToolShape> {
  const shapes = new Map<string, ToolShape>()
  for (const call of recording?.calls ?? []) {
    if (call.kind === 'tool' && shapes.get(call.request.name) !== 'mcp')
      shapes.set(call.request.name, shapeOf(call.reply))
  }
  return shapes
}

function turnOfTimers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Resolves after a time of the trial; rejects as soon as who waits gives up. */
function passed(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', gaveUp, { once: true })
    function done(): void {
      signal?.removeEventListener('abort', gaveUp)
      resolve()
    }
    function gaveUp(): void {
      clearTimeout(timer)
      reject(signal?.reason)
    }
  })
}
