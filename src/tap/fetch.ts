import { readJson } from '../lib/json.ts'
import type { LlmRequest } from '../schema/call.ts'
import { cross, currentTap, TapAborted } from './tap.ts'
import { wires } from './wire/index.ts'
import { isRecord } from './wire/text.ts'
import type { Wire } from './wire/wire.ts'

/**
 * A `fetch` for provider clients: `new OpenAI({ fetch })`, `new Anthropic({ fetch })`. In a replay, requests to a
 * known model endpoint are answered from the recording, and nothing leaves the process: a call that the recording
 * does not hold, a streamed one (they cannot be replayed yet), and anything that is no model request we can read get
 * a 400 that no client retries, and the replay knows of it out of band. Outside of a replay it is the global `fetch`.
 */
export const fetch: typeof globalThis.fetch = async (input, init) => {
  const tap = currentTap()
  if (tap === undefined) return globalThis.fetch(input, init)
  init?.signal?.throwIfAborted()
  try {
    const read = await readModelRequest(input, init)
    if ('unreadable' in read) {
      tap.pass(read.unreadable)
      return globalThis.fetch(input, read.body === undefined ? init : { ...init, body: read.body })
    }
    const { wire, request } = read
    const reply = await cross('llm', request, { wire })
    const headers = { 'request-id': 'recorded', 'x-request-id': 'recorded' }
    return Response.json(wire.writeReply(reply, request), { headers })
  } catch (error) {
    if (TapAborted.is(error)) return refusal(error.message)
    throw error
  }
}

type Read =
  | { readonly wire: Wire; readonly request: LlmRequest }
  /** Why it is no request we can read; its body where that had to be consumed to find out. */
  | { readonly unreadable: string; readonly body?: string }

async function readModelRequest(input: string | URL | Request, init: RequestInit | undefined): Promise<Read> {
  const address = input instanceof Request ? input.url : String(input)
  const url = URL.parse(address)
  const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase()
  const wire = url === null ? undefined : Object.values(wires).find((known) => known.matches(url))
  if (url === null || wire === undefined || method !== 'POST') {
    const asked = url === null ? 'no address' : `${url.origin}${url.pathname}`
    return {
      unreadable: `a request was made that is no model call we can read (${method} ${asked.slice(0, 200)})`,
    }
  }
  // Read at once where it can be: calls made together are then met in the order they were made.
  const body =
    typeof init?.body === 'string'
      ? init.body
      : await new Request(input instanceof Request ? input.clone() : input, init).text()
  const parsed = readJson(body)
  if (!parsed.ok || !isRecord(parsed.value))
    return { unreadable: `a request for ${wire.name} was made that is not JSON`, body }
  if (parsed.value.stream === true) {
    return {
      unreadable: 'a streamed request was made, which cannot be replayed yet: ask without "stream"',
      body,
    }
  }
  try {
    return { wire, request: wire.readRequest(parsed.value) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { unreadable: `a request for ${wire.name} was made that cannot be read (${error.message})`, body }
  }
}

/** A 4xx with `x-should-retry: false`: both official SDKs pass it on at once instead of trying again. */
function refusal(message: string): Response {
  return Response.json(
    { type: 'error', error: { type: 'evalkit_replay', message } },
    { status: 400, headers: { 'x-should-retry': 'false' } },
  )
}
