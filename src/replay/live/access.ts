import { EvalkitError } from '../../schema/errors.ts'
import { oneLine } from '../../lib/text.ts'
import type { WireName } from '../../tap/wire/index.ts'

/** How a provider is reached by who has no client of its own. */
export interface ProviderAccess {
  readonly baseUrl: string
  readonly key: string | undefined
  /** The variable the key comes from: named where it is missing. */
  readonly keyName: string
}

/** By the wire format that is spoken. */
export type ModelAccess = Readonly<Record<WireName, ProviderAccess>>

const defaultRegion = 'us-east-1'

/**
 * What the environment says of the providers, under the names their own clients read: `OPENAI_API_KEY`,
 * `OPENAI_BASE_URL`; `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`; `AWS_BEARER_TOKEN_BEDROCK`, `AWS_REGION`,
 * `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`. Empty is not there. Nothing is checked before it is used.
 */
export function modelAccessFrom(env: Readonly<Record<string, string | undefined>>): ModelAccess {
  const said = (name: string): string | undefined => {
    const value = env[name]?.trim()
    return value === '' ? undefined : value
  }
  const access = (baseUrl: string, keyName: string): ProviderAccess => ({
    baseUrl: baseUrl.replace(/\/+$/, ''),
    key: said(keyName),
    keyName,
  })
  const openai = access(said('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1', 'OPENAI_API_KEY')
  const region = said('AWS_REGION') ?? said('AWS_DEFAULT_REGION') ?? defaultRegion
  return {
    'openai-chat': openai,
    'openai-responses': openai,
    'anthropic-messages': access(
      said('ANTHROPIC_BASE_URL') ?? 'https://api.anthropic.com',
      'ANTHROPIC_API_KEY',
    ),
    'bedrock-anthropic': access(
      said('AWS_ENDPOINT_URL_BEDROCK_RUNTIME') ?? `https://bedrock-runtime.${region}.amazonaws.com`,
      'AWS_BEARER_TOKEN_BEDROCK',
    ),
  }
}

/** The key, fit for a header. Throws `EVK_KEY_MISSING`, naming the variable. */
export function keyOf({ key, keyName }: ProviderAccess): string {
  if (key === undefined) {
    throw new EvalkitError('EVK_KEY_MISSING', `A live model is asked, but ${keyName} is not set.`)
  }
  // `fetch` would repeat the whole of it in its complaint.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new EvalkitError('EVK_KEY_MISSING', `${keyName} holds characters that no key has.`)
  }
  return key
}

/** An address below a base. Throws `EVK_USAGE` where the base is none. */
export function addressIn({ baseUrl }: ProviderAccess, path: string): URL {
  const url = URL.parse(`${baseUrl}${path}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new EvalkitError('EVK_USAGE', `"${oneLine(baseUrl, 200)}" is no address of a provider.`, {
      hint: 'Base addresses begin with http:// or https://, as in https://api.openai.com/v1.',
    })
  }
  return url
}
