import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import { type LlmReply, llmReply, type LlmRequest, llmRequest } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { readEvents } from './sse.ts'
import type { Wire } from './wire.ts'

/** What a format is shown to keep its promises on. */
export interface WireSamples {
  readonly wire: Wire
  /** Requests that the format can carry whole. */
  readonly requests: fc.Arbitrary<LlmRequest>
  /** Replies that the format can carry whole, usage included. */
  readonly replies: fc.Arbitrary<LlmReply>
  /** Bodies that are not of the format. */
  readonly notRequests: readonly (readonly [what: string, body: Json])[]
  /** What a client adds to its next request of a reply: the message as it came. */
  readonly handedBack: (reply: Json) => Json
  /** Why a reply ended, where the recording does not say. */
  readonly defaultFinish: string
  /** Genuine streams. */
  readonly streams: readonly string[]
  /** What the official client makes of an answer, plain and streamed. */
  readonly client?: {
    /** The replies of which it makes what we do; all, where it does not say. */
    readonly reads?: (reply: LlmReply) => boolean
    readonly plain: (answer: typeof fetch) => Promise<unknown>
    readonly streamed: (answer: typeof fetch) => Promise<unknown>
  }
}

const runs = (numRuns: number) => ({ seed: 42, numRuns })
const nothing: LlmRequest = { messages: [] }

/** What every wire format promises. */
export function describeWire(samples: WireSamples): void {
  const { wire, requests, replies, defaultFinish } = samples
  const written = (reply: LlmReply): Json => asJson(wire.writeReply(reply, nothing))
  const streamed = (reply: LlmReply): string => wire.writeStream(reply, nothing).join('')

  describe(`wire ${wire.name}`, () => {
    it('says what it is', () => {
      expect(wire.description).toMatch(/\(POST .*\)\.$/)
    })

    describe('requests', () => {
      it('are read as they were written', () => {
        fc.assert(
          fc.property(requests, (request) => {
            const read = wire.readRequest(asJson(wire.writeRequest(request)))
            expect(read).toEqual(request)
            expect(llmRequest.safeParse(read).error).toBeUndefined()
          }),
          runs(200),
        )
      })

      it('are written as they were read, and again the same', () => {
        fc.assert(
          fc.property(requests, (request) => {
            const body = asJson(wire.writeRequest(request))
            expect(canonicalJson(wire.writeRequest(wire.readRequest(body)))).toBe(canonicalJson(body))
          }),
          runs(200),
        )
      })

      it.each([['no body', null], ['a list', []], ['a text', 'hi'], ...samples.notRequests] as const)(
        'are refused where they are not of the format: %s',
        (_, body) => {
          expect(() => wire.readRequest(body)).toThrow(TypeError)
        },
      )
    })

    describe('replies', () => {
      it('are read as they were written', () => {
        fc.assert(
          fc.property(replies, (reply) => {
            const read = wire.readReply(written(reply))
            expect(read).toEqual(reply)
            expect(llmReply.safeParse(read).error).toBeUndefined()
            expect(wire.readError(written(reply))).toBeUndefined()
          }),
          runs(200),
        )
      })

      it('are read the same where they are handed back in the next request', () => {
        fc.assert(
          fc.property(replies, (reply) => {
            const { messages } = wire.readRequest(samples.handedBack(written(reply)))
            expect(messages).toEqual(messages.length === 0 ? [] : [reply.message])
            expect(messages.length).toBe(Math.min(1, messages.length + reply.message.parts.length))
          }),
          runs(200),
        )
      })

      it('get what the recording does not know', () => {
        const bare: LlmReply = { message: { role: 'assistant', parts: [] } }
        const read = wire.readReply(asJson(wire.writeReply(bare, { model: 'asked', messages: [] })))
        expect(read).toMatchObject({ message: bare.message, model: 'asked', finishReason: defaultFinish })
      })

      it('count tokens in three disjoint numbers', () => {
        const usage = { input: 1, cacheRead: 20, cacheWrite: 300, output: 4000, reasoning: 1000 }
        const message: LlmReply['message'] = { role: 'assistant', parts: [] }
        expect(wire.readReply(written({ message, usage })).usage).toEqual(usage)
      })

      it.each([
        ['nothing', null],
        ['a text', 'hi'],
        ['no content', {}],
        ['an error', { error: { type: 'overloaded', message: 'Overloaded' } }],
      ])('are refused where they are not of the format: %s', (_, body) => {
        expect(() => wire.readReply(body)).toThrow(TypeError)
      })

      it('say what went wrong where they are an error', () => {
        const error = { type: 'overloaded_error', message: 'Overloaded' }
        expect(wire.readError({ type: 'error', error })).toEqual(error)
        expect(wire.readError({ error: 'no' })).toEqual({ type: 'error', message: 'no' })
        expect(wire.readError([{ error: { status: 'INVALID', code: 400, message: 'no' } }])).toEqual({
          type: 'INVALID',
          message: 'no',
        })
        for (const body of [null, [], {}, 'error', { error: null }, { error: '' }]) {
          expect(wire.readError(body)).toBeUndefined()
        }
      })
    })

    describe('streams', () => {
      it('bring the reply that a plain body brings', () => {
        fc.assert(
          fc.property(replies, (reply) => {
            const assembled = wire.assemble(readEvents(streamed(reply)))
            expect(wire.readReply(assembled)).toEqual(wire.readReply(written(reply)))
          }),
          runs(200),
        )
      })

      it('end where they say so, and not before', () => {
        for (const text of [streamed({ message: { role: 'assistant', parts: [] } }), ...samples.streams]) {
          const events = readEvents(text)
          expect(events.map((event) => wire.isLast(event)).indexOf(true)).toBe(events.length - 1)
        }
      })

      it('that were cut anywhere bring what came', () => {
        fc.assert(
          fc.property(replies, fc.nat(), (reply, at) => {
            const bytes = new TextEncoder().encode(streamed(reply))
            const came = textOfCut(wire, bytes.subarray(0, at % bytes.length))
            expect(textOfCut(wire, bytes).startsWith(came)).toBe(true)
          }),
          runs(200),
        )
      })

      it('that are genuine bring what came, wherever they are cut', () => {
        for (const text of samples.streams) {
          const bytes = new TextEncoder().encode(text)
          const ends = [...text.matchAll(/\n\n/g)].map(({ index }) => index + 2)
          const everywhere = Array.from({ length: 40 }, (_, step) => Math.floor((step * text.length) / 40))
          const seen = [...everywhere, ...ends, bytes.length]
            .toSorted((a, b) => a - b)
            .map((at) => textOfCut(wire, bytes.subarray(0, at)))
          // Each is the beginning of the next, and the last one is the whole.
          expect(seen.every((part, at) => (seen[at + 1] ?? part).startsWith(part))).toBe(true)
          expect(seen.at(-1)).toBe(textOf(wire.readReply(wire.assemble(readEvents(text))).message))
        }
      })

      it.each([
        ['nothing', ''],
        ['what is no stream', '<html>502 Bad Gateway</html>'],
        ['a plain body', '{"output":[],"choices":[],"content":[]}'],
        ['events that are no objects', 'data: [DONE]\n\ndata: 1\n\ndata: {"a":\n\n'],
        ['objects of another kind', 'data: {"type":"hello"}\n\ndata: {"jsonrpc":"2.0"}\n\n'],
      ])('are refused where nothing of the format is in them: %s', (_, text) => {
        expect(() => wire.assemble(readEvents(text))).toThrow(TypeError)
      })

      it('keep what went wrong in them, beside what had come', () => {
        const error =
          'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
        const alone = wire.assemble(readEvents(error))
        expect(wire.readError(alone)).toEqual({ type: 'overloaded_error', message: 'Overloaded' })
        expect(() => wire.readReply(alone)).toThrow(TypeError)
        const [first = ''] = wire.writeStream({ message: { role: 'assistant', parts: [] } }, nothing)
        const begun = wire.assemble(readEvents(`${first}${error}`))
        expect(wire.readError(begun)).toEqual({ type: 'overloaded_error', message: 'Overloaded' })
        expect(wire.readReply(begun).message.parts).toEqual([])
      })

      it('are read in time that grows with their size only', () => {
        const pieces = 50_000
        const reply: LlmReply = { message: { role: 'assistant', parts: [{ type: 'text', content: 'x' }] } }
        const events = readEvents(streamed(reply))
        const delta = events.find(({ data }) => /"(text|content|delta)":"x"/.test(data))
        if (delta === undefined) throw new Error('no delta in the stream')
        const at = events.indexOf(delta)
        const many = Array.from({ length: pieces }, () => delta)
        // Without the events that tell the text once more.
        const whole = wire.assemble([...events.slice(0, at), ...many])
        expect(textOf(wire.readReply(whole).message)).toBe('x'.repeat(pieces))
      })
    })

    it('reads hostile bodies, or refuses them with a TypeError, and does no harm', () => {
      const bodies = fc.oneof(
        requests.map((request) => asJson(wire.writeRequest(request))),
        replies.map(written),
      )
      const broken = fc.tuple(bodies, fc.nat(), hostile)
      fc.assert(
        fc.property(
          fc.oneof(
            hostile,
            broken.map((all) => withBroken(...all)),
          ),
          (body) => {
            expectSoundRequest(wire, body)
            expectSoundReply(wire, body)
            const error = wire.readError(body) ?? { type: '', message: '' }
            expect([typeof error.type, typeof error.message]).toEqual(['string', 'string'])
            expect(wire.streams(body, new URL('http://x/'))).toBeTypeOf('boolean')
            expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
          },
        ),
        runs(600),
      )
    })

    it('reads hostile streams, or refuses them with a TypeError', () => {
      const broken = fc.tuple(replies, fc.array(fc.tuple(fc.nat(), fc.nat(), hostile), { maxLength: 3 }))
      fc.assert(
        fc.property(broken, ([reply, breaks]) => {
          const events = [...readEvents(streamed(reply))]
          for (const [which, at, value] of breaks) {
            const event = events[which % events.length]
            if (event === undefined || event.data === '[DONE]') continue
            const data = JSON.stringify(withBroken(asJson(JSON.parse(event.data)), at, value))
            events[which % events.length] = { ...event, data }
          }
          const body = triedTo(() => wire.assemble(events))
          expectSoundReply(wire, body ?? null)
          expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
        }),
        runs(400),
      )
    })

    const { client } = samples
    if (client === undefined) return
    it('is what the official client reads, plain and streamed', async () => {
      await fc.assert(
        fc.asyncProperty(replies.filter(client.reads ?? (() => true)), async (reply) => {
          const body = written(reply)
          const plain = await client.plain(async () => Response.json(body))
          expect(asJson(plain)).toMatchObject(body as object)
          const headers = { 'content-type': 'text/event-stream' }
          const final = await client.streamed(async () => new Response(streamed(reply), { headers }))
          expect(asJson(final)).toMatchObject(body as object)
        }),
        runs(40),
      )
    })

    it('reads genuine streams as the official client does', async () => {
      for (const text of samples.streams) {
        const headers = { 'content-type': 'text/event-stream' }
        const final = asJson(await client.streamed(async () => new Response(text, { headers })))
        expect(wire.readReply(wire.assemble(readEvents(text)))).toEqual(wire.readReply(final))
      }
    })
  })
}

function expectSoundRequest(wire: Wire, body: Json): void {
  const request = triedTo(() => wire.readRequest(body, new URL('http://x/model/%E0%A4%A/invoke')))
  if (request === undefined) return
  expect(llmRequest.safeParse(request).error).toBeUndefined()
  const again = asJson(wire.writeRequest(request))
  expect(canonicalJson(wire.writeRequest(wire.readRequest(again)))).toBe(canonicalJson(again))
}

function expectSoundReply(wire: Wire, body: Json): void {
  const reply = triedTo(() => wire.readReply(body))
  if (reply === undefined) return
  expect(llmReply.safeParse(reply).error).toBeUndefined()
  const again = wire.readReply(asJson(wire.writeReply(reply, nothing)))
  expect(wire.readReply(asJson(wire.writeReply(again, nothing)))).toEqual(again)
}

/** The text that came before a stream was cut. */
function textOfCut(wire: Wire, bytes: Uint8Array): string {
  const body = triedTo(() => wire.assemble(readEvents(new TextDecoder().decode(bytes))))
  return body === undefined ? '' : textOf(wire.readReply(body).message)
}

/** The result, or nothing where it was refused as it should be. */
function triedTo<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof TypeError && !/undefined|null|not a function|iterable/.test(error.message))
      return undefined
    throw error
  }
}

const keys =
  'type role content text tool_calls function input output message arguments messages choices item delta usage'
const kinds = 'assistant tool text tool_use tool_result reasoning function_call message custom __proto__ {'
const strange = JSON.parse(
  `[null, true, -1, 1e308, "", [], {}, [[]], [null], {"$text":5}, {"$text":{"text":7}}, {"$message":{"role":1}},
    {"$item":{}}, {"__proto__":{"polluted":1}}, {"constructor":{"prototype":{"polluted":1}},"toString":1,"length":-1}]`,
) as readonly Json[]
const hostile: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...strange, ...kinds.split(' ')),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys.split(' '), 'index'), tie('value'), { maxKeys: 4 }),
  ),
})).value

/** A copy in which one place holds something else. */
function withBroken(body: Json, at: number, value: Json): Json {
  let place = at % Math.max(1, JSON.stringify(body).split(/[,:]/).length)
  const walk = (node: Json): Json => {
    if (place-- === 0) return value
    if (Array.isArray(node)) return (node as readonly Json[]).map(walk)
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, walk(member ?? null)]))
  }
  return walk(body)
}

/** As it crosses the network. */
function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}
