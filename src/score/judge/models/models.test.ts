import { afterEach, describe, expect, it } from 'vitest'
import { EvalkitError } from '../../../schema/errors.ts'
import { judgeProviders, providerFor } from './index.ts'
import { describeProvider } from './model.contract.ts'
import { replyOf, type ModelServer, type Served, serveModel } from '../testing/model-server.ts'
import type { JudgeProvider, ModelAnswer } from './model.ts'
import { clientPackage } from './one-request.ts'
import { answerSchema } from '../answer-schema.ts'

describeProvider(judgeProviders.anthropic, 'claude-sonnet-4-5-20250929')
describeProvider(judgeProviders.openai, 'gpt-4o-2024-11-20')

it('asks each model of who speaks for it', () => {
  expect(providerFor('claude-sonnet-4-5-20250929')).toBe('anthropic')
  expect(providerFor('gpt-4o-2024-11-20')).toBe('openai')
  expect(providerFor('qwen2.5:7b')).toBe('openai')
})

it('says how to install a client that is not there', async () => {
  const missing = clientPackage('openai', () => Promise.reject(new Error('Cannot find it.')))
  await expect(missing).rejects.toThrow(EvalkitError)
  await expect(missing).rejects.toMatchObject({
    code: 'EVK_JUDGE_SDK',
    hint: 'npm install --save-dev openai',
  })
})

describe('what is particular', () => {
  let server: ModelServer | undefined
  afterEach(async () => server?.close())

  async function answerOf(provider: JudgeProvider, served: Served, parameters = {}): Promise<ModelAnswer> {
    server = await serveModel(() => served)
    const client = await provider.open({ key: 'k', baseUrl: server.url, fetch, now: () => 0 })
    const schema = answerSchema({ pass: 'pass', fail: 'fail' })
    return client.ask({ model: 'm', system: 's', user: 'u', schema, parameters, timeoutMs: 5000 })
  }
  const { anthropic, openai } = judgeProviders
  const fields = { critique: 'Good.', verdict: 'pass' }

  it('forces the tool of Anthropic, unless the model is to think first', async () => {
    await answerOf(anthropic, { fields })
    expect(server?.asked[0]?.body).toMatchObject({
      max_tokens: 2048,
      tool_choice: { type: 'tool', name: 'verdict', disable_parallel_tool_use: true },
      tools: [{ name: 'verdict', input_schema: answerSchema({ pass: 'pass', fail: 'fail' }) }],
    })
    const thinking = { type: 'enabled', budget_tokens: 1024 }
    await answerOf(anthropic, { fields }, { thinking, max_tokens: 4000 })
    expect(server?.asked[0]?.body).toMatchObject({
      thinking,
      max_tokens: 4000,
      tool_choice: { type: 'auto' },
    })
  })

  it('asks OpenAI for a schema, and sets no limit of tokens', async () => {
    await answerOf(openai, { fields })
    const { body } = server?.asked[0] ?? {}
    expect(body).toMatchObject({ response_format: { type: 'json_schema', json_schema: { strict: true } } })
    expect(Object.keys(body ?? {}).toSorted()).toEqual(['messages', 'model', 'response_format'])
  })

  it('takes two calls of the tool for none', async () => {
    const call = { type: 'tool_use', id: 'a', name: 'verdict', input: fields }
    const reply = JSON.parse(replyOf({ provider: 'anthropic', model: 'm' }, { fields })) as object
    const raw = JSON.stringify({
      ...reply,
      content: [call, { ...call, input: { ...fields, verdict: 'fail' } }],
    })
    expect((await answerOf(anthropic, { raw })).said).toEqual({
      fields: [fields, { ...fields, verdict: 'fail' }],
    })
  })

  it('does not take a call of another tool, or text beside the call, for the verdict', async () => {
    const reply = JSON.parse(replyOf({ provider: 'anthropic', model: 'm' }, { fields })) as {
      content: object[]
    }
    const text = { type: 'text', text: '{"critique":"no","verdict":"fail"}' }
    const other = { type: 'tool_use', id: 'b', name: 'other', input: { verdict: 'fail' } }
    const raw = JSON.stringify({ ...reply, content: [text, other, ...reply.content] })
    expect((await answerOf(anthropic, { raw })).said).toEqual({ fields })
    const alone = JSON.stringify({ ...reply, content: [other] })
    expect((await answerOf(anthropic, { raw: alone })).said).toEqual({ text: '' })
  })

  it('reads the verdict from a tool where a server has it there', async () => {
    const called = { name: 'verdict', arguments: JSON.stringify(fields) }
    const message = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: called }],
    }
    const raw = JSON.stringify({ model: 'm', choices: [{ index: 0, finish_reason: 'tool_calls', message }] })
    const answer = await answerOf(openai, { raw })
    expect(answer).toEqual({ said: { fields }, isCut: false, model: 'm' })
  })

  it('knows a filtered answer for a refusal', async () => {
    const choice = { index: 0, finish_reason: 'content_filter', message: { role: 'assistant', content: '' } }
    const raw = JSON.stringify({ model: 'm', choices: [choice] })
    expect((await answerOf(openai, { raw })).said).toEqual({ refusal: '' })
  })

  it('counts tokens that were cached apart', async () => {
    const usage = {
      input_tokens: 10,
      cache_read_input_tokens: 90,
      cache_creation_input_tokens: 5,
      output_tokens: 3,
    }
    const ofAnthropic = {
      ...(JSON.parse(replyOf({ provider: 'anthropic', model: 'm' }, { fields })) as object),
      usage,
    }
    expect((await answerOf(anthropic, { raw: JSON.stringify(ofAnthropic) })).usage).toEqual({
      input: 10,
      cacheRead: 90,
      cacheWrite: 5,
      output: 3,
    })
    const told = {
      prompt_tokens: 100,
      completion_tokens: 30,
      prompt_tokens_details: { cached_tokens: 90 },
      completion_tokens_details: { reasoning_tokens: 20 },
    }
    const ofOpenai = {
      ...(JSON.parse(replyOf({ provider: 'openai', model: 'm' }, { fields })) as object),
      usage: told,
    }
    expect((await answerOf(openai, { raw: JSON.stringify(ofOpenai) })).usage).toEqual({
      input: 10,
      cacheRead: 90,
      cacheWrite: 0,
      output: 30,
      reasoning: 20,
    })
  })
})
