import { describe, expect, it } from 'vitest'
import type { Attempt } from '../schema/attempt.ts'
import { readAttempt } from './read-attempt.ts'
import { wires } from './wire/index.ts'

const stream = (body: string): Attempt => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body,
})

describe('readAttempt', () => {
  it.each([
    [
      wires['anthropic-messages'],
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      { type: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      wires['openai-chat'],
      'data: {"error":{"type":"server_error","message":"Try again"}}\n\n',
      { type: 'server_error', message: 'Try again' },
    ],
    [
      wires['openai-responses'],
      'event: error\ndata: {"type":"error","code":"server_error","message":"Try again"}\n\n',
      { type: 'server_error', message: 'Try again' },
    ],
  ])('reads a stream that only says what went wrong ($0.name)', (wire, body, error) => {
    expect(readAttempt(stream(body), wire)).toEqual({ error })
  })

  it('keeps what came before a stream said what went wrong', () => {
    const body = [
      '{"type":"message_start","message":{"role":"assistant","content":[]}}',
      '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Let"}}',
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    ].map((data) => `data: ${data}\n\n`)
    expect(readAttempt(stream(body.join('')), wires['anthropic-messages'])).toMatchObject({
      reply: { message: { role: 'assistant' } },
      error: { type: 'overloaded_error' },
    })
  })
})
