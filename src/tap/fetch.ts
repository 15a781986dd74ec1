import { readJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import { cross, currentTap, TapAborted } from './tap.ts'
import { wires } from './wire/index.ts'
import type { Wire } from './wire/wire.ts'

/**
 * A `fetch` for provider clients: `new OpenAI({ fetch })`, `new Anthropic({ fetch })`. In a replay, requests to a
 * known model endpoint are answered from the recording and nothing leaves the process; everything else, and
 * everything outside a replay, is the global `fetch`. A call that the recording does not hold gets a 400 that no
 * client retries, and the replay knows of it out of band. Streamed requests cannot be replayed yet: 400 as well.
 */
export const fetch: typeof globalThis.fetch = async (input, init) => {
  const request = currentTap() === undefined ? undefined : modelRequest(input, init)
  if (request === undefined) return globalThis.fetch(input, init)
  const { wire, body } = request
  try {
    if (body.stream === true)
      throw new TapAborted('streamed requests cannot be replayed yet: ask without "stream"')
    const asked = wire.readRequest(body)
    const reply = await cross('llm', asked, { wire })
    return Response.json(wire.writeReply(reply, asked), { headers: { 'request-id': 'recorded' } })
  } catch (error) {
    if (error instanceof TapAborted || error instanceof TypeError) return refusal(error.message)
    throw error
  }
}

function modelRequest(
  input: string | URL | Request,
  init: RequestInit | undefined,
): { wire: Wire; body: { readonly [key: string]: Json | undefined } } | undefined {
  const url = new URL(input instanceof Request ? input.url : input)
  const wire = Object.values(wires).find((known) => known.matches(url))
  if (wire === undefined || typeof init?.body !== 'string') return undefined
  const parsed = readJson(init.body)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return undefined
  return { wire, body: parsed.value as { [key: string]: Json } }
}

/** A 4xx with `x-should-retry: false`: both official SDKs pass it on at once instead of trying again. */
function refusal(message: string): Response {
  return Response.json(
    { error: { type: 'evalkit_replay', message } },
    { status: 400, headers: { 'x-should-retry': 'false' } },
  )
}
