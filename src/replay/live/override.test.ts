import { describe, expect, it } from 'vitest'
import { readCall, type Sent } from '../../tap/sent.ts'
import { overridden, overriddenRequest, type Overrides } from './override.ts'

function changed(
  url: string,
  body: string,
  overrides: Overrides,
  headers: Record<string, string> = {},
): Sent {
  const sent: Sent = { method: 'POST', url: new URL(url), headers: new Headers(headers), body }
  const read = readCall(sent)
  if (read.kind !== 'llm') throw new TypeError('no model call')
  return overridden(read, sent, overrides)
}

const chat = 'https://api.openai.com/v1/chat/completions'
const responses = 'https://api.openai.com/v1/responses'
const anthropic = 'https://api.anthropic.com/v1/messages'
const bedrock = 'https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude-a-v1%3A0/invoke'
const both = { model: 'new', system: 'Be "brief".' }

describe('overridden', () => {
  it('leaves every byte as it was where nothing is overridden', () => {
    const body = '{ "messages":[], "model" : "a" }'
    expect(changed(chat, body, {}).body).toBe(body)
  })

  it.each<[string, string, string, string]>([
    [
      'Chat Completions: the first system message',
      chat,
      '{"model":"a","temperature":1.0,"messages":[{"role":"system","content":"Old."},{"role":"system","content":"Today is Monday."},{"role":"user","content":"\\u00e9"}]}',
      '{"model":"new","temperature":1.0,"messages":[{"role":"system","content":"Be \\"brief\\"."},{"role":"system","content":"Today is Monday."},{"role":"user","content":"\\u00e9"}]}',
    ],
    [
      'Chat Completions: a developer message, in parts',
      chat,
      '{"messages":[{"role":"developer","content":[{"type":"text","text":"Old."}]},{"role":"user","content":"x"}],"model":"a"}',
      '{"messages":[{"role":"developer","content":"Be \\"brief\\"."},{"role":"user","content":"x"}],"model":"new"}',
    ],
    [
      'Chat Completions: none yet',
      chat,
      '{"model":"a","messages":[{"role":"user","content":"x"}]}',
      '{"model":"new","messages":[{"role":"system","content":"Be \\"brief\\"."},{"role":"user","content":"x"}]}',
    ],
    [
      'Responses: instructions',
      responses,
      '{"model":"a","instructions":"Old.","input":"x"}',
      '{"model":"new","instructions":"Be \\"brief\\".","input":"x"}',
    ],
    [
      'Responses: a system item',
      responses,
      '{"model":"a","input":[{"role":"system","content":"Old."},{"role":"user","content":"x"}]}',
      '{"model":"new","input":[{"role":"system","content":"Be \\"brief\\"."},{"role":"user","content":"x"}]}',
    ],
    [
      'Responses: neither',
      responses,
      '{"model":"a","input":"x"}',
      '{"instructions":"Be \\"brief\\".","model":"new","input":"x"}',
    ],
    [
      'Responses: instructions that are null',
      responses,
      '{"model":"a","instructions":null,"input":"x"}',
      '{"model":"new","instructions":"Be \\"brief\\".","input":"x"}',
    ],
    [
      'Anthropic: text',
      anthropic,
      '{"model":"a","max_tokens":9,"system":"Old.","messages":[{"role":"user","content":"x"}]}',
      '{"model":"new","max_tokens":9,"system":"Be \\"brief\\".","messages":[{"role":"user","content":"x"}]}',
    ],
    [
      'Anthropic: blocks, of which the last is cached',
      anthropic,
      '{"model":"a","system":[{"type":"text","text":"Old."},{"type":"text","text":"More.","cache_control":{"type":"ephemeral"}}],"messages":[]}',
      '{"model":"new","system":[{"type":"text","text":"Be \\"brief\\".","cache_control":{"type":"ephemeral"}}],"messages":[]}',
    ],
    [
      'Anthropic: none yet',
      anthropic,
      '{"model":"a","messages":[]}',
      '{"system":"Be \\"brief\\".","model":"new","messages":[]}',
    ],
  ])('%s', (_, url, before, after) => {
    const sent = changed(url, before, both)
    expect(sent.body).toBe(after)
    expect(sent.url.href).toBe(url)
    const read = readCall(sent)
    expect(read.kind === 'llm' && read.request.model).toBe('new')
  })

  it('knows models that stand in the address', () => {
    const sent = changed(bedrock, '{"messages":[],"system":"Old."}', {
      ...both,
      model: 'us.anthropic.claude-b-v1:0',
    })
    expect(sent.url.pathname).toBe('/model/us.anthropic.claude-b-v1%3A0/invoke')
    expect(sent.body).toBe('{"messages":[],"system":"Be \\"brief\\"."}')
    const azure = 'https://x.openai.azure.com/openai/deployments/gpt-a/chat/completions?api-version=1'
    const there = changed(azure, '{"messages":[],"model":"gpt-a"}', { model: 'gpt-b' })
    expect(there.url.href).toBe(azure.replace('gpt-a', 'gpt-b'))
    expect(there.body).toBe('{"messages":[],"model":"gpt-b"}')
    const evil = changed(bedrock, '{"messages":[]}', { model: '../../$1?claude' })
    expect(evil.url.pathname).toBe('/model/..%2F..%2F%241%3Fclaude/invoke')
  })

  it('refuses to change what is signed', () => {
    const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/bedrock/aws4_request' }
    expect(() => changed(bedrock, '{"messages":[]}', both, signed)).toThrow('signs its requests')
    expect(changed(bedrock, '{"messages":[]}', {}, signed).body).toBe('{"messages":[]}')
  })
})

describe('overriddenRequest', () => {
  it('exchanges model and system prompt', () => {
    const request = { model: 'a', messages: [], parameters: { temperature: 0 } }
    expect(overriddenRequest(request, both)).toEqual({
      ...request,
      model: 'new',
      system: [{ type: 'text', content: 'Be "brief".' }],
    })
    expect(overriddenRequest(request, {})).toEqual(request)
  })
})
