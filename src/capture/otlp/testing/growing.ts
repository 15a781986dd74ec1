import * as fc from 'fast-check'
import { type Field, message, traceRequest } from './proto-writer.ts'

const prompt = `Hello. ${'Be quick about it. '.repeat(40)}`
const items = [
  `"${prompt}"`,
  '{"role":"user","content":"Où est ma commande 日本?"}',
  '{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"look","arguments":{"a":[1,2]}}]}',
  '{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"]"}]}',
  `{"role":"user","content":"my key is sk-ant-api03-${'Ab1'.repeat(31)}AA"}`,
  '{"password":"hunter22"}',
  '"authorization"',
  '"Zm9vYmFyYmF6"',
  '"\\u00e9\\ud83d\\ude00"',
  '7',
  'no JSON',
  '',
] as const
const names = ['gen_ai.input.messages', 'b', 'name', 'value', 'password', 'callback_url', '7'] as const

/** Bytes that break UTF-8 in the middle of a text. */
const broken = Buffer.from([0xe2, 0x82])

/**
 * Attributes of spans whose texts are, go on from, and branch off from one another, in a request of protobuf. Some are no JSON, some
 * hold secrets, in some UTF-8 is broken.
 */
export const growingRequests = fc
  .record({
    conversation: fc.array(fc.constantFrom(...items), { minLength: 3, maxLength: 8 }),
    spans: fc.array(
      fc.array(
        fc.record({
          name: fc.constantFrom(...names),
          /** How much of the conversation it says, and what else. */
          length: fc.nat(8),
          more: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.constantFrom(...items))),
          end: fc.oneof({ weight: 5, arbitrary: fc.constant(']') }, fc.constantFrom('] ', '', ',]')),
          breaks: fc.nat(9).map((chance) => chance === 0),
        }),
        { maxLength: 3 },
      ),
      { minLength: 1, maxLength: 12 },
    ),
  })
  .map(({ conversation, spans }) => {
    const said = spans.map((attributes) =>
      attributes.map(({ name, length, more, end, breaks }) => ({
        name,
        bytes: Buffer.concat([
          Buffer.from(`["${prompt}`),
          breaks ? broken : Buffer.alloc(0),
          Buffer.from(
            `"${[...conversation.slice(0, length), ...more].map((item) => `,${item}`).join('')}${end}`,
          ),
        ]),
      })),
    )
    return {
      request: traceRequest(
        said.map((attributes, at) => {
          const id = Buffer.alloc(8)
          id.writeUInt32BE(at + 1)
          return message([
            [1, Buffer.alloc(16, 7)],
            [2, id],
            [5, 'chat'],
            [7, BigInt(at + 1) * 1_000_000_000n, 'fixed64'],
            [8, BigInt(at + 1) * 1_000_000_000n + 5n, 'fixed64'],
            [9, attribute('gen_ai.operation.name', Buffer.from('chat'))],
            ...attributes.map(({ name, bytes }): Field => [9, attribute(name, bytes)]),
          ])
        }),
      ),
      /** What each span says. */
      attributes: said.map((attributes) => ({
        'gen_ai.operation.name': 'chat',
        ...Object.fromEntries(attributes.map(({ name, bytes }) => [name, bytes.toString('utf8')])),
      })),
    }
  })

function attribute(name: string, text: Buffer): Buffer {
  return message([
    [1, name],
    [2, message([[1, text]])],
  ])
}
