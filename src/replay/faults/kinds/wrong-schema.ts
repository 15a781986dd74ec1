import { readJson, sameJson } from '../../../lib/json.ts'
import type { Json } from '../../../schema/json.ts'
import { isStream } from '../../../tap/read-attempt.ts'
import { isRecord } from '../../../tap/wire/text.ts'
import { bodyOf, withBody, withData } from '../attempts.ts'
import type { Fault } from '../fault.ts'
import { shapeOf, withText } from '../tool-reply.ts'

export const wrongSchema: Fault = {
  name: 'wrong-schema',
  description:
    'Valid JSON of another shape: the first key (sorted) is gone, text is a list, a number is text, a list is its first item.',
  places: ['model', 'http', 'tool'],
  done: () => 'yes',
  try({ attempt }) {
    const body = bodyOf(attempt)
    if (body === undefined) return undefined
    const other = isStream(attempt)
      ? withData(body, (data) => reshapedText(data) ?? data)
      : reshapedText(body)
    return other === undefined || other === body ? undefined : withBody(attempt, other)
  },
  changes(reply) {
    const { response, isError } = reply
    if (isError) return undefined
    if (typeof response === 'string' || shapeOf(reply) === 'mcp') return withText(reply, reshapedText)
    const other = reshaped(response)
    // An empty object has no other shape.
    return sameJson(other, response) ? undefined : { response: other, isError }
  },
}

/** `undefined` where the text is no JSON object or list. */
function reshapedText(text: string): string | undefined {
  const read = readJson(text)
  if (!read.ok || typeof read.value !== 'object' || read.value === null) return undefined
  const other = reshaped(read.value as Json)
  return sameJson(other, read.value) ? undefined : JSON.stringify(other)
}

function reshaped(value: Json): Json {
  if (value === null) return {}
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return (value as readonly Json[])[0] ?? null
  if (!isRecord(value)) return null
  const keys = Object.keys(value).sort()
  // A single key is not dropped: what is left would be empty, which is another fault.
  const gone = keys.length > 1 ? keys[0] : undefined
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) =>
      key === gone || member === undefined ? [] : [[key, reshaped(member)]],
    ),
  )
}
