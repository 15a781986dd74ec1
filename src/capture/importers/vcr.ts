import * as z from 'zod'
import { EvalkitError } from '../../schema/errors.ts'
import { pathText } from '../../schema/read.ts'
import { type Exchange, importExchanges, keptHeaders } from './exchanges.ts'
import { checked, skipped } from './foreign.ts'
import type { Importer, Source } from './importer.ts'
import { type RecordedBody, recordedBody, textOf } from './recorded-body.ts'
import { yamlFrom } from '../../schema/yaml.ts'

/**
 * Cassettes of VCR.py (https://vcrpy.readthedocs.io) in YAML, also with `parsed_body` instead of a body, as pydantic-ai
 * writes them. A file is one run. Cassettes tell no times, and a parsed body does not tell its bytes.
 */
export const vcr: Importer = {
  name: 'vcr',
  description: 'Cassettes of VCR.py in YAML: recorded HTTP exchanges of a Python program.',
  looksFor: 'a YAML file with a list "interactions"',

  detect(source) {
    try {
      // No file of JSON is decoded for it, which may be large. Parsing YAML is dear, and what is wrong with it is said when it is read.
      return !startsAsJson(source.head()) && /^interactions[ \t]*:/m.test(source.text())
    } catch (error) {
      if (EvalkitError.is(error)) return false
      throw error
    }
  },

  *read(source) {
    const { interactions } = cassetteIn(source)
    const found: Exchange[] = []
    let lost = 0
    for (const [index, row] of interactions.entries()) {
      const place = ['interactions', index]
      const result = checked(interaction, row, place)
      const exchange = result.ok ? exchangeOf(result.record) : undefined
      if (exchange !== undefined) found.push(exchange)
      else {
        lost++
        yield result.ok
          ? skipped(pathText([...place, 'request', 'uri']), 'this is no address')
          : skipped(result.at, result.reason)
      }
    }
    if (found.length === 0) {
      if (lost === 0) yield skipped('interactions', 'the cassette holds no exchange')
      return
    }
    const title = source.file.replace(/\.ya?ml$/i, '')
    const of = { source: { format: vcr.name, at: source.file }, exchanges: found, lost }
    yield importExchanges({ ...of, title })
  },
}

function startsAsJson([first]: Uint8Array): boolean {
  return first === 0x7b || first === 0x5b
}

const cassette = z.looseObject({ interactions: z.array(z.unknown()), version: z.number() })

const bytesOrText = z.union([z.string(), z.instanceof(Uint8Array)])
const body = z.union([bytesOrText, z.looseObject({ string: bytesOrText.nullish() })]).nullish()
const headers = z.record(z.string(), z.union([z.string(), z.array(z.string())])).nullish()

const interaction = z.looseObject({
  request: z.looseObject({
    method: z.string().min(1),
    uri: z.string(),
    body,
    parsed_body: z.unknown().optional(),
  }),
  response: z.looseObject({
    status: z.looseObject({ code: z.number().int().min(100).max(999) }),
    headers,
    body,
    parsed_body: z.unknown().optional(),
  }),
})
type Interaction = z.infer<typeof interaction>

function cassetteIn(source: Source): z.infer<typeof cassette> {
  const content = yamlFrom(source.text(), source.file)
  const result = cassette.safeParse(content)
  if (result.success) return result.data
  const cut = typeof content === 'object' && content !== null && 'interactions' in content
  throw new EvalkitError('EVK_SCHEMA', `This is not ${vcr.looksFor}.`, {
    at: { file: source.file },
    // VCR.py writes its keys in order, the version last.
    ...(cut ? { details: ['the "version" at its end is missing: the file was cut off'] } : {}),
  })
}

function exchangeOf({ request, response }: Interaction): Exchange | undefined {
  const url = URL.parse(request.uri)
  if (url === null) return undefined
  return { method: request.method.toUpperCase(), url, ...sentOf(request), ...cameOf(response) }
}

function sentOf({ body: recorded, parsed_body: parsed }: Interaction['request']): Partial<Exchange> {
  if (parsed !== undefined && parsed !== null) return { body: JSON.stringify(parsed) }
  const bytes = contentIn(recorded)
  if (bytes === undefined || bytes.length === 0) return {}
  const text = typeof bytes === 'string' ? bytes : textOf(bytes)
  return text === undefined ? { unread: 'is no text' } : { body: text }
}

function cameOf({
  status,
  headers: given,
  body: recorded,
  parsed_body: parsed,
}: Interaction['response']): Pick<Exchange, 'attempt' | 'exact'> {
  const all = new Map(
    Object.entries(given ?? {}).map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]),
  )
  const head = { status: status.code, headers: keptHeaders(all) }
  if (parsed !== undefined && parsed !== null) {
    return { attempt: { ...head, body: JSON.stringify(parsed) }, exact: false }
  }
  return { attempt: { ...head, ...bodyOf(contentIn(recorded), all.get('content-encoding')) }, exact: true }
}

function contentIn(recorded: Interaction['response']['body']): string | Uint8Array | undefined {
  if (recorded === null || recorded === undefined) return undefined
  if (typeof recorded === 'string' || recorded instanceof Uint8Array) return recorded
  return recorded.string ?? undefined
}

function bodyOf(content: string | Uint8Array | undefined, encoding: string | undefined): RecordedBody {
  return typeof content === 'object' ? recordedBody(content, encoding) : { body: content ?? '' }
}
