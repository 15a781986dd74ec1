import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../redact.ts'

const secret = 'sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3dEf6hIj9kLm2n'

interface Request {
  readonly messages: readonly object[]
}

/** Requests that repeat messages as the same objects, at several places. */
const requests = fc
  .tuple(
    fc.array(fc.constantFrom('tea', `key ${secret}`, `{"token":"${secret}"}`), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.array(fc.array(fc.nat(), { maxLength: 6 }), { maxLength: 6 }),
  )
  .map(([texts, all]) => {
    const messages = texts.map((content) => ({ parts: [{ content, messages: [{ content }] }] }))
    return all.map((places) => ({ messages: places.map((at) => messages[at % messages.length] as object) }))
  })

describe('messages that requests repeat', () => {
  it('are redacted and counted as if each stood there alone', () => {
    fc.assert(
      fc.property(requests, (value) => {
        const [shared, alone] = [createRedactor(), createRedactor()]
        expect(shared.json(value)).toEqual(alone.json(structured(value)))
        expect(shared.report()).toEqual(alone.report())
      }),
      { seed: 42 },
    )
  })

  it('stay one object', () => {
    const [plain, told] = [{ content: 'tea' }, { content: `key ${secret}` }]
    const value = [{ messages: [told] }, { messages: [told, plain] }]
    const [one, two] = createRedactor().json<readonly Request[]>(value)
    expect(one?.messages[0]).not.toBe(told)
    expect(two?.messages[0]).toBe(one?.messages[0])
    expect(two?.messages[1]).toBe(plain)
  })

  it('are each asked about where a mask may answer by the place', () => {
    const message = { content: 'table seven' }
    const places: string[] = []
    const mask = (text: string, { path }: { readonly path: string }): string => {
      places.push(path)
      return text
    }
    createRedactor({ mask }).json([{ messages: [message] }, { messages: [message] }])
    expect(places).toEqual(['$[0].messages[0].content', '$[1].messages[0].content'])
  })
})

/** The same with every message an object of its own. */
function structured(value: readonly Request[]): unknown {
  return value.map(({ messages }) => ({ messages: messages.map((message) => structuredClone(message)) }))
}
