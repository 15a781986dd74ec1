import type { CallKind, ReplyOf, RequestOf } from '../../schema/call.ts'
import { type Crossing, type Tap, TapAborted } from '../tap.ts'

/** What a tap was asked, and whether by a way it could read. */
export type Asked =
  | { readonly kind: CallKind; readonly request: RequestOf<CallKind> }
  | { readonly passed: string }

/** A tap that answers every call of a kind with one reply, refuses the others and every other way out. */
export function answering(replies: { [K in CallKind]?: ReplyOf<K> }, asked: Asked[] = []): Tap {
  return {
    async handle<K extends CallKind>(kind: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
      asked.push({ kind, request })
      const reply = replies[kind] as ReplyOf<K> | undefined
      if (reply === undefined) throw new TapAborted(`nobody answers ${kind}`)
      return reply
    },
    pass(what) {
      asked.push({ passed: what })
      throw new TapAborted(what)
    },
  }
}

/** A tap that only watches: every call goes to the world, and what came back is kept. */
export function watching(seen: unknown[] = []): Tap {
  return {
    async handle<K extends CallKind>(
      _: K,
      request: RequestOf<K>,
      crossing: Crossing<K>,
    ): Promise<ReplyOf<K>> {
      if (crossing.live === undefined) throw new TapAborted('no way')
      const reply = await crossing.live()
      seen.push({ request, reply })
      return reply
    },
    pass: (what) => void seen.push({ passed: what }),
  }
}
