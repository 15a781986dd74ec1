import * as z from 'zod'
import type OpenAI from 'openai'
import { defined } from '../../../lib/defined.ts'
import { readJson } from '../../../lib/json.ts'
import type { Usage } from '../../../schema/call.ts'
import { answerTool } from '../answer-schema.ts'
import { failureOf, ModelFailure } from './failure.ts'
import type { JudgeClient, JudgeProvider, ModelAnswer, ModelQuestion, ModelSaid } from './model.ts'
import { clientPackage, inTime } from './one-request.ts'

/**
 * OpenAI Chat Completions, through the official client, and whatever speaks it: gateways, servers on this machine. The
 * verdict is output by a schema (https://platform.openai.com/docs/guides/structured-outputs); a server that passes over
 * the schema answers in text, which is read as such.
 */
export const openai = {
  name: 'openai',
  title: 'OpenAI',
  sdk: 'openai',
  keyName: 'OPENAI_API_KEY',
  baseUrlName: 'OPENAI_BASE_URL',
  reserved: ['model', 'messages', 'response_format', 'tools', 'tool_choice', 'stream', 'n'],
  address: 'https://api.openai.com/v1',
  async open({ key, baseUrl, fetch, now }): Promise<JudgeClient> {
    const sdk = await clientPackage('openai', () => import('openai'))
    const client = new sdk.OpenAI({
      apiKey: key,
      organization: null,
      project: null,
      // Left out, the client would look into the environment of the process by itself.
      baseURL: baseUrl ?? 'https://api.openai.com/v1',
      // Both are ours: tries are counted, and a redirect would take the key to wherever it leads.
      maxRetries: 0,
      fetchOptions: { redirect: 'manual' },
      fetch,
      logLevel: 'off',
    })
    return { ask: (question) => ask(client, (error) => failureOf(error, sdk, now()), question) }
  },
} satisfies JudgeProvider

async function ask(
  client: OpenAI,
  failed: (error: unknown) => ModelFailure,
  question: ModelQuestion,
): Promise<ModelAnswer> {
  const { model, system, user, schema, parameters, timeoutMs, signal } = question
  const body = {
    ...parameters,
    model,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    response_format: { type: 'json_schema', json_schema: { name: answerTool, strict: true, schema } },
  }
  const reply: unknown = await inTime(timeoutMs, signal, async (ended) => {
    try {
      return await client.chat.completions.create(
        body as unknown as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming,
        { signal: ended, timeout: timeoutMs },
      )
    } catch (error) {
      throw failed(error)
    }
  })
  return answerIn(reply, model)
}

const count = z.number().nonnegative().nullish()

/** What is read of a reply. Servers that only speak the format leave out much. */
const completion = z.looseObject({
  model: z.string().nullish(),
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z
            .array(
              z.looseObject({
                function: z.looseObject({ name: z.string(), arguments: z.string() }).optional(),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .looseObject({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.looseObject({ cached_tokens: count }).nullish(),
      completion_tokens_details: z.looseObject({ reasoning_tokens: count }).nullish(),
    })
    .nullish(),
})
type Completion = z.output<typeof completion>

function answerIn(reply: unknown, asked: string): ModelAnswer {
  const read = completion.safeParse(reply)
  const choice = read.data?.choices[0]
  if (read.data === undefined || choice === undefined) {
    throw new ModelFailure('its answer is not in the form of Chat Completions', {
      kind: 'provider',
      again: true,
      begun: true,
    })
  }
  const { model, usage } = read.data
  return {
    said: saidIn(choice),
    isCut: choice.finish_reason === 'length',
    model: model ?? asked,
    ...defined({ usage: usage ? usageIn(usage) : undefined }),
  }
}

function saidIn({ finish_reason, message }: Completion['choices'][number]): ModelSaid {
  const { content, refusal, tool_calls } = message
  if (typeof refusal === 'string' && refusal !== '') return { refusal }
  if (finish_reason === 'content_filter') return { refusal: content ?? '' }
  const calls = (tool_calls ?? []).flatMap(({ function: called }) =>
    called?.name === answerTool ? [called] : [],
  )
  const [only, ...others] = calls
  if (only === undefined) return { text: content ?? '' }
  const fields = readJson(only.arguments)
  if (others.length > 0 || !fields.ok) return { text: calls.map(({ arguments: given }) => given).join('\n') }
  return { fields: fields.value }
}

function usageIn(usage: NonNullable<Completion['usage']>): Usage | undefined {
  const { prompt_tokens: prompt, completion_tokens: output } = usage
  if (typeof prompt !== 'number' || typeof output !== 'number') return undefined
  const cacheRead = Math.min(prompt, usage.prompt_tokens_details?.cached_tokens ?? 0)
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? undefined
  return { input: prompt - cacheRead, cacheRead, cacheWrite: 0, output, ...defined({ reasoning }) }
}
