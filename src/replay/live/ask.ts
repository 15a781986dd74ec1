import { oneLine } from '../../lib/text.ts'
import type { LlmReply, LlmRequest } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Brought } from '../../tap/read-attempt.ts'
import type { Sent } from '../../tap/sent.ts'
import type { WireName } from '../../tap/wire/index.ts'
import type { Wire } from '../../tap/wire/wire.ts'
import { addressIn, keyOf, type ModelAccess } from './access.ts'
import { type Asked, type Exchanged, type ExchangeDeps, isAnswer, sendLive } from './exchange.ts'
import { hideAll } from './credentials.ts'

/** Anthropic asks every request for a limit; this one every model of theirs takes. */
const anthropicMaxTokens = 4096

/** What only streamed requests may say. */
const ofStreams = new Set(['stream', 'stream_options'])

/**
 * The HTTP request for a model call that has none of its own: not streamed, with the key of the provider, or without
 * one where it is only looked for in a cache. Throws `EVK_KEY_MISSING`, and `EVK_USAGE` where the request names no
 * model.
 */
export function requestFor(
  request: LlmRequest,
  wire: Wire,
  access: ModelAccess,
  use: 'send' | 'look up' = 'send',
): Asked {
  const provider = access[wire.name as WireName]
  const { model } = request
  if (model === undefined || model === '') {
    throw new EvalkitError('EVK_USAGE', 'The recording does not say which model was asked.', {
      hint: 'Name one with --model.',
    })
  }
  const key = use === 'send' ? keyOf(provider) : ''
  const written = Object.entries(wire.writeRequest(request)).filter(([name]) => !ofStreams.has(name))
  const body = Object.fromEntries(written)
  const post = (path: string, headers: Record<string, string>, said: object): Sent => ({
    method: 'POST',
    url: addressIn(provider, path),
    headers: new Headers({ ...headers, 'content-type': 'application/json' }),
    body: JSON.stringify(said),
  })
  const limited = { max_tokens: anthropicMaxTokens, ...body }
  const sent = ((): Sent => {
    switch (wire.name) {
      case 'anthropic-messages':
        return post('/v1/messages', { 'x-api-key': key, 'anthropic-version': '2023-06-01' }, limited)
      case 'bedrock-anthropic': {
        const { model: _, ...rest } = { anthropic_version: 'bedrock-2023-05-31', ...limited } as Record<
          string,
          unknown
        >
        return post(`/model/${encodeURIComponent(model)}/invoke`, { authorization: `Bearer ${key}` }, rest)
      }
      case 'openai-responses':
        return post('/responses', { authorization: `Bearer ${key}` }, body)
      default:
        return post('/chat/completions', { authorization: `Bearer ${key}` }, body)
    }
  })()
  return { sent, wire, request }
}

/**
 * Asks a model for an agent that speaks no HTTP of its own (the built-in loop). Beside what `sendLive` throws:
 * `EVK_KEY_MISSING`; `EVK_PROVIDER_DOWN` where the provider does not answer; `EVK_PROVIDER_REFUSED` where it answers
 * with an error.
 */
export async function askModel(
  request: LlmRequest,
  wire: Wire,
  access: ModelAccess,
  deps: ExchangeDeps,
): Promise<Exchanged & { readonly reply: LlmReply }> {
  const asked = requestFor(request, wire, access)
  const exchanged = await sendLive(asked, deps)
  const { reply, error } = exchanged.brought
  if (reply !== undefined && error === undefined) return { ...exchanged, reply }
  throw providerError(asked, exchanged)
}

/** What a provider said went wrong, as an error of ours: it is at fault, or our settings are, and not the agent. */
export function providerError(
  { sent, wire }: Pick<Asked, 'sent' | 'wire'>,
  exchanged: Exchanged,
): EvalkitError {
  const { attempts, brought } = exchanged
  const last = attempts.at(-1)
  const told = messageOf(brought)
  const { host } = sent.url
  if (last === undefined || !isAnswer(last, wire)) {
    const tries = attempts.map(({ status }) => status ?? 'no answer').join(', ')
    return new EvalkitError('EVK_PROVIDER_DOWN', `${oneLine(host, 200)} does not answer (${tries}): ${told}`)
  }
  const what = `${oneLine(host, 200)} refuses the request (${last.status ?? 'no answer'}): ${told}`
  return new EvalkitError('EVK_PROVIDER_REFUSED', what)
}

function messageOf({ error }: Brought): string {
  const { type = 'error', message = 'it sent nothing that can be read' } = error ?? {}
  // Keys of other requests that a provider may repeat, shortened or not: nothing that looks like one.
  const shown = hideAll(message, message.match(/\bsk-[\w*-]{8,}/g) ?? [])
  return oneLine(`${type}: ${shown}`, 400)
}
