import type { CallKind, ReplyOf, RequestOf, ToolReply, ToolRequest } from '../../schema/call.ts'
import { type Crossing, type Tap, TapAborted } from '../tap.ts'

/** A tap whose tool calls stand in another process's run. */
export interface ToolReports {
  readonly tap: Tap
  /** Resolves when all that was reported has arrived, or cannot. */
  settled(): Promise<void>
}

/**
 * Reports tool calls to the tool endpoint of a run that is being recorded (`EVALKIT_TOOL_URL`), where they belong beside
 * the model calls of the program that makes them. The calls are made whatever becomes of the report. Only tool calls are
 * taken.
 */
export function toolReports(url: string): ToolReports {
  const under = new Set<Promise<unknown>>()

  async function post(path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${url.replace(/\/$/, '')}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    return text === '' ? undefined : JSON.parse(text)
  }

  async function report({ name, arguments: given }: ToolRequest, live: Promise<ToolReply>): Promise<void> {
    const told = await post(encodeURIComponent(name), { arguments: given })
    const call = (told as { readonly call?: unknown } | undefined)?.call
    const reply = await live.catch((error: unknown) => ({ response: String(error), isError: true }))
    if (typeof call === 'string') await post(`calls/${encodeURIComponent(call)}`, reply)
  }

  const tap: Tap = {
    async handle<K extends CallKind>(
      kind: K,
      request: RequestOf<K>,
      { live }: Crossing<K>,
    ): Promise<ReplyOf<K>> {
      if (kind !== 'tool' || live === undefined) throw new TapAborted(`A ${kind} call is not reported.`)
      const reply = live()
      // Whoever listens there may be gone; the call is made all the same.
      const reported = report(request as ToolRequest, reply as Promise<ToolReply>).catch(() => undefined)
      under.add(reported)
      void reported.finally(() => under.delete(reported))
      return reply
    },
    meet: () => ({ answer: Promise.reject(new TapAborted('Only tool calls are reported.')) }),
    within: (_, body) => body(),
    pass: () => undefined,
  }
  return {
    tap,
    async settled() {
      while (under.size > 0) await Promise.all(under)
    },
  }
}
