import { defined } from '../../lib/defined.ts'
import type { Case } from '../../schema/case.ts'
import { isAgentsModelCall } from '../../schema/call.ts'
import type { Json } from '../../schema/json.ts'
import { answerIn, textOf, toolCallsOf } from '../../schema/message.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { Span } from '../../schema/trace.ts'
import { toolSpans } from '../evidence.ts'
import type { Question, ShownPart } from './judge.ts'

/** The words of a judge that says yes or no, and what they mean to people. */
export const passOrFail = {
  pass: 'the criterion is met in full',
  fail: 'it is not met, or only in part',
  'cannot tell': 'the data does not tell; not for a case that is merely close',
} as const

export const passOrFailVocabulary: Question['vocabulary'] = {
  pass: 'pass',
  fail: 'fail',
  'cannot tell': 'abstain',
}

/** What the agent was asked. */
export function taskPart({ input, messages }: Case): ShownPart {
  const said = messages?.map((message) => ({ role: message.role, text: textOf(message) }))
  const content: Json =
    said === undefined ? (input ?? '') : input === undefined ? said : { input, messages: said }
  return { heading: 'The task the agent was given', content }
}

/** What is judged, where that is the answer. */
export function answerPart(output: Json, heading = 'The answer of the agent, which is judged'): ShownPart {
  return { heading, content: output, judged: true }
}

/**
 * The way to an answer, in order: what the agent said, its calls with their arguments and results, whom it asked. Ids,
 * times and costs are left out: they differ where nothing else does.
 */
export function stepsPart(outcome: Outcome): ShownPart {
  const isTapped = toolSpans(outcome).length > 0
  const steps = outcome.trace.spans.flatMap((span) => stepsOf(span, isTapped))
  return { heading: 'What the agent did, step by step, which is judged', content: steps, inCanary: [] }
}

function stepsOf(span: Span, isTapped: boolean): readonly Json[] {
  switch (span.kind) {
    case 'llm': {
      if (!isAgentsModelCall(span) || span.reply === undefined) return []
      const says = textOf(span.reply.message)
      // Where tools are behind the tap their spans tell more: arguments as they came, and results.
      const calls = isTapped ? [] : toolCallsOf(span.reply.message)
      return [
        ...(says === '' ? [] : [{ says }]),
        ...calls.map(({ name, arguments: given }) => ({ calls: name, arguments: given })),
      ]
    }
    case 'tool': {
      const { request, reply } = span
      const came: { [key: string]: Json } =
        reply === undefined ? {} : reply.isError ? { error: reply.response } : { result: reply.response }
      return [{ calls: request.name, arguments: request.arguments, ...came }]
    }
    case 'human': {
      const answers = span.reply === undefined ? undefined : answerIn(span.reply.message)
      return [{ asks: span.request.name, ...defined({ question: span.request.question, answers }) }]
    }
    case 'retrieval':
      return [{ looksUp: span.name, ...defined({ for: span.input, finds: span.output }) }]
    case 'agent':
      return span.parent === null ? [] : [{ handsOverTo: span.name }]
    default:
      return []
  }
}
