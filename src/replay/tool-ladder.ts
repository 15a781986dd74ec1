import { defined } from '../lib/defined.ts'
import { type Difference, jsonDifferences } from '../lib/json-diff.ts'
import type { CallOf, Provenance, ToolReply, ToolRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { NormalizerName, Normalizers } from '../schema/normalizers.ts'
import type { Recording } from '../schema/recording.ts'
import { type Bindings, createBindings, type Pair } from './bindings.ts'
import type { Normalized } from './normalize.ts'
import { createState, type State } from './state.ts'
import { normalKey, type TapedCall, toolKey, type ToolTape, toolTape } from './tool-tape.ts'

/** How recorded tool calls are looked for. */
export interface LadderSettings {
  readonly known: KnownTools
  readonly normalizers: Normalizers
  /** Other recordings of the case, asked where its own has nothing: pooled mode. */
  readonly pool?: readonly Recording[] | undefined
  /** Without the rungs that may serve what is no longer true. */
  readonly strict?: boolean | undefined
}

/** A recorded reply, and how it was found. */
export interface Rung {
  /** The recorded call; in its reply, ids that are new in every run are those of this run. */
  readonly call: CallOf<'tool'>
  /** Its step in its recording, from 1. */
  readonly step: number
  readonly served: Provenance
  /** The trace it is from, where that is not the recording that is replayed. */
  readonly from?: string
  /** What had to be done to the arguments, where they are not the recorded ones as they stand. */
  readonly normalizers?: readonly NormalizerName[]
}

/**
 * Finds recorded tool results, from the first rung that applies: `exact`, `normalized`, `repeat-read`, `stale-state`,
 * then the same over the pool. Results that are computed (`pure-live`) come before the pool, and are the player's.
 */
export interface ToolLadder {
  readonly tape: ToolTape
  /** From the recording itself. */
  own(step: number, request: ToolRequest): Rung | undefined
  /** From another recording of the case, made with the same version of the tool. */
  pooled(step: number, request: ToolRequest): Rung | undefined
  /** The call was answered from elsewhere: what it wrote counts from now on, as what is served does by itself. */
  answered(request: ToolRequest, reply: ToolReply): void
  /** The recorded calls of the same tool, with how their arguments differ as they are compared. */
  near(request: ToolRequest): readonly NearTaped[]
}

export interface NearTaped {
  readonly taped: TapedCall
  readonly differences: readonly Difference[]
}

export function toolLadder(
  recording: Pick<Recording, 'calls'> & { readonly trace?: string },
  { known, normalizers, pool = [], strict = false }: LadderSettings,
  bindings: Bindings = createBindings(),
): ToolLadder {
  const sourceOf = (from: typeof recording, bound: Bindings): Source => ({
    tape: toolTape(from, known, normalizers),
    bindings: bound,
    state: createState(known),
  })
  const own = sourceOf(recording, bindings)
  const others = pool.map((other) => sourceOf(other, createBindings()))

  /** The call was answered, from `by` or from elsewhere: what it wrote is noted in the words of every recording. */
  function wrote(request: ToolRequest, isError: boolean, by?: Source): void {
    const { name, arguments: given } = request
    if (isError || known(name).effect !== 'write') return
    for (const source of [own, ...others]) {
      if (source === by) continue
      const said = inWordsOf(source, name, given)
      source.state.answered(name, said.value, normalKey(request, said), false)
    }
  }

  function climb(source: Source, step: number, request: ToolRequest): Rung | undefined {
    const { tape, state } = source
    const { name } = request
    const { effect } = known(name)
    const said = source.bindings.toRecorded(request.arguments)
    const isVerbatim = said === request.arguments
    const live = tape.normalize(name, said)
    // What stands for a recorded value in this run is that value as the agent has it, not as the recording does.
    const ours = isVerbatim || live.volatile.length === 0 ? live : tape.normalize(name, request.arguments)
    const key = toolKey({ ...request, arguments: said })
    const digest = state.digestOf(name, live.value)
    const sameState = (taped: TapedCall): boolean => effect === 'pure' || taped.state === digest
    const isFree = (taped: TapedCall): boolean => taped.takenBy === undefined

    const alike = tape
      .normally(normalKey(request, live))
      .map((taped) => ({ taped, pairs: pairsOf(taped.normalized, ours) }))
      .filter(({ pairs }) => source.bindings.fits(pairs))
    const free = alike.filter(({ taped }) => isFree(taped) && sameState(taped))
    const exact = isVerbatim ? free.find(({ taped }) => taped.key === key) : undefined
    if (exact !== undefined) return serve(exact, 'exact')
    const [normal] = free
    if (normal !== undefined) return serve(normal, 'normalized')

    if (effect !== 'read' && effect !== 'pure') return undefined
    const again = alike.findLast(({ taped }) => !isFree(taped) && sameState(taped))
    if (again !== undefined) return serve(again, 'repeat-read')

    if (strict) return undefined
    const unlent = alike.filter(({ taped }) => isFree(taped) && taped.lentTo === undefined)
    const stale = unlent[0] ?? alike.at(-1)
    return stale === undefined ? undefined : serve(stale, 'stale-state')

    function serve({ taped, pairs }: Alike, served: Provenance): Rung {
      if (served === 'stale-state') taped.lentTo ??= step
      else taped.takenBy ??= step
      source.bindings.bind(pairs)
      const { call, index, normalized } = taped
      const reply = source.bindings.toLive(call.reply)
      // As the recording says it: the values that were bound just now may be what was written to.
      state.answered(name, normalized.value, normalKey(call.request, normalized), reply.isError)
      wrote(request, reply.isError, source)
      const found = { call: reply === call.reply ? call : { ...call, reply }, step: index + 1, served }
      if (isVerbatim && taped.key === key) return found
      const bound = isVerbatim ? [] : (['volatile'] as const)
      return { ...found, normalizers: [...new Set([...normalized.fired, ...live.fired, ...bound])] }
    }
  }

  return {
    tape: own.tape,
    own: (step, request) => climb(own, step, request),
    pooled(step, request) {
      const version = own.tape.versionOf(request.name)
      for (const other of others) {
        const theirs = other.tape.versionOf(request.name)
        if (version !== undefined && theirs !== undefined && version !== theirs) continue
        const found = climb(other, step, request)
        if (found === undefined) continue
        const served = found.served === 'stale-state' ? found.served : 'pooled'
        return { ...found, served, from: other.tape.trace }
      }
      return undefined
    },
    answered: (request, { isError }) => wrote(request, isError),
    near({ name, arguments: given }) {
      const live = inWordsOf(own, name, given)
      const ours = own.tape.normalize(name, given)
      return own.tape.of(name).map((taped) => {
        const { normalized } = taped
        const apart = jsonDifferences({ arguments: normalized.compared }, { arguments: live.compared })
        if (apart.length > 0) return { taped, differences: apart.map((one) => shown(one, normalized, ours)) }
        // The same but for what is new in every run: then it is not new, or stands for something else in this run.
        const unfit = pairsOf(normalized, ours).filter((pair) => !own.bindings.fits([pair]))
        const differences = unfit.map(({ path, recorded, live: got }) => {
          return { path, expected: own.bindings.toLive(recorded), got }
        })
        return { taped, differences }
      })
    },
  }
}

/** A recording that is asked, with what was bound to it and written since, in its own words. */
interface Source {
  readonly tape: ToolTape
  /** Ids that are new in every run are others in every recording. */
  readonly bindings: Bindings
  readonly state: State
}

interface Alike {
  readonly taped: TapedCall
  readonly pairs: readonly PairAt[]
}

interface PairAt extends Pair {
  readonly path: string
}

/** A difference with what stands there, where it was blanked: values of two kinds. */
function shown({ path, expected, got }: Difference, recorded: Normalized, live: Normalized): Difference {
  const at = (side: Normalized, value: unknown): unknown =>
    side.volatile.find((one) => one.path === path && value !== undefined)?.value ?? value
  return { path, ...defined({ expected: at(recorded, expected), got: at(live, got) }) }
}

function inWordsOf({ tape, bindings }: Source, name: string, given: Json): Normalized {
  return tape.normalize(name, bindings.toRecorded(given))
}

/** Values that are new in every run, side by side. */
function pairsOf(recorded: Normalized, live: Normalized): readonly PairAt[] {
  return recorded.volatile.flatMap(({ path, value }, at) => {
    const ours = live.volatile[at]
    return ours?.path === path ? [{ path, recorded: value, live: ours.value }] : []
  })
}
