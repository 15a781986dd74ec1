import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Chunk, createRedactor } from '../redact.ts'

// Put together here, so that no scanner takes this file for a leak.
const key = ['sk', 'ant', 'api03', 'AbCd1234EfGh5678IjKl9012'].join('-')
const github = ['ghp', '0123456789abcdefghijABCDEFGHIJ012345'].join('_')

interface Format {
  readonly name: string
  /** The events that bring these pieces of one text, with others of another text between them. */
  readonly events: (pieces: readonly string[]) => readonly unknown[]
  /** The text that the events bring. */
  readonly assemble: (events: readonly unknown[]) => string
}

type Path = readonly (string | number)[]
const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, step) => (inner as { [name: string]: unknown } | undefined)?.[step], value)

const format = (
  name: string,
  event: (piece: string, index: number) => unknown,
  path: Path,
  index: Path,
): Format => ({
  name,
  events: (pieces) =>
    pieces.flatMap((piece, order) =>
      order % 3 === 1 ? [event(piece, 0), event('x', 1)] : [event(piece, 0)],
    ),
  assemble: (events) =>
    events
      .filter((event) => at(event, index) === 0)
      .map((event) => String(at(event, path)))
      .join(''),
})

const formats: readonly Format[] = [
  format(
    'Anthropic text',
    (text, index) => ({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }),
    ['delta', 'text'],
    ['index'],
  ),
  format(
    'Anthropic arguments',
    (json, index) => ({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json: json },
    }),
    ['delta', 'partial_json'],
    ['index'],
  ),
  format(
    'OpenAI chat text',
    (content, index) => ({ object: 'chat.completion.chunk', choices: [{ index, delta: { content } }] }),
    ['choices', 0, 'delta', 'content'],
    ['choices', 0, 'index'],
  ),
  format(
    'OpenAI chat arguments',
    (json, index) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index, function: { arguments: json } }] } }],
    }),
    ['choices', 0, 'delta', 'tool_calls', 0, 'function', 'arguments'],
    ['choices', 0, 'delta', 'tool_calls', 0, 'index'],
  ),
  format(
    'OpenAI Responses',
    (delta, index) => ({ type: 'response.output_text.delta', item_id: 'm', output_index: index, delta }),
    ['delta'],
    ['output_index'],
  ),
]

const sse = (events: readonly unknown[]): string =>
  events.map((event) => `event: delta\ndata: ${JSON.stringify(event)}\n\n`).join('')

const eventsOf = (body: string): unknown[] =>
  [...body.matchAll(/^data: (.*)$/gm)].map(([, json = '']): unknown => JSON.parse(json))

const piecesOf = (text: string, cuts: readonly number[]): string[] => {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  return [...places, text.length].map((end, index) => text.slice(places[index - 1] ?? 0, end))
}

/** Bytes cut anywhere, as chunks of a recording. */
const chunksOf = (body: string, cuts: readonly number[]): Chunk[] => {
  const bytes = Buffer.from(body)
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...places, bytes.length].map((end, index) => {
    const piece = bytes.subarray(places[index - 1] ?? 0, end)
    const text = piece.toString()
    return Buffer.from(text).equals(piece) ? text : { base64: piece.toString('base64') }
  })
}

const bytesOf = (chunks: readonly Chunk[]): Buffer =>
  Buffer.concat(
    chunks.map((chunk) =>
      typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.base64, 'base64'),
    ),
  )

const some = fc.array(fc.nat(100_000), { maxLength: 14 })
const words = fc.array(
  fc.oneof(
    fc.constantFrom(key, github, 'password=Summer-2026!x', 'ünï', '漢字', '😀', '\n', '"', '\\'),
    fc.string({ maxLength: 12 }),
  ),
  { maxLength: 8 },
)

describe('the chunks of a body', () => {
  it.each(formats)('$name: redacted pieces are the pieces of the redacted text', ({ events, assemble }) => {
    fc.assert(
      fc.property(words, some, some, fc.boolean(), (texts, textCuts, byteCuts, inJson) => {
        const said = texts.join(' ')
        const text = inJson ? JSON.stringify({ api_key: said, note: said }) : said
        // A cut between the halves of a character is no text; models do not make it.
        const pieces = piecesOf(text, textCuts)
        fc.pre(pieces.every((piece) => piece.isWellFormed()))
        const chunks = chunksOf(sse(events(pieces)), byteCuts)
        const after = createRedactor().chunks(chunks, 'text/event-stream')
        expect(after).toHaveLength(chunks.length)
        const body = bytesOf(after).toString()
        expect(assemble(eventsOf(body))).toBe(createRedactor().text(text))
        expect(createRedactor().json(eventsOf(body))).toEqual(eventsOf(body))
        // What is redacted is not changed again, and what holds nothing is the same list.
        expect(createRedactor().chunks(after, 'text/event-stream')).toBe(after)
        expect(after === chunks).toBe(createRedactor().text(text) === text)
      }),
      { seed: 42, numRuns: 80 },
    )
  })

  it('redacts arguments as the value they are', () => {
    const [, anthropic] = formats
    const input = { login: { password: 'plain words', user: 'ada' }, note: `with ${key}` }
    const pieces = piecesOf(JSON.stringify(input), [3, 21, 30, 34, 60, 71, 80])
    const events = anthropic?.events(pieces) ?? []
    const body = bytesOf(createRedactor().chunks(chunksOf(sse(events), [100, 333, 500]))).toString()
    expect(JSON.parse(anthropic?.assemble(eventsOf(body)) ?? '')).toEqual(createRedactor().json(input))
  })

  it('leaves what stands around a secret where it was cut', () => {
    const before = 'Grüße, der Schlüssel ist '
    const body = `{"text":"${before}${key}, bis bald"}`
    const chunks = chunksOf(body, [12, 40, 50, 70])
    const after = createRedactor().chunks(chunks, 'application/json')
    expect(after[0]).toEqual(chunks[0])
    expect(after.at(-1)).toMatch(/, bis bald"\}$/)
    expect(bytesOf(after).toString()).toBe(createRedactor().text(body))
  })

  it('reads lines of JSON, broken events and bytes that are no text', () => {
    const lines = `{"response":"my ${key.slice(0, 9)}"}\n{"response":"${key.slice(9)} ok"}\n`
    expect(bytesOf(createRedactor().chunks([lines], 'application/x-ndjson')).toString()).not.toMatch(
      /AbCd|sk-ant/,
    )
    const broken = `data: {"text":"${key}\n\ndata: ${github}\n\n: ${key}\n\ndata: [DONE]\n\n`
    const after = bytesOf(createRedactor().chunks([broken])).toString()
    expect(after.replace(/<[^>]*>/g, '*')).toBe('data: {"text":"*\n\ndata: *\n\n: *\n\ndata: [DONE]\n\n')
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from(key), Buffer.from([0xc3])])
    const [chunk] = createRedactor().chunks([{ base64: bytes.toString('base64') }])
    expect(bytesOf([chunk ?? '']).toString('latin1')).toMatch(/^ÿþÃ<redacted:anthropic-key:[0-9a-f]{10}>Ã$/)
  })

  it('finds bodies where recorded attempts have them', () => {
    const events = ['', key.slice(0, 9), key.slice(9), ' ünï'].map((text) => ({ delta: text, type: 'd' }))
    const body = sse(events)
    const bytes = Buffer.from(body)
    const cuts = [5, 40, bytes.indexOf(Buffer.from('ü')) + 1]
    const headers = { 'content-type': 'text/event-stream', 'set-cookie': 'sid=1', 'x-unheard-of': 'x' }
    const attempts = [
      { status: 200, headers, body, cuts },
      { headers: {}, base64: Buffer.concat([bytes, Buffer.from([0xc3])]).toString('base64') },
      { headers: {}, error: { type: 'TypeError', message: `fetch failed with ${key}` } },
    ]
    const after = createRedactor().json({ calls: [{ attempts }] })
    const [first, second, third] = after.calls[0]?.attempts ?? []
    expect(first?.headers).toEqual({ 'content-type': 'text/event-stream' })
    expect(first?.body).toContain('<redacted:anthropic-key:')
    expect(first?.body).not.toContain(key.slice(9))
    const cut = first?.cuts?.[2] ?? 0
    expect(
      Buffer.from(first?.body ?? '')
        .subarray(cut - 1, cut + 1)
        .toString(),
    ).toBe('ü')
    expect(first?.cuts?.slice(0, 2)).toEqual([5, 40])
    expect(Buffer.from(second?.base64 ?? '', 'base64').toString('latin1')).not.toContain(key.slice(9))
    expect(third?.error?.message).not.toContain(key)
    expect(createRedactor().json(after)).toBe(after)
    expect(createRedactor().body({ body, cuts }, 'text/event-stream')).toEqual({
      body: first?.body,
      cuts: first?.cuts,
    })
    // As text of JSON it says the same, but for the headers, which cannot be left out of a text.
    const text = JSON.parse(createRedactor().text(JSON.stringify({ calls: [{ attempts }] })))
    expect(text.calls[0].attempts[0]).toMatchObject({ body: first?.body, cuts: first?.cuts })
    expect(text.calls[0].attempts[0].headers['set-cookie']).toMatch(/^<redacted:/)
  })

  it('leaves headers and bodies that are arguments of a tool where they are', () => {
    const request = { headers: { 'x-tenant': 'shop' }, body: 'data: {"text":"hello"}', cuts: [3] }
    expect(createRedactor().json({ arguments: request })).toEqual({ arguments: request })
  })
})
