import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { zipOf } from '../../lib/testing/zip-of.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { detectImporter } from './detect.ts'
import type { Imported } from './importer.ts'
import { inspect } from './inspect.ts'
import { sourceFrom } from './source.ts'

const file = readFileSync(new URL('./inspect.sample.json', import.meta.url))

type Body = Record<string, Json>
const log = JSON.parse(file.toString()) as { samples: Body[] } & Body
const { samples, ...header } = log

function entries(list: readonly Body[], how: 'stored' | 'deflate' | 'zstd' = 'zstd') {
  return list.map((sample) => ({
    name: `samples/${JSON.stringify(sample['id'])}_epoch_${JSON.stringify(sample['epoch'])}.json`,
    content: JSON.stringify(sample),
    how,
  }))
}

const head = { name: 'header.json', content: JSON.stringify(header) }

function imported(bytes: Uint8Array, name = 'a.eval'): readonly Imported[] {
  return [...inspect.read(sourceFrom(name, bytes))]
}

function ids(found: readonly Imported[]): readonly string[] {
  return found.flatMap((one) => ('trace' in one ? [one.trace.id] : []))
}

function problems(found: readonly Imported[]) {
  return found.flatMap((one) => ('problem' in one ? [one.problem] : []))
}

function codeOf(read: () => unknown): readonly [string, string] {
  try {
    read()
  } catch (error) {
    if (EvalkitError.is(error)) return [error.code, error.message]
    throw error
  }
  throw new Error('nothing was thrown')
}

const wanted = ids(imported(file, 'a.json'))

describe('a log of Inspect in an archive', () => {
  it('is the same traces as in JSON, however its entries are packed', () => {
    expect(wanted).toHaveLength(2)
    for (const how of ['stored', 'deflate', 'zstd'] as const) {
      const bytes = zipOf([...entries(samples, how), head])
      expect(detectImporter(sourceFrom('a.eval', bytes))).toBe(inspect)
      expect(ids(imported(bytes))).toEqual(wanted)
    }
  })

  it('is read while it is written, and says so', () => {
    const { version, eval: run, plan } = header
    const start = {
      name: '_journal/start.json',
      content: JSON.stringify({ version: version ?? 2, eval: run ?? null, plan: plan ?? null }),
    }
    const found = imported(zipOf([start, ...entries(samples)]))
    expect(found.map((one) => ('trace' in one ? one.trace.tags : one.problem))).toEqual([
      ['log:started'],
      ['log:started'],
    ])
  })

  it('holds a sample that was written again once, as it was written last', () => {
    const [first = {}, second = {}] = samples
    const older = entries([{ ...first, messages: [] }])
    expect(ids(imported(zipOf([...older, ...entries([second, first]), head]))).toSorted()).toEqual(
      wanted.toSorted(),
    )
  })

  it('names each sample that cannot be read, and reads the others', () => {
    const [, second = {}] = samples
    const bytes = zipOf([
      { name: 'samples/1_epoch_1.json', content: '{"id":' },
      { name: 'samples/2_epoch_1/sample.json', content: '{}' },
      { name: 'samples/2_epoch_1/messages/0.json', content: '[]' },
      { name: 'samples/3_epoch_1.json', content: '{"id":3}' },
      { name: 'samples/\u001b[31m_epoch_1.json', content: Buffer.from([0xff]) },
      ...entries([second]),
      head,
    ])
    const found = imported(bytes)
    expect(ids(found)).toEqual(wanted.slice(1))
    expect(problems(found)).toEqual([
      { action: 'skipped', at: 'samples/1_epoch_1.json', reason: expect.stringContaining('not JSON') },
      { action: 'skipped', at: 'samples/2_epoch_1/sample.json', reason: expect.stringContaining('chunks') },
      { action: 'skipped', at: 'samples/3_epoch_1.json.messages', reason: expect.any(String) },
      { action: 'skipped', at: expect.not.stringContaining('\u001b'), reason: 'it is not UTF-8 text' },
    ])
    // A damaged entry harms no other.
    const damaged = zipOf([...entries(samples), head])
    damaged[60] = (damaged[60] ?? 0) ^ 0xff
    expect([ids(imported(damaged)), problems(imported(damaged))]).toEqual([
      wanted.slice(1),
      [{ action: 'skipped', at: 'samples/1_epoch_1.json', reason: expect.stringMatching(/^the entry/) }],
    ])
  })

  it('says what is wrong with an archive that is no log, or is not whole', () => {
    const whole = zipOf([...entries(samples), head])
    const cut = whole.subarray(0, -30)
    expect(inspect.detect(sourceFrom('a.eval', cut))).toBe(true)
    expect(codeOf(() => imported(cut))).toEqual(['EVK_SCHEMA', expect.stringContaining('cut off')])
    const other = zipOf([{ name: 'word/document.xml', content: '<a/>' }])
    expect(inspect.detect(sourceFrom('a.docx', other))).toBe(false)
    expect(codeOf(() => imported(other))[0]).toBe('EVK_FILE_BINARY')
    const empty = imported(zipOf([head]))
    expect(problems(empty).map(({ reason }) => reason)).toEqual(['the log holds no samples'])
    const broken = zipOf([...entries(samples), { name: 'header.json', content: '{' }])
    expect(codeOf(() => imported(broken))[0]).toBe('EVK_SCHEMA')
  })
})

/** What newer versions write: messages that events share stand once, and events name them by ranges. */
function pooled(sample: Body, name: 'events_data' | 'message_pool'): Body {
  const pool: string[] = []
  const events = ((sample['events'] ?? []) as Body[]).map((event) => {
    const input = event['input']
    if (event['event'] !== 'model' || !Array.isArray(input)) return event
    const refs = (input as Json[]).map((message) => {
      const text = JSON.stringify(message)
      if (!pool.includes(text)) pool.push(text)
      return [pool.indexOf(text), pool.indexOf(text) + 1]
    })
    return { ...event, input: [], input_refs: refs }
  })
  const messages = pool.map((text): Json => JSON.parse(text) as Json)
  const data: Body =
    name === 'events_data' ? { events_data: { messages, calls: [] } } : { message_pool: messages }
  return { ...sample, events, ...data }
}

describe('a sample of Inspect whose events share their messages', () => {
  it.each(['events_data', 'message_pool'] as const)('is the same trace, with its pool as %s', (name) => {
    const shared = samples.map((sample) => pooled(sample, name))
    expect(JSON.stringify(shared)).toContain('"input_refs":[[')
    expect(ids(imported(zipOf([...entries(shared), head])))).toEqual(wanted)
    expect(ids(imported(Buffer.from(JSON.stringify({ ...header, samples: shared })), 'a.json'))).toEqual(
      wanted,
    )
  })

  it('is skipped where all that it repeats is more than anybody can read', () => {
    const [first = {}] = samples
    const message = { role: 'user', content: 'x'.repeat(1_000_000) }
    const events = Array.from({ length: 100 }, () => ({
      event: 'model',
      model: 'm',
      input: [],
      input_refs: Array.from({ length: 100 }, () => [0, 1e9]),
    }))
    const hostile = { ...first, events, events_data: { messages: [message], calls: [] } }
    expect(
      problems(imported(Buffer.from(JSON.stringify({ ...header, samples: [hostile] })), 'a.json')),
    ).toEqual([{ action: 'skipped', at: 'samples[0]', reason: expect.stringContaining('too long') }])
    const text = { ...first, attachments: { long: 'x'.repeat(1_000_000) } }
    const messages = Array.from({ length: 10_000 }, () => ({ role: 'user', content: 'attachment://long' }))
    const repeated = { ...header, samples: [{ ...text, messages }] }
    expect(problems(imported(Buffer.from(JSON.stringify(repeated)), 'a.json'))).toHaveLength(1)
  })

  it('survives ranges that are none', () => {
    const [first = {}] = samples
    const refs: readonly Json[] = [null, 'x', [], [-1, 4], [2, 1], [0.5, null], [1e308, 1e308], [0, 1]]
    const events = [{ event: 'model', model: 'm', input: [], input_refs: refs, output: {} }]
    const odd = { ...first, events, events_data: { messages: [{ role: 'user', content: 'Hi' }] } }
    const [found] = imported(Buffer.from(JSON.stringify({ ...header, samples: [odd as Json] })), 'a.json')
    const asked =
      found !== undefined && 'trace' in found
        ? found.trace.spans.find(({ kind }) => kind === 'llm')
        : undefined
    expect(asked?.kind === 'llm' ? asked.request.messages : undefined).toEqual([
      { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
    ])
  })
})
