import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { jsonProblemText } from '../../schema/read.ts'
import { isFields } from '../ai-messages.ts'
import { fingerprint } from './foreign.ts'

/** What payloads hold, and why some of them could not be read: how they are encoded, as a clause. */
export interface Decoded {
  readonly values: readonly Json[]
  readonly hidden: readonly string[]
}

/**
 * Reads the payloads of a Temporal history (https://docs.temporal.io/dataconversion): as they are stored
 * (`{ payloads: [{ metadata, data }] }`, in base64), or in the shorthand of `temporal workflow show --output json`, a list
 * of the values themselves. Encryption is the user's own, and external storage elsewhere: such payloads are `hidden`.
 * Never throws.
 */
export function decodePayloads(field: unknown): Decoded {
  const list = isFields(field) && Array.isArray(field.payloads) ? field.payloads : field
  if (!Array.isArray(list)) return { values: [], hidden: [] }
  const read = list.map(decode)
  return {
    values: read.map(({ value }) => value),
    hidden: read.flatMap(({ hidden }) => (hidden === undefined ? [] : [hidden])),
  }
}

/** Several values are a list, one is itself, none is `undefined`. */
export function oneOrAll({ values }: Decoded): Json | undefined {
  return values.length > 1 ? values : values[0]
}

interface One {
  readonly value: Json
  readonly hidden?: string
}

function decode(payload: unknown): One {
  const metadata = isFields(payload) ? payload.metadata : undefined
  if (!isFields(payload) || !isFields(metadata) || typeof metadata.encoding !== 'string') {
    return { value: payload as Json }
  }
  const encoding = fromBase64(metadata.encoding).toString('utf8')
  const data = typeof payload.data === 'string' ? fromBase64(payload.data) : Buffer.alloc(0)
  switch (encoding) {
    case 'binary/null':
      return { value: null }
    case 'json/plain':
    case 'json/protobuf': {
      const read = readJson(data.toString('utf8'))
      if (!read.ok) return unread(`${encoding}, and ${jsonProblemText(read.problem)}`)
      return fingerprint(read.value) === undefined
        ? unread(`${encoding}, with a number that JSON cannot say`)
        : { value: read.value as Json }
    }
    case 'binary/plain':
      return { value: { base64: data.toString('base64') } }
    default:
      return unread(encoding.slice(0, 100))
  }
}

function unread(encoding: string): One {
  return { value: { 'evalkit.unread': encoding }, hidden: encoding }
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64')
}
