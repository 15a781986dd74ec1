import { sha256 } from '../../lib/hash.ts'
import type { Json } from '../../schema/json.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import { baggageMember } from '../../tap/servers/asking.ts'
import type { Asking, RunEnd, Runs } from '../../tap/servers/runs.ts'
import { type Tap, TapAborted } from '../../tap/tap.ts'

/** What a server answers a trial with. */
export interface PlayedTrial {
  readonly tap: Tap
  readonly input: Json
  /** What MCP clients are shown. */
  readonly tools: readonly ToolDefinition[]
}

/** A trial that is under way. */
export interface TrialUnderWay {
  /** What a service is asked with, and hands on with all it asks: each of these headers names the trial. */
  readonly headers: Readonly<Record<string, string>>
  /** How the trial ended, in its program's words, where it said so. */
  end(): RunEnd | undefined
  /** The trial is over. `cutOff`: it was stopped, and what it began may still be asking. */
  over(how: { readonly cutOff: boolean }): void
}

/** The trials whose calls one server answers. */
export interface PlayedTrials {
  readonly runs: Runs
  begin(trial: PlayedTrial): TrialUnderWay
  /** Notes what nobody recorded and whose it was nobody can know: all trials under way are aborted. */
  readonly stray: (what: string) => void
}

export interface PlayedTrialsOptions {
  /** What ids of trials begin with: never used before, so that a call of an earlier process is not taken for one of this. */
  readonly prefix: string
  /** Whether a call must say which trial it is of. If not, one that does not is of the only one under way. */
  readonly named: boolean
}

/**
 * Tells the calls of trials apart: by the id in `x-evalkit-trace` or in W3C baggage, by the W3C trace id, or because only
 * one is under way. A call of no trial under way is refused. It aborts those that are: it may be theirs, and then what they
 * do without its answer says nothing of the agent. Not so where it is what a trial that was cut off had begun.
 */
export function playedTrials({ prefix, named }: PlayedTrialsOptions): PlayedTrials {
  const underWay = new Map<string, Begun>()
  /** Ids of trials that are over, and whether they were cut off. */
  const past = new Map<string, boolean>()
  let count = 0

  function stray(what: string): void {
    for (const { tap } of underWay.values()) noteStray(tap, what)
  }

  /** The trial a call is of, or why it is of none. */
  function find({ key, traceId }: Asking): Begun | string {
    const told = key === undefined ? undefined : underWay.get(key)
    if (told !== undefined) return told
    for (const trial of underWay.values()) if (trial.traceId === traceId) return trial
    if (past.has(key ?? '') || past.has(traceId ?? ''))
      return 'a call came with the id of a trial that is over'
    // A service may call its runs by names of its own.
    if (named) {
      return key === undefined
        ? 'a call came without the header x-evalkit-trace, and trials run beside each other'
        : 'a call came with the id of no trial'
    }
    const [only, another] = underWay.values()
    return only === undefined || another !== undefined ? 'a call came while no trial was under way' : only
  }

  function trialOf(asking: Asking): Begun | string {
    const found = find(asking)
    const isLeftover = past.get(asking.key ?? '') === true || past.get(asking.traceId ?? '') === true
    if (typeof found === 'string' && !isLeftover) stray(found)
    return found
  }

  const runs: Runs = {
    enter(asking) {
      const found = trialOf(asking)
      return { tap: typeof found === 'string' ? refusing(found) : found.tap, leave: () => undefined }
    },
    begin: () => undefined,
    end(asking, end) {
      const found = trialOf(asking)
      if (typeof found === 'string') return false
      found.end = end
      return true
    },
    input(asking) {
      const found = find(asking)
      return typeof found === 'string' ? undefined : found.input
    },
    tools(asking) {
      const found = find(asking)
      return typeof found === 'string' ? [] : found.tools
    },
  }

  return {
    runs,
    stray,
    begin(trial) {
      const key = `${prefix}-${++count}`
      const traceId = sha256(key).slice(0, 32)
      const begun: Begun = { ...trial, traceId, end: undefined }
      underWay.set(key, begun)
      return {
        headers: {
          'x-evalkit-trace': key,
          baggage: `${baggageMember}=${key}`,
          traceparent: `00-${traceId}-${traceId.slice(16)}-01`,
        },
        end: () => begun.end,
        over(how) {
          underWay.delete(key)
          for (const id of [key, traceId]) past.set(id, how.cutOff)
        },
      }
    },
  }
}

/** Somebody wants to reach what was not recorded: the trial of this tap cannot be trusted any more. */
export function noteStray(tap: Tap, what: string): void {
  try {
    tap.pass(what)
  } catch (error) {
    // The tap has noted it; whoever asked is told by the answer it gets.
    if (!TapAborted.is(error)) throw error
  }
}

interface Begun extends PlayedTrial {
  readonly traceId: string
  end: RunEnd | undefined
}

/** The tap of a call that is of no trial. */
function refusing(what: string): Tap {
  const refuse = (): never => {
    throw new TapAborted(`Refused: ${what}.`)
  }
  return {
    closed: true,
    handle: async () => refuse(),
    meet: () => ({ answer: Promise.reject(new TapAborted(`Refused: ${what}.`)) }),
    within: (_, body) => body(),
    pass: refuse,
  }
}
