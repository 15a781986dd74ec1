import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { wires } from './index.ts'

const wire = wires['bedrock-anthropic']
const body = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages: [] }
const at = (id: string) => new URL(`https://bedrock-runtime.us-east-1.amazonaws.com/model/${id}/invoke`)

describe('bedrock-anthropic', () => {
  it('reads a genuine reply', () => {
    const text = readFileSync(
      new URL('../../../test/data/wire/bedrock-anthropic.text.json', import.meta.url),
      'utf8',
    )
    expect(wire.readReply(JSON.parse(text) as Json)).toMatchObject({
      message: { role: 'assistant', parts: [{ type: 'text' }] },
      model: 'claude-3-7-sonnet-20250219',
      finishReason: 'end_turn',
      responseId: 'msg_bdrk_012QekNLTDnyWFKgKZZvt5bU',
      usage: { input: 21, cacheRead: 0, cacheWrite: 0, output: 67 },
    })
  })

  it('finds the model in the address', () => {
    expect(wire.readRequest(body, at('us.anthropic.claude-x-v1:0'))).toMatchObject({
      model: 'us.anthropic.claude-x-v1:0',
      parameters: { anthropic_version: 'bedrock-2023-05-31', max_tokens: 9 },
    })
    expect(wire.readRequest(body, at('anthropic.claude-x-v1%3A0')).model).toBe('anthropic.claude-x-v1:0')
    expect(wire.readRequest(body, at('anthropic.%E0%A4%A')).model).toBe('anthropic.%E0%A4%A')
    expect(wire.readRequest(body)).not.toHaveProperty('model')
  })

  it('keeps the model where it was read from', () => {
    const request = wire.readRequest(body, at('anthropic.x'))
    expect(wire.readRequest(wire.writeRequest(request), at('anthropic.y'))).toEqual(request)
  })

  it('says what went wrong in the words of AWS, too', () => {
    expect(wire.readError({ message: 'Too many tokens', __type: 'ThrottlingException' })).toEqual({
      type: 'ThrottlingException',
      message: 'Too many tokens',
    })
    expect(wire.readError({ Message: 'No.' })).toEqual({ type: 'error', message: 'No.' })
  })

  it('is asked for a stream at another address, which it does not claim', () => {
    expect(wire.streams({ ...body, stream: true }, at('anthropic.x'))).toBe(false)
    expect(wire.matches(new URL(`${at('anthropic.x').href}-with-response-stream`))).toBe(false)
  })
})
