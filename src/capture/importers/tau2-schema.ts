import * as z from 'zod'
import { json, jsonObject } from '../../schema/json.ts'
import { chatContent } from './foreign.ts'

/**
 * The record of tau2-bench (sierra-research/tau2-bench, `src/tau2/data_model/`), as far as it is read here.
 * Everything else a file carries is let through and left alone.
 */

const toolCall = z.looseObject({
  id: z.string().nullish(),
  name: z.string(),
  arguments: json.optional(),
  requestor: z.string().nullish(),
})
export type Tau2Call = z.infer<typeof toolCall>

const spoken = {
  content: chatContent,
  timestamp: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  cost: count().nullish(),
  usage: z.looseObject({ prompt_tokens: count(), completion_tokens: count() }).nullish(),
  raw_data: jsonObject.nullish(),
}

export const tau2Message = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('system'), content: chatContent, timestamp: z.string().nullish() }),
  z.looseObject({ role: z.literal('user'), ...spoken }),
  z.looseObject({
    role: z.literal('assistant'),
    ...spoken,
    reasoning: z.string().nullish(),
    errors: json.optional(),
  }),
  z.looseObject({
    role: z.literal('tool'),
    id: z.string().nullish(),
    content: json.optional(),
    requestor: z.string().nullish(),
    error: z.boolean().nullish(),
    timestamp: z.string().nullish(),
  }),
])
export type Tau2Message = z.infer<typeof tau2Message>

/** Lists of checks: what was asked, and whether it was met. */
const met = z.array(z.looseObject({ met: z.boolean() })).nullish()

export const tau2Run = z.looseObject({
  id: z.string().nullish(),
  task_id: z.union([z.string().min(1), z.number()]),
  trial: z.number().nullish(),
  start_time: z.string().nullish(),
  duration: count().nullish(),
  termination_reason: z.string().nullish(),
  reward_info: z
    .looseObject({
      reward: z.number().nullish(),
      db_check: z.looseObject({ db_match: z.boolean(), db_reward: z.number().nullish() }).nullish(),
      env_assertions: met,
      communicate_checks: met,
      nl_assertions: met,
      action_checks: z.array(z.looseObject({ action_match: z.boolean() })).nullish(),
    })
    .nullish(),
  messages: z.array(tau2Message).nullish(),
})
export type Tau2Run = z.infer<typeof tau2Run>

export const tau2Task = z.looseObject({
  id: z.union([z.string(), z.number()]),
  ticket: z.string().nullish(),
  user_scenario: z.looseObject({ instructions: z.union([z.string(), jsonObject]).nullish() }).nullish(),
  evaluation_criteria: z
    .looseObject({
      actions: z
        .array(
          z.looseObject({
            requestor: z.string().nullish(),
            name: z.string().min(1),
            arguments: jsonObject.nullish(),
          }),
        )
        .nullish(),
      communicate_info: z.array(z.string()).nullish(),
    })
    .nullish(),
})
export type Tau2Task = z.infer<typeof tau2Task>

export const tau2Info = z.looseObject({
  git_commit: z.string().nullish(),
  agent_info: z
    .looseObject({
      implementation: z.string().nullish(),
      llm: z.string().nullish(),
      llm_args: jsonObject.nullish(),
    })
    .nullish(),
  user_info: z.looseObject({ llm: z.string().nullish() }).nullish(),
  environment_info: z
    .looseObject({ domain_name: z.string().nullish(), policy: z.string().nullish() })
    .nullish(),
})
export type Tau2Info = z.infer<typeof tau2Info>

/** The usage blocks of provider replies, in `raw_data.usage`: Anthropic's fields, then OpenAI's. */
export const rawUsage = z.looseObject({
  input_tokens: count().optional().catch(undefined),
  cache_read_input_tokens: count().nullish().catch(undefined),
  cache_creation_input_tokens: count().nullish().catch(undefined),
  prompt_tokens_details: z.looseObject({ cached_tokens: count().nullish() }).nullish().catch(undefined),
  completion_tokens_details: z
    .looseObject({ reasoning_tokens: count().nullish() })
    .nullish()
    .catch(undefined),
})

export const rawReply = z.looseObject({
  id: z.string().optional().catch(undefined),
  model: z.string().optional().catch(undefined),
  stop_reason: z.string().nullish().catch(undefined),
  finish_reason: z.string().nullish().catch(undefined),
  usage: rawUsage.nullish().catch(undefined),
  thinking_blocks: z.array(json).nullish().catch(undefined),
  message: z
    .looseObject({
      tool_calls: z.array(json).nullish().catch(undefined),
      thinking_blocks: z.array(json).nullish().catch(undefined),
      reasoning_content: z.string().nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
})

export const thinkingBlock = z.looseObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string().nullish(),
})

/** Tokens, seconds, money: bounded, so that sums over a run stay numbers JSON can say. */
function count() {
  return z.number().nonnegative().max(Number.MAX_SAFE_INTEGER)
}
