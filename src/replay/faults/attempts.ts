import type { Attempt } from '../../schema/attempt.ts'
import { bytesOf } from '../../tap/serve.ts'

/**
 * A provider that says no. The body is one that every format we know reads as its error: the members of Anthropic's
 * (docs.anthropic.com, "Errors"), OpenAI's (platform.openai.com, "Error codes") and Bedrock's (`message`) in one.
 */
export function refusedTry(
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Attempt {
  const body = JSON.stringify({
    type: 'error',
    error: { type, message, param: null, code: null },
    message,
  })
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

/** No response came: what `fetch` throws, with the code of its cause. */
export function failedTry(code: string): Attempt {
  return { headers: {}, error: { type: 'TypeError', message: 'fetch failed', code } }
}

/** The first half of what came, in bytes; `undefined` where that is nothing. It ends as if all had come. */
export function halfOf(attempt: Attempt): Attempt | undefined {
  const bytes = bytesOf(attempt)
  const end = Math.floor(bytes.length / 2)
  if (attempt.status === undefined || end === 0) return undefined
  const { body: _, base64: _base64, cuts = [], ended: _ended, error: _error, ...rest } = attempt
  const inside = cuts.filter((cut) => cut < end)
  return { ...rest, ...textOf(bytes.slice(0, end)), ...(inside.length === 0 ? {} : { cuts: inside }) }
}

/** The same response with another body, in one piece. */
export function withBody(attempt: Attempt, body: string): Attempt {
  const { base64: _, cuts: _cuts, ended: _ended, error: _error, ...rest } = attempt
  return { ...rest, body }
}

/** The body of a response that ended by itself, where it is text. */
export function bodyOf({ status, body, ended }: Attempt): string | undefined {
  return status === undefined || ended !== undefined || body === '' ? undefined : body
}

/** A stream's text with the payload of its `data:` lines changed: `change` gets each with its place, and how many there are. */
export function withData(body: string, change: (data: string, at: number, of: number) => string): string {
  const of = body.match(dataLine)?.length ?? 0
  let at = 0
  return body.replace(dataLine, (_, field: string, data: string) => `${field}${change(data, at++, of)}`)
}

const dataLine = /^(data: ?)(\{.*)$/gm

/** Text where it is some: half a character is bytes. */
function textOf(bytes: Uint8Array): Pick<Attempt, 'body' | 'base64'> {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}
