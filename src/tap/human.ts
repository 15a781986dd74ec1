import { copyJson, jsonCopy } from '../lib/json.ts'
import type { HumanReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { cross, currentTap } from './tap.ts'

/** What a person is asked: a text, or a name for the kind of question and whatever belongs to it. */
export type Question = string | { readonly name: string; readonly question?: unknown }

/**
 * Puts a question to a person behind the tap: an approval, a choice, a signal that a workflow waits for. `fn` asks and
 * gives the answer, any JSON; in replay the recorded answer to the same question is given, in a copy, and nobody is
 * asked. What `fn` throws is thrown on, and is no answer. Where nothing records or replays, the call is `fn` itself.
 *
 * @example
 * const approved = await human({ name: 'approve-refund', question: { order, amountUsd } }, () => slack.ask(order))
 */
export async function human<R>(question: Question, fn: () => R | Promise<R>): Promise<R> {
  const tap = currentTap()
  if (tap === undefined) return fn()
  const request = asked(question)
  if (request === undefined) {
    tap.pass(`a person was asked (${nameOf(question)}) what JSON cannot say`)
    return fn()
  }
  let answered: { readonly answer: R } | undefined
  const live = async (): Promise<HumanReply> => {
    const answer = await fn()
    answered = { answer }
    return replyOf(answer)
  }
  const reply = await cross('human', request, { live })
  return answered === undefined ? (answerIn(reply) as R) : answered.answer
}

function nameOf(question: Question): string {
  return typeof question === 'string' ? 'human' : question.name
}

function asked(question: Question): { readonly name: string; readonly question?: Json } | undefined {
  if (typeof question === 'string') return { name: 'human', question }
  if (question.question === undefined) return { name: question.name }
  try {
    return { name: question.name, question: jsonCopy(question.question) as Json }
  } catch {
    return undefined
  }
}

/** A text is what a person said; any other answer is carried as it is. */
function replyOf(answer: unknown): HumanReply {
  const said: Json = answer === undefined ? null : (jsonCopy(answer) as Json)
  const part = typeof said === 'string' ? textPart(said) : ({ type: 'opaque', value: said } as const)
  return { message: { role: 'user', parts: [part] } }
}

function textPart(content: string): { readonly type: 'text'; readonly content: string } {
  return { type: 'text', content }
}

function answerIn({ message }: HumanReply): Json {
  const [only, ...others] = message.parts
  if (only?.type === 'opaque' && others.length === 0) return copyJson(only.value)
  return message.parts.flatMap((part) => (part.type === 'text' ? [part.content] : [])).join('\n')
}
