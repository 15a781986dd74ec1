import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { readJson } from '../../lib/json.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { pathText } from '../../schema/read.ts'
import { type Exchange, importExchanges, keptHeaders } from './exchanges.ts'
import { checked, documentIn, fingerprint, skipped } from './foreign.ts'
import type { Importer, Source } from './importer.ts'
import { type RecordedBody, recordedBody } from './recorded-body.ts'

/**
 * HTTP archives (http://www.softwareishard.com/blog/har-12-spec/), from a browser, a proxy or Polly.js, whose
 * `_recordingName` names the run. A file is one run.
 */
export const har: Importer = {
  name: 'har',
  description: 'HTTP archives (HAR 1.2): from browsers, proxies and Polly.js.',
  looksFor: 'a JSON object with "log", which has a list "entries"',

  detect: (source) => archive.safeParse(documentIn(source)).success,

  *read(source) {
    const { log } = archiveIn(source)
    const found: Exchange[] = []
    let lost = 0
    for (const [index, row] of inOrder(log.entries)) {
      const place = ['log', 'entries', index]
      const result =
        fingerprint(row) === undefined
          ? {
              ok: false as const,
              at: pathText(place),
              reason: 'the exchange holds a number that JSON cannot say',
            }
          : checked(entry, row, place)
      const exchange = result.ok ? exchangeOf(result.record) : undefined
      if (exchange !== undefined) found.push(exchange)
      else {
        lost++
        yield result.ok
          ? skipped(pathText([...place, 'request', 'url']), 'this is no address')
          : skipped(result.at, result.reason)
      }
    }
    if (found.length === 0) {
      if (lost === 0) yield skipped('log.entries', 'the archive holds no exchange')
      return
    }
    const title = source.file.replace(/\.har$/i, '')
    const of = { source: { format: har.name, at: source.file }, exchanges: found, lost }
    yield importExchanges({ ...of, ...defined({ name: log._recordingName }), title })
  },
}

const archive = z.looseObject({
  log: z.looseObject({
    entries: z.array(z.unknown()),
    _recordingName: z.string().optional().catch(undefined),
  }),
})

const header = z.looseObject({ name: z.string(), value: z.string() })

const entry = z.looseObject({
  startedDateTime: z.string().nullish(),
  /** Milliseconds; -1 where it is not known. */
  time: z.number().nullish(),
  request: z.looseObject({
    method: z.string().min(1),
    url: z.string(),
    bodySize: z.number().nullish(),
    postData: z.looseObject({ text: z.string().nullish() }).nullish(),
  }),
  response: z.looseObject({
    status: z.number().int().min(0).max(999),
    headers: z.array(header).nullish(),
    content: z
      .looseObject({
        text: z.string().nullish(),
        encoding: z.string().nullish(),
        size: z.number().nullish(),
      })
      .nullish(),
    /** Chrome's word for why there was no response. */
    _error: z.string().nullish(),
  }),
})
type Entry = z.infer<typeof entry>

function archiveIn(source: Source): z.infer<typeof archive> {
  const result = archive.safeParse(source.document())
  if (result.success) return result.data
  throw new EvalkitError('EVK_SCHEMA', `This is not ${har.looksFor}.`, { at: { file: source.file } })
}

/** By time, where all say it: some recorders write in the order of the answers. Places stay those of the file. */
function inOrder(entries: readonly unknown[]): readonly (readonly [number, unknown])[] {
  const rows = [...entries.entries()]
  const times = rows.map(([, row]) => {
    const parsed = started.safeParse(row)
    return parsed.success ? Date.parse(parsed.data.startedDateTime) : Number.NaN
  })
  if (times.some(Number.isNaN)) return rows
  return rows.sort(([a], [b]) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
}

const started = z.looseObject({ startedDateTime: z.string() })

function exchangeOf({ startedDateTime, time, request, response }: Entry): Exchange | undefined {
  const url = URL.parse(request.url)
  if (url === null) return undefined
  const body = request.postData?.text ?? undefined
  const unread = body === undefined && (request.bodySize ?? 0) > 0 ? 'the archive does not hold' : undefined
  const at = Date.parse(startedDateTime ?? '')
  return {
    method: request.method.toUpperCase(),
    url,
    ...defined({ body, unread }),
    attempt: {
      ...attemptOf(response),
      ...(Number.isNaN(at) ? {} : { startedAt: new Date(at).toISOString() }),
      ...(typeof time === 'number' && time >= 0 ? { durationMs: time } : {}),
    },
    exact: isWhole(response),
  }
}

/** Without a text there may have been a body all the same: browsers leave out what is large. */
function isWhole({ status, content }: Entry['response']): boolean {
  return status < 100 || typeof content?.text === 'string' || content?.size === 0
}

function attemptOf({ status, headers, content, _error }: Entry['response']): Exchange['attempt'] {
  if (status < 100) {
    return { headers: {}, error: { type: 'NetworkError', message: _error ?? 'no response was recorded' } }
  }
  const kept = new Map((headers ?? []).map(({ name, value }) => [name.toLowerCase(), value]))
  return { status, headers: keptHeaders(kept), ...bodyOf(content, kept.get('content-encoding')) }
}

function bodyOf(content: Entry['response']['content'], encoding: string | undefined): RecordedBody {
  const text = content?.text ?? ''
  if (content?.encoding?.toLowerCase() !== 'base64') return { body: text }
  return recordedBody(Buffer.concat(chunksIn(text).map((chunk) => Buffer.from(chunk, 'base64'))), encoding)
}

/** Polly.js keeps what was compressed as a list of the chunks that came. */
function chunksIn(text: string): readonly string[] {
  if (!text.startsWith('[')) return [text]
  const read = readJson(text)
  const parsed = chunks.safeParse(read.ok ? read.value : undefined)
  return parsed.success ? parsed.data : [text]
}

const chunks = z.array(z.string())
