import { anthropicMessages } from './anthropic-messages.ts'
import { bedrockAnthropic } from './bedrock-anthropic.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'

/** The wire formats we read and write; no address is claimed by two. To add one: a file and a line here. */
export const wires = {
  'anthropic-messages': anthropicMessages,
  'bedrock-anthropic': bedrockAnthropic,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
}
export type WireName = keyof typeof wires
