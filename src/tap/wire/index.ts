import { anthropicMessages } from './anthropic-messages.ts'
import { openaiChat } from './openai-chat.ts'

/** The wire formats we read and write. To add one: a file and a line here. */
export const wires = { 'anthropic-messages': anthropicMessages, 'openai-chat': openaiChat }
export type WireName = keyof typeof wires
