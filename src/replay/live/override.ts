import { withItem, withMember, withValueAt } from '../../lib/json-splice.ts'
import { readJson } from '../../lib/json.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { LlmRequest } from '../../schema/call.ts'
import type { ReadCall, Sent } from '../../tap/sent.ts'
import { isRecord } from '../../tap/wire/text.ts'

/** What is under test: another model, another system prompt. */
export interface Overrides {
  readonly model?: string | undefined
  readonly system?: string | undefined
}

/** A request with these settings instead of its own, for agents that ask through no HTTP. */
export function overriddenRequest(request: LlmRequest, { model, system }: Overrides): LlmRequest {
  return {
    ...request,
    ...(model === undefined ? {} : { model }),
    ...(system === undefined ? {} : { system: [{ type: 'text', content: system }] }),
  }
}

/**
 * The request with another model or system prompt, wherever its format has them, and every other byte as it was. Of an
 * agent that has several system messages the first is exchanged; one that has none gets one. Throws `EVK_USAGE` where
 * the request is signed (AWS Signature Version 4): a changed one would be refused.
 */
export function overridden(
  read: Extract<ReadCall, { kind: 'llm' }>,
  sent: Sent,
  { model, system }: Overrides,
): Sent {
  if (model === undefined && system === undefined) return sent
  if (/^AWS4-/i.test(sent.headers.get('authorization') ?? '')) {
    throw new EvalkitError(
      'EVK_USAGE',
      'The agent signs its requests (AWS Signature Version 4): none can be changed on its way.',
      { hint: 'Let the agent use a bearer key for Bedrock, or change model and prompt in its code.' },
    )
  }
  const named = model === undefined ? sent : withModel(sent, model)
  if (system === undefined) return named
  return { ...named, body: withSystem(named.body ?? '{}', read.wire.name, system) }
}

/** The places of a model in an address: Bedrock's, and Azure's (whose deployments are named like their models). */
const inAddress = [/(\/model\/)[^/]+(\/invoke)$/, /(\/openai\/deployments\/)[^/]+(\/)/]

function withModel(sent: Sent, model: string): Sent {
  const url = new URL(sent.url)
  const place = inAddress.find((pattern) => pattern.test(url.pathname))
  if (place !== undefined) {
    const [, before = '', after = ''] = place.exec(url.pathname) ?? []
    url.pathname = url.pathname.replace(place, () => `${before}${encodeURIComponent(model)}${after}`)
  }
  const body = sent.body ?? '{}'
  const changed = withValueAt(body, ['model'], model)
  return { ...sent, url, body: changed ?? (place === undefined ? withMember(body, 'model', model) : body) }
}

function withSystem(body: string, wire: string, system: string): string {
  const read = readJson(body)
  const parsed = read.ok && isRecord(read.value) ? read.value : {}
  switch (wire) {
    case 'openai-chat':
      return withFirst(body, 'messages', parsed.messages, system) ?? body
    case 'openai-responses':
      if (typeof parsed.instructions === 'string' && parsed.instructions !== '') {
        return withValueAt(body, ['instructions'], system) ?? body
      }
      if (systemAt(parsed.input) !== undefined) return withFirst(body, 'input', parsed.input, system) ?? body
      return withValueAt(body, ['instructions'], system) ?? withMember(body, 'instructions', system)
    default:
      return (
        withValueAt(body, ['system'], likeBlocks(parsed.system, system)) ?? withMember(body, 'system', system)
      )
  }
}

/** The first system message's content exchanged; where there is none, one is put in front. */
function withFirst(body: string, list: string, items: unknown, system: string): string | undefined {
  const at = systemAt(items)
  return at === undefined
    ? withItem(body, [list], { role: 'system', content: system })
    : (withValueAt(body, [list, at, 'content'], system) ?? body)
}

function systemAt(items: unknown): number | undefined {
  if (!Array.isArray(items)) return undefined
  const at = items.findIndex(
    (item) => isRecord(item) && (item.role === 'system' || item.role === 'developer') && 'content' in item,
  )
  return at === -1 ? undefined : at
}

/** Blocks stay blocks, and what is cached of them stays cached. */
function likeBlocks(before: unknown, text: string): unknown {
  if (!Array.isArray(before)) return text
  const last: unknown = before.at(-1)
  const cached = isRecord(last) && last.cache_control !== undefined
  return [{ type: 'text', text, ...(cached ? { cache_control: last.cache_control } : {}) }]
}
