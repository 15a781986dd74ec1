import * as z from 'zod'
import type Anthropic from '@anthropic-ai/sdk'
import { defined } from '../../../lib/defined.ts'
import type { Usage } from '../../../schema/call.ts'
import { answerTool } from '../answer-schema.ts'
import { failureOf, ModelFailure } from './failure.ts'
import {
  type JudgeClient,
  type JudgeProvider,
  type ModelAnswer,
  type ModelQuestion,
  type ModelSaid,
  usualTokens,
} from './model.ts'
import { clientPackage, inTime } from './one-request.ts'

/**
 * Anthropic Messages, through the official client; the verdict is the input of a tool that has to be called
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use).
 */
export const anthropic = {
  name: 'anthropic',
  title: 'Anthropic',
  sdk: '@anthropic-ai/sdk',
  keyName: 'ANTHROPIC_API_KEY',
  baseUrlName: 'ANTHROPIC_BASE_URL',
  reserved: ['model', 'system', 'messages', 'tools', 'tool_choice', 'stream'],
  address: 'https://api.anthropic.com',
  async open({ key, baseUrl, fetch, now }): Promise<JudgeClient> {
    const sdk = await clientPackage('@anthropic-ai/sdk', () => import('@anthropic-ai/sdk'))
    const client = new sdk.Anthropic({
      apiKey: key,
      authToken: null,
      // Left out, the client would look into the environment of the process by itself.
      baseURL: baseUrl ?? 'https://api.anthropic.com',
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
  client: Anthropic,
  failed: (error: unknown) => ModelFailure,
  question: ModelQuestion,
): Promise<ModelAnswer> {
  const { model, system, user, schema, parameters, timeoutMs, signal } = question
  const body = {
    max_tokens: usualTokens,
    ...parameters,
    model,
    system,
    messages: [{ role: 'user', content: user }],
    tools: [{ name: answerTool, description: 'Gives the verdict.', input_schema: schema }],
    // A model that thinks first cannot be forced to call a tool; it is told to in the instruction.
    tool_choice: isThinking(parameters.thinking)
      ? { type: 'auto' }
      : { type: 'tool', name: answerTool, disable_parallel_tool_use: true },
  }
  const reply: unknown = await inTime(timeoutMs, signal, async (ended) => {
    try {
      // Not by `messages.create`, which prints to the terminal what it thinks of the model's age.
      return await client.post('/v1/messages', { body, signal: ended, timeout: timeoutMs })
    } catch (error) {
      throw failed(error)
    }
  })
  return answerIn(reply, model)
}

function isThinking(thinking: unknown): boolean {
  return (
    typeof thinking === 'object' && thinking !== null && (thinking as { type?: unknown }).type !== 'disabled'
  )
}

const count = z.number().nonnegative().nullish()

/** What is read of a reply. Servers that only speak the format leave out much. */
const message = z.looseObject({
  model: z.string().nullish(),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullish(),
  usage: z
    .looseObject({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
    })
    .nullish(),
})

function answerIn(reply: unknown, asked: string): ModelAnswer {
  const read = message.safeParse(reply)
  if (!read.success) {
    throw new ModelFailure('its answer is not in the form of Anthropic Messages', {
      kind: 'provider',
      again: true,
      begun: true,
    })
  }
  const { model, content, stop_reason, usage } = read.data
  return {
    said: saidIn(content, stop_reason ?? undefined),
    isCut: stop_reason === 'max_tokens' || stop_reason === 'model_context_window_exceeded',
    model: model ?? asked,
    ...defined({ usage: usage ? usageIn(usage) : undefined }),
  }
}

function saidIn(
  content: readonly { readonly type: string; readonly [key: string]: unknown }[],
  stopReason: string | undefined,
): ModelSaid {
  const text = content.flatMap((block) =>
    block.type === 'text' && typeof block.text === 'string' ? [block.text] : [],
  )
  if (stopReason === 'refusal') return { refusal: text.join('\n') }
  const calls = content.filter((block) => block.type === 'tool_use' && block.name === answerTool)
  const [only, ...others] = calls
  if (only === undefined) return { text: text.join('\n') }
  // Two verdicts are none: the list is no object, and is refused as such.
  return { fields: others.length === 0 ? only.input : calls.map(({ input }) => input) }
}

function usageIn(usage: NonNullable<z.output<typeof message>['usage']>): Usage | undefined {
  const { input_tokens: input, output_tokens: output } = usage
  if (typeof input !== 'number' || typeof output !== 'number') return undefined
  return {
    input,
    cacheRead: usage.cache_read_input_tokens ?? 0,
    cacheWrite: usage.cache_creation_input_tokens ?? 0,
    output,
  }
}
