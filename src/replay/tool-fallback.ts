import { jsonCopy } from '../lib/json.ts'
import { thrownAs } from '../lib/thrown.ts'
import type { ToolReply, ToolRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTool } from '../schema/known-tools.ts'
import type { ReplayPolicy } from '../schema/replay-policy.ts'
import type { Rung } from './tool-ladder.ts'

/** Makes up a tool's result: what the user wrote to stand in for it. */
export type Simulated = (given: Json) => unknown

/** How a call is answered that the recording itself has no answer to. */
export type Fallback =
  | { readonly how: 'pure-live' | 'live' | 'simulated'; readonly run: () => Promise<ToolReply> }
  | { readonly how: 'pooled'; readonly found: Rung }
  | { readonly how: 'tool-error' }
  | { readonly how: 'abort' }

export interface Fallbacks {
  readonly policy: ReplayPolicy
  /** Runs the tool itself, where it can be reached. */
  readonly run?: (() => Promise<ToolReply>) | undefined
  readonly simulate?: Readonly<Record<string, Simulated>> | undefined
  readonly pooled: () => Rung | undefined
}

/**
 * The rungs below the recording, in their order: a pure tool is run; other recordings of the case are asked; then what
 * the policy lets this tool do. Never live or simulated for one that writes, or may.
 */
export function fallbackFor(
  { effect, from }: KnownTool,
  { name, arguments: given }: ToolRequest,
  { policy, run, simulate = {}, pooled }: Fallbacks,
): Fallback {
  if (effect === 'pure' && run !== undefined) return { how: 'pure-live', run }
  const found = pooled()
  if (found !== undefined) return { how: 'pooled', found }
  const writes = effect === 'write' || effect === 'external'
  const asked = Object.hasOwn(policy.tools, name) ? (policy.tools[name] ?? policy.onMiss) : policy.onMiss
  const simulated = Object.hasOwn(simulate, name) ? simulate[name] : undefined
  if (simulated !== undefined && !writes) return { how: 'simulated', run: () => madeUp(simulated, given) }
  // A name may be wrong about what a tool does to the world: it is not run on the word of its name.
  const mayRun = !writes && from !== 'name'
  if (asked === 'live') return run === undefined || !mayRun ? { how: 'abort' } : { how: 'live', run }
  return { how: asked }
}

/** What an agent is told of a call that is not in its recording, where the policy lets it go on. */
export function unservedReply({ name }: ToolRequest): ToolReply {
  return {
    response: { error: `evalkit: this call of ${name} is not in the recording. It was not made.` },
    isError: true,
  }
}

async function madeUp(simulated: Simulated, given: Json): Promise<ToolReply> {
  try {
    const response = await simulated(given)
    return { response: response === undefined ? null : (jsonCopy(response) as Json), isError: false }
  } catch (error) {
    return { response: { thrown: thrownAs(error) }, isError: true }
  }
}
