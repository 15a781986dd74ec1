import type { CallKind, ReplyOf, RequestOf } from '../../schema/call.ts'
import { writtenAttempt, wholeOf } from '../answer.ts'
import { readCall, type Sent, type Watch } from '../sent.ts'
import { served } from '../serve.ts'
import { type Crossing, type Tap, TapAborted } from '../tap.ts'

/** What a tap was asked, and whether by a way it could read. */
export type Asked =
  | { readonly kind: CallKind; readonly request: RequestOf<CallKind> }
  | { readonly passed: string }

/** A tap that answers every call of a kind with one reply, refuses the others and every other way out. */
export function answering(replies: { [K in CallKind]?: ReplyOf<K> }, asked: Asked[] = []): Tap {
  const tap: Tap = {
    within: (_, body) => body(),
    meet: (sent) => ({ answer: answerTo(tap, sent) }),
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
  return tap
}

async function answerTo(tap: Tap, sent: Sent): Promise<Response> {
  sent.signal?.throwIfAborted()
  const read = readCall(await wholeOf(sent))
  if (read.kind === 'custom') {
    const what = read.unreadable ?? `${read.request.method} ${read.request.url}`
    tap.pass(what)
    throw new TapAborted(what)
  }
  const reply = await tap.handle('llm', read.request, { wire: read.wire })
  return served(writtenAttempt(reply, read), sent, { ranOut: (what) => tap.pass(what) })
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
    within: (_, body) => body(),
    meet(sent) {
      const bytes: Uint8Array[] = []
      const done = (how: unknown): void => {
        const body = Buffer.concat(bytes).toString()
        seen.push({ method: sent.method, url: sent.url.href, asked: sent.body ?? sent.unread, body, how })
      }
      const watch: Watch = {
        head: (status) => void seen.push({ status }),
        chunk: (piece) => void bytes.push(Buffer.from(piece)),
        end: (how) => done(how ?? 'end'),
        fail: (error) => done(error),
      }
      return { watch }
    },
    pass: (what) => void seen.push({ passed: what }),
  }
}
