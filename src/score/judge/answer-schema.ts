import type { Question } from './judge.ts'

/** The form a judge answers in, as JSON Schema. */
export interface AnswerSchema {
  readonly type: 'object'
  readonly properties: {
    readonly critique: { readonly type: 'string'; readonly description: string }
    readonly verdict: {
      readonly type: 'string'
      readonly enum: readonly string[]
      readonly description: string
    }
  }
  readonly required: readonly ['critique', 'verdict']
  readonly additionalProperties: false
}

/** What the tool is called that a judge answers by. */
export const answerTool = 'verdict'

/**
 * The critique stands before the verdict, for models write in this order: what is decided first is only defended
 * afterwards.
 */
export function answerSchema(vocabulary: Question['vocabulary']): AnswerSchema {
  return {
    type: 'object',
    properties: {
      critique: {
        type: 'string',
        description: 'What speaks for and against, in a few sentences, with the evidence. Written first.',
      },
      verdict: { type: 'string', enum: Object.keys(vocabulary), description: 'What follows from it.' },
    },
    required: ['critique', 'verdict'],
    additionalProperties: false,
  }
}
