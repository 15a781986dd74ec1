import { createOpenAI } from '@ai-sdk/openai'
import { generateText, stepCountIs, streamText, tool } from 'ai'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { fetch as tapped } from '../../src/tap/fetch.ts'
import { tool as tappedTool } from '../../src/tap/function.ts'
import { modelServer, type Scripted, sse } from './support/model-server.ts'
import { recorded, replayed } from './support/sessions.ts'

/** Clients of other makers that take a `fetch`, with tools of ours behind theirs. */
const text = (content: string): Scripted => ({
  headers: { 'content-type': 'application/json' },
  chunks: [
    JSON.stringify({
      id: 'c2',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    }),
  ],
})
const call = { id: 'call_1', type: 'function', function: { name: 'get_order', arguments: '{"order":"W12"}' } }
const asking: Scripted = {
  headers: { 'content-type': 'application/json' },
  chunks: [
    JSON.stringify({
      id: 'c1',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: null, tool_calls: [call] },
          finish_reason: 'tool_calls',
        },
      ],
    }),
  ],
}
const chunk = (delta: object, finish_reason: string | null = null): [undefined, object] => [
  undefined,
  { id: 'c3', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] },
]
const streamed: Scripted = {
  headers: { 'content-type': 'text/event-stream' },
  chunks: sse(chunk({ role: 'assistant', content: 'Grüße' }), chunk({ content: ' 👋' }), chunk({}, 'stop'), [
    undefined,
    '[DONE]',
  ]),
}

it('the AI SDK with evalkit.fetch is recorded and replayed', async () => {
  const server = await modelServer(({ body }) => {
    if (body.includes('"stream":true')) return streamed
    return body.includes('"role":"tool"') ? text('It was sent.') : asking
  })
  let ran = 0
  const getOrder = tappedTool({ name: 'get_order' }, ({ order }: { order: string }) => {
    ran++
    return { order, status: 'sent' }
  })
  const agent = async (): Promise<unknown> => {
    const model = createOpenAI({ apiKey: 'x', baseURL: `${server.origin}/v1`, fetch: tapped }).chat('m')
    const tools = { get_order: tool({ inputSchema: z.object({ order: z.string() }), execute: getOrder }) }
    const plain = await generateText({
      model,
      tools,
      prompt: 'Where is W12?',
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    })
    const parts: string[] = []
    for await (const part of streamText({ model, prompt: 'Greet.', maxRetries: 0 }).textStream)
      parts.push(part)
    return { text: plain.text, steps: plain.steps.length, parts }
  }
  const { result, trace } = await recorded(agent)
  await server.close()
  expect(result).toEqual({ text: 'It was sent.', steps: 2, parts: ['Grüße', ' 👋'] })
  expect(trace.spans.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'agent agent',
    'llm m',
    'tool get_order',
    'llm m',
    'llm m',
  ])
  const again = await replayed(trace, agent)
  expect(again.result).toEqual(result)
  expect([again.player.fidelity().share, again.player.unused(), ran]).toEqual([1, [], 1])
})
