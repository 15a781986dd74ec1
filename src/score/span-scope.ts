import * as z from 'zod'
import { isAgentsModelCall } from '../schema/call.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Span } from '../schema/trace.ts'
import { short, withThousands } from './show.ts'

/** What a limit may be narrowed to. A check adds these to its own parameters. */
export const spanScope = {
  kind: z
    .enum(['llm', 'tool', 'human', 'retrieval', 'custom'])
    .optional()
    .describe('Only spans of this kind: `llm`, `tool`, `human`, `retrieval`, `custom`.'),
  tool: z.string().min(1).optional().describe('Only calls of the tool of this name.'),
}

export interface SpanScope {
  readonly kind?: z.output<typeof spanScope.kind>
  readonly tool?: string | undefined
}

/** A tool is no `llm` span: for `superRefine`. */
export function refuseTwoKinds({ kind, tool }: SpanScope, context: z.core.$RefinementCtx): void {
  if (tool === undefined || kind === undefined || kind === 'tool') return
  context.addIssue({
    code: 'custom',
    path: ['kind'],
    message: `calls of a tool are of kind "tool", not "${kind}"`,
  })
}

/** The agent's own spans within a scope, in order; with none, its calls of models and tools. */
export function spansWithin({ trace }: Outcome, { kind, tool }: SpanScope): readonly Span[] {
  return trace.spans.filter((span) => {
    if (span.kind === 'llm' && !isAgentsModelCall(span)) return false
    if (tool !== undefined) return span.kind === 'tool' && span.request.name === tool
    return kind === undefined ? span.kind === 'llm' || span.kind === 'tool' : span.kind === kind
  })
}

/** What is counted there, as a noun: `call of search`, `model call`. */
export function nounOf({ kind, tool }: SpanScope): string {
  if (tool !== undefined) return `call of ${short(tool, 60)}`
  switch (kind) {
    case 'llm':
      return 'model call'
    case 'tool':
      return 'tool call'
    case 'human':
      return 'question to people'
    case 'retrieval':
      return 'retrieval'
    case 'custom':
      return 'custom span'
    case undefined:
      return 'call'
  }
}

/** `3 calls of search`, `1 question to people`. */
export function countOf(number: number, scope: SpanScope): string {
  const noun = nounOf(scope)
  if (number === 1) return `1 ${noun}`
  const [head = '', ...rest] = noun.split(/(?= of | to )/)
  const plural = scope.tool === undefined && scope.kind !== 'human' ? `${noun}s` : `${head}s${rest.join('')}`
  return `${withThousands(number)} ${plural}`
}
