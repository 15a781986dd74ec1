import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readEvents, type ServerSentEvent, writeEvent } from './sse.ts'

const seed = { seed: 42, numRuns: 500 }

describe('readEvents', () => {
  it.each<[string, string, readonly ServerSentEvent[]]>([
    ['one event', 'data: hi\n\n', [{ data: 'hi' }]],
    ['a named one', 'event: ping\ndata: {}\n\n', [{ event: 'ping', data: '{}' }]],
    ['CRLF', 'event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n', [{ event: 'a', data: '1' }, { data: '2' }]],
    ['CR', 'data: 1\r\rdata: 2\r\r', [{ data: '1' }, { data: '2' }]],
    [
      'mixed line endings',
      'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\n',
      [1, 2, 3].map((n) => ({ data: `${n}` })),
    ],
    ['no space after the colon', 'data:1\nevent:x\n\n', [{ event: 'x', data: '1' }]],
    ['only one space is dropped', 'data:  1\n\n', [{ data: ' 1' }]],
    ['data in several lines', 'data: {\ndata:  "a": 1\ndata: }\n\n', [{ data: '{\n "a": 1\n}' }]],
    ['colons in data', 'data: a: b\n\n', [{ data: 'a: b' }]],
    ['comments', ': OPENROUTER PROCESSING\n\n:\ndata: 1\n: more\n\n', [{ data: '1' }]],
    ['ids and retries', 'id: 7\nretry: 10\ndata: 1\n\n', [{ data: '1' }]],
    ['a field without a colon', 'data\n\n', [{ data: '' }]],
    ['a name without data, which names nothing else', 'event: a\n\ndata: 1\n\n', [{ data: '1' }]],
    ['many blank lines', '\n\n\ndata: 1\n\n\n\n', [{ data: '1' }]],
    ['a byte order mark', '\uFEFFdata: 1\n\n', [{ data: '1' }]],
    ['a byte order mark inside, which is part of a line', 'data: 1\n\n\uFEFFdata: 2\n\n', [{ data: '1' }]],
    [
      'the last event cut before its blank line',
      'data: 1\n\nevent: a\ndata: {"b',
      [{ data: '1' }, { event: 'a', data: '{"b' }],
    ],
    ['a cut field name', 'data: 1\n\ndat', [{ data: '1' }]],
    ['nothing', '', []],
    ['what is no stream', '{"error":"no"}', []],
  ])('reads %s', (_, text, events) => {
    expect(readEvents(text)).toEqual(events)
  })

  const event: fc.Arbitrary<ServerSentEvent> = fc
    .tuple(
      fc.option(fc.stringMatching(/^[a-z_.]{1,12}$/), { nil: undefined }),
      fc.string({ maxLength: 20, unit: fc.constantFrom('a', ' ', ':', '\n', 'é', '😀', '{', '"') }),
    )
    .map(([event, data]) => ({ ...(event === undefined ? {} : { event }), data }))

  it('reads what was written', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), (events) => {
        const text = events.map(({ data, event }) => writeEvent(data, event)).join('')
        expect(readEvents(text)).toEqual(events)
        expect(readEvents(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(events)
        expect(readEvents(text.replaceAll('\n', '\r'))).toEqual(events)
      }),
      seed,
    )
  })

  it('reads of a cut stream what is whole, and the cut event last', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), fc.nat(), (events, at) => {
        const text = events.map(({ data, event }) => writeEvent(data, event)).join('')
        const read = readEvents(text.slice(0, at % text.length))
        expect(read.length).toBeLessThanOrEqual(events.length)
        expect(read.slice(0, -1)).toEqual(events.slice(0, Math.max(0, read.length - 1)))
        const last = read.at(-1)?.data ?? ''
        expect((events[read.length - 1]?.data ?? '').startsWith(last)).toBe(true)
      }),
      seed,
    )
  })

  it('is not slowed by length, whatever the line ending', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = `data: {"a":1}${end}${end}`.repeat(100_000)
      expect(readEvents(text)).toHaveLength(100_000)
    }
    expect(readEvents(`data: ${'\u2028x:'.repeat(500_000)}`)).toHaveLength(1)
  })
})

describe('writeEvent', () => {
  it('writes values as JSON and keeps text as it is', () => {
    expect(writeEvent({ a: 'x\ny' }, 'b')).toBe('event: b\ndata: {"a":"x\\ny"}\n\n')
    expect(writeEvent('[DONE]')).toBe('data: [DONE]\n\n')
    expect(writeEvent('a\r\nb')).toBe('data: a\ndata: b\n\n')
  })

  it('lets no name write a line of its own', () => {
    expect(readEvents(writeEvent('1', 'a\n\ndata: 2'))).toEqual([{ event: 'a data: 2', data: '1' }])
  })
})
