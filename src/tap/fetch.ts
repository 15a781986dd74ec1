import { currentTap, type Tap, TapAborted } from './tap.ts'
import type { Sent } from './sent.ts'
import { watchedResponse } from './watched-response.ts'

/**
 * A `fetch` for provider clients: `new OpenAI({ fetch })`, `new Anthropic({ fetch })`, and any client that takes one.
 * Where a run is recorded the request goes out unchanged, and what comes back is watched on its way to the agent.
 * In a replay requests are answered from the recording, and nothing leaves the process: what the recording does not
 * hold gets a 400 that no client retries, and the replay knows of it out of band. Elsewhere it is the global `fetch`.
 */
export const fetch: typeof globalThis.fetch = async (input, init) => {
  const tap = currentTap()
  if (tap === undefined) return realFetch()(input, init)
  return meetFetch(tap, realFetch(), input, init)
}

const behind = Symbol.for('evalkit.fetch.behind')

/** Marks a `fetch` of ours that stands in the place of the global one, with the real one behind it. */
export function standIn(
  ours: typeof globalThis.fetch,
  real: typeof globalThis.fetch,
): typeof globalThis.fetch {
  return Object.defineProperty(ours, behind, { value: real })
}

/** The global `fetch`, or what is behind it where it is one of ours: a request is met once. */
export function realFetch(): typeof globalThis.fetch {
  const { fetch: global } = globalThis
  return (global as { [behind]?: typeof globalThis.fetch })[behind] ?? global
}

/** One request of a `fetch` at a tap; `send` is the way out. */
export async function meetFetch(
  tap: Tap,
  send: typeof globalThis.fetch,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Response> {
  const url = URL.parse(input instanceof Request ? input.url : String(input))
  if (url === null) return unaddressed(tap, send, input, init)
  const sent = sentOf(input, init, url)
  const met = tap.meet(sent instanceof Promise ? await sent : sent)
  if ('answer' in met) return refusedAs400(() => met.answer)
  const { watch } = met
  try {
    return watchedResponse(await send(input, init), watch)
  } catch (error) {
    watch.fail(error)
    throw error
  }
}

/** A request without an address we can read: the real `fetch` says what is wrong, a replay lets nothing out. */
async function unaddressed(
  tap: Tap,
  send: typeof globalThis.fetch,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Response> {
  return refusedAs400(() => {
    tap.pass('a request was made that has no address')
    return send(input, init)
  })
}

async function refusedAs400(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (TapAborted.is(error)) return refusal(error.message)
    throw error
  }
}

/** What is sent, read without consuming it; at once where it can be, so that calls keep the order they were made in. */
function sentOf(
  input: string | URL | Request,
  init: RequestInit | undefined,
  url: URL,
): Sent | Promise<Sent> {
  const request = input instanceof Request ? input : undefined
  const signal = init?.signal ?? request?.signal
  const base = {
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    url,
    headers: new Headers(init?.headers ?? request?.headers),
    ...(signal === undefined ? {} : { signal }),
  }
  if (init?.body !== undefined && init.body !== null) return { ...base, ...bodyIn(init.body) }
  if (request === undefined || request.body === null) return base
  if (request.bodyUsed) return { ...base, unread: 'was read already' }
  return request
    .clone()
    .text()
    .then((body) => ({ ...base, body }))
}

function bodyIn(body: NonNullable<RequestInit['body']>): Pick<Sent, 'body' | 'unread' | 'consume'> {
  if (typeof body === 'string') return { body }
  if (body instanceof URLSearchParams) return { body: String(body) }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    try {
      return { body: new TextDecoder('utf-8', { fatal: true }).decode(body) }
    } catch {
      return { unread: 'is no text' }
    }
  }
  const consume = (): Promise<string> => new Response(body).text()
  if (body instanceof FormData || body instanceof Blob) return { unread: 'is a form or a file', consume }
  return { unread: 'is a stream', consume }
}

/** A 4xx with `x-should-retry: false`: both official SDKs pass it on at once instead of trying again. */
function refusal(message: string): Response {
  return Response.json(
    { type: 'error', error: { type: 'evalkit_replay', message } },
    { status: 400, headers: { 'x-should-retry': 'false' } },
  )
}
