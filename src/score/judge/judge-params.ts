import * as z from 'zod'
import { json } from '../../schema/json.ts'
import { judgeProviderNames } from './models/index.ts'

/** How a model is named and reached: what every judge takes beside its own parameters. */
export const modelParams = {
  model: z
    .string()
    .min(1)
    .max(200)
    .describe('The model that judges, by its dated name: `claude-sonnet-4-5-20250929`, `gpt-4o-2024-11-20`.'),
  provider: z
    .enum(judgeProviderNames)
    .optional()
    .describe(
      'Through whose client it is asked. Default: `anthropic` for models called `claude…`, `openai` for all others, which is also for servers that speak as OpenAI does.',
    ),
  baseUrl: z
    .string()
    .min(1)
    .max(2000)
    .optional()
    .describe(
      'Where it is asked: a gateway, a server on this machine. Default: `ANTHROPIC_BASE_URL` or `OPENAI_BASE_URL`, else the provider.',
    ),
  parameters: z
    .record(z.string(), json)
    .default({})
    .describe("Temperature and the like, under the provider's own names. None is set by itself."),
}

export const samplesParam = {
  samples: z
    .number()
    .int()
    .min(1)
    .max(15)
    .default(1)
    .refine((count) => count % 2 === 1, 'an odd number leaves no draw')
    .describe(
      'How often the same is asked; most answers decide. Models answer differently at any temperature.',
    ),
}

export const textParam = {
  text: z
    .string()
    .min(1)
    .max(10_000)
    .describe('The criterion, as a sentence that is true of a right outcome. One only: two are two judges.'),
}

export type ModelParams = z.output<z.ZodObject<typeof modelParams>>

/** What is read of any judge's parameters. */
export type JudgeParams = ModelParams | { readonly models: readonly ModelParams[] }
