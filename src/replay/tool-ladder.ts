import type { CallOf, Provenance, ToolReply, ToolRequest } from '../schema/call.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { NormalizerName, Normalizers } from '../schema/normalizers.ts'
import type { Recording } from '../schema/recording.ts'
import { type Bindings, createBindings, type Pair } from './bindings.ts'
import { type Normalized, normalizeArguments } from './normalize.ts'
import { createState } from './state.ts'
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
}

export function toolLadder(
  recording: Pick<Recording, 'calls'> & { readonly trace?: string },
  { known, normalizers, pool = [], strict = false }: LadderSettings,
  bindings: Bindings = createBindings(),
): ToolLadder {
  const state = createState(known)
  const own: Source = { tape: toolTape(recording, known, normalizers), bindings }
  // Ids that are new in every run are others in every recording.
  const others = pool.map((other): Source => {
    return { tape: toolTape(other, known, normalizers), bindings: createBindings() }
  })

  function climb({ tape, bindings }: Source, step: number, request: ToolRequest): Rung | undefined {
    const { effect } = known(request.name)
    const said = bindings.toRecorded(request.arguments)
    const key = toolKey(request)
    const digest = state.digestOf(request.name, said)
    const sameState = (taped: TapedCall): boolean => effect === 'pure' || taped.state === digest
    const isFree = (taped: TapedCall): boolean => taped.takenBy === undefined

    const exact = tape.exactly(key).find((taped) => isFree(taped) && sameState(taped))
    if (exact !== undefined) return serve(exact, 'exact', [])

    const live = normalizeArguments(request.name, said, tape.schemaOf(request.name), normalizers)
    const alike = tape
      .normally(normalKey(request, live))
      .map((taped) => ({ taped, pairs: pairsOf(taped.normalized, live, bindings) }))
      .filter(({ pairs }) => bindings.fits(pairs))
    const normal = alike.find(({ taped }) => isFree(taped) && sameState(taped))
    if (normal !== undefined) return serve(normal.taped, 'normalized', normal.pairs)

    if (effect !== 'read' && effect !== 'pure') return undefined
    const again = alike.findLast(({ taped }) => !isFree(taped) && sameState(taped))
    if (again !== undefined) return serve(again.taped, 'repeat-read', again.pairs)

    if (strict) return undefined
    const stale = alike.find(({ taped }) => isFree(taped)) ?? alike.at(-1)
    return stale === undefined ? undefined : serve(stale.taped, 'stale-state', stale.pairs)

    function serve(taped: TapedCall, served: Provenance, pairs: readonly Pair[]): Rung {
      taped.takenBy ??= step
      bindings.bind(pairs)
      const { call, index, normalized } = taped
      const reply = bindings.toLive(call.reply)
      state.answered(request.name, said, normalKey(call.request, normalized), reply.isError)
      const found = { call: reply === call.reply ? call : { ...call, reply }, step: index + 1, served }
      if (taped.key === key) return found
      const bound = said === request.arguments ? [] : (['volatile'] as const)
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
    answered(request, { isError }) {
      if (known(request.name).effect !== 'write') return
      const said = bindings.toRecorded(request.arguments)
      const live = normalizeArguments(request.name, said, own.tape.schemaOf(request.name), normalizers)
      state.answered(request.name, said, normalKey(request, live), isError)
    },
  }
}

interface Source {
  readonly tape: ToolTape
  readonly bindings: Bindings
}

/** Values that are new in every run, side by side. */
function pairsOf(recorded: Normalized, live: Normalized, bindings: Bindings): readonly Pair[] {
  return recorded.volatile.flatMap(({ path, value }, at) => {
    const ours = live.volatile[at]
    return ours?.path === path ? [{ recorded: value, live: bindings.toLive(ours.value) }] : []
  })
}
