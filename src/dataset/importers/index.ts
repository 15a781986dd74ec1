import { openaiEvals } from './openai-evals.ts'
import { promptfoo } from './promptfoo.ts'

/** The datasets of other tools that can be imported: name and member, one line each. */
export const datasetImporters = {
  promptfoo,
  'openai-evals': openaiEvals,
} as const

export type DatasetImporterName = keyof typeof datasetImporters
