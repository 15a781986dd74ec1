import { http, HttpResponse } from 'msw/http'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { subjectOf } from '../subject.ts'
import { judge } from './index.ts'
import type { Question, Verdict } from './judge.ts'
import { liveJudges } from './live.ts'
import { replyOf, serveModel } from './testing/model-server.ts'

/** The providers' own addresses, which no test may ever reach. */
describe('judges without a base address', () => {
  const network = setupServer()
  const seen: Request[] = []
  beforeAll(() => network.listen({ onUnhandledFrame: 'error' }))
  afterEach(() => {
    network.resetHandlers()
    seen.length = 0
    vi.restoreAllMocks()
  })
  afterAll(() => network.close())

  const ask = async (model: string): Promise<Verdict> => {
    const env = { ANTHROPIC_API_KEY: 'key-a', OPENAI_API_KEY: 'key-o' }
    const secret = (): string => '00112233445566778899aabbccddeeff'
    const live = liveJudges({ env, now: () => 0, random: () => 0, secret, sleep: async () => undefined })
    const asks = judge.rubric({ text: 'The answer is polite.', model })
    const [question] = asks.judge?.questionsOf(subjectOf({ output: 'Gladly.' })) ?? []
    return live.ask(question as Question)
  }

  it.each([
    ['claude-haiku-4-5-20251001', 'anthropic', 'https://api.anthropic.com/v1/messages', 'key-a'],
    ['gpt-4o-2024-11-20', 'openai', 'https://api.openai.com/v1/chat/completions', 'key-o'],
  ] as const)('ask %s of its provider', async (model, provider, address, key) => {
    const fields = { critique: 'It is.', verdict: 'pass' }
    network.use(
      http.post(address, ({ request }) => {
        seen.push(request)
        return new HttpResponse(replyOf({ provider, model }, { fields }), {
          headers: { 'content-type': 'application/json' },
        })
      }),
    )
    expect(await ask(model)).toMatchObject({ verdict: 'pass', tries: 1 })
    expect(seen.map(({ url }) => url)).toEqual([address])
    // Newer clients send it as a bearer, older ones of Anthropic in a header of its own.
    expect([...(seen[0]?.headers.values() ?? [])].join(' ')).toContain(key)
  })

  it('get no answer where the test expects no request', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(await ask('gpt-4o-2024-11-20')).toMatchObject({ unjudged: 'provider' })
    expect(String(told.mock.calls[0])).toContain('api.openai.com')
    // Not for lack of a network: here somebody would answer.
    const server = await serveModel(() => ({ text: 'hello' }))
    await expect(fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{}' })).rejects.toThrow('fetch')
    expect(server.asked).toEqual([])
    await server.close()
  })
})
