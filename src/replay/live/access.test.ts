import { describe, expect, it } from 'vitest'
import { addressIn, keyOf, modelAccessFrom } from './access.ts'

describe('modelAccessFrom', () => {
  it('knows the providers without being told', () => {
    const access = modelAccessFrom({ OPENAI_API_KEY: ' sk-1\n', ANTHROPIC_API_KEY: '' })
    expect(access['openai-chat']).toEqual({
      baseUrl: 'https://api.openai.com/v1',
      key: 'sk-1',
      keyName: 'OPENAI_API_KEY',
    })
    expect(access['openai-responses']).toBe(access['openai-chat'])
    expect(access['anthropic-messages']).toEqual({
      baseUrl: 'https://api.anthropic.com',
      key: undefined,
      keyName: 'ANTHROPIC_API_KEY',
    })
    expect(access['bedrock-anthropic'].baseUrl).toBe('https://bedrock-runtime.us-east-1.amazonaws.com')
  })

  it('takes other addresses', () => {
    const access = modelAccessFrom({
      OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1/',
      ANTHROPIC_BASE_URL: 'https://gateway.example/anthropic',
      AWS_REGION: 'eu-west-1',
    })
    expect(addressIn(access['openai-chat'], '/chat/completions').href).toBe(
      'http://127.0.0.1:8080/v1/chat/completions',
    )
    expect(addressIn(access['anthropic-messages'], '/v1/messages').pathname).toBe('/anthropic/v1/messages')
    expect(access['bedrock-anthropic'].baseUrl).toContain('eu-west-1')
  })

  it('names the variable of a key that is missing, and never shows one that cannot be', () => {
    const access = modelAccessFrom({ OPENAI_API_KEY: 'sk-secret\nsecond line' })
    expect(() => keyOf(access['anthropic-messages'])).toThrow('ANTHROPIC_API_KEY is not set')
    expect(() => keyOf(access['openai-chat'])).toThrow(
      expect.objectContaining({
        code: 'EVK_KEY_MISSING',
        message: 'OPENAI_API_KEY holds characters that no key has.',
      }),
    )
  })

  it.each(['', 'api.openai.com', 'file:///etc', 'ftp://x'])('takes no %j for an address', (baseUrl) => {
    expect(() => addressIn({ baseUrl, key: 'k', keyName: 'K' }, '/x')).toThrow(
      expect.objectContaining({ code: 'EVK_USAGE' }),
    )
  })
})
