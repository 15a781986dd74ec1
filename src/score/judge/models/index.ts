import { anthropic } from './anthropic.ts'
import type { JudgeProvider } from './model.ts'
import { openai } from './openai.ts'

/** Who can be asked for a verdict, by name. */
export const judgeProviders = { anthropic, openai } as const satisfies Readonly<Record<string, JudgeProvider>>
export type JudgeProviderName = keyof typeof judgeProviders

export const judgeProviderNames = Object.keys(judgeProviders) as [JudgeProviderName, ...JudgeProviderName[]]

/** The provider a model is asked of where none is named: Anthropic for its own, else what speaks as OpenAI does. */
export function providerFor(model: string): JudgeProviderName {
  return /^claude/i.test(model.trim()) ? 'anthropic' : 'openai'
}
