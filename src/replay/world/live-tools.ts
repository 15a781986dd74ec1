import type { CallKind, ReplyOf, RequestOf } from '../../schema/call.ts'
import type { Crossing, Tap } from '../../tap/tap.ts'
import { outsideWorld } from './world.ts'

/** The same tap, but that the tools that may be asked live run in the real world: real time, and no guard. */
export function runningOutside(tap: Tap, isLive: (tool: string) => boolean): Tap {
  return {
    ...tap,
    handle<K extends CallKind>(kind: K, request: RequestOf<K>, crossing: Crossing<K>): Promise<ReplyOf<K>> {
      const { live } = crossing
      const { name = '' } = request as { readonly name?: string }
      if (live === undefined || kind !== 'tool' || !isLive(name)) return tap.handle(kind, request, crossing)
      return tap.handle(kind, request, { ...crossing, live: () => outsideWorld(live) })
    },
  }
}
