import type { Provenance } from '../../../schema/call.ts'
import type { Json } from '../../../schema/json.ts'
import { textMessage } from '../../../schema/message.ts'
import type { Span, Trace } from '../../../schema/trace.ts'

/** Runs in a few lines, for tests of what two of them have in common. */

export interface TinyCall {
  readonly tool: string
  readonly given: Json
  readonly result: Json
  readonly failed: boolean
  readonly served: Provenance | undefined
}

export type TinyStep =
  | { readonly user: string }
  | { readonly agent: string; readonly calls: readonly TinyCall[]; readonly served: Provenance | undefined }
  | { readonly alone: TinyCall }
  | { readonly asks: string; readonly question: Json; readonly answer: string }

export function user(words: string): TinyStep {
  return { user: words }
}

/** A model turn: what it says, and the calls it asks for at once. */
export function agent(words: string, calls: readonly TinyCall[] = [], served?: Provenance): TinyStep {
  return { agent: words, calls, served }
}

/** A model turn that says nothing and makes one call. */
export function call(tool: string, given: Json = {}, result: Json = 'ok', served?: Provenance): TinyStep {
  return agent('', [called(tool, given, result, served)])
}

export function failing(tool: string, given: Json = {}): TinyStep {
  return agent('', [{ ...called(tool, given, 'Error: no'), failed: true }])
}

/** A call that no model turn asked for. */
export function alone(tool: string, given: Json = {}, result: Json = 'ok'): TinyStep {
  return { alone: called(tool, given, result) }
}

export function asks(person: string, question: Json, answer: string): TinyStep {
  return { asks: person, question, answer }
}

export function called(tool: string, given: Json = {}, result: Json = 'ok', served?: Provenance): TinyCall {
  return { tool, given, result, failed: false, served }
}

export function tinyTrace(id: string, steps: readonly TinyStep[], over: Partial<Trace> = {}): Trace {
  const spans: Span[] = [{ id: 's0', parent: null, name: 'agent', status: 'ok', kind: 'agent' }]
  let asked = 0
  const base = (
    name: string,
    served?: Provenance,
  ): Pick<Span, 'id' | 'parent' | 'name' | 'status' | 'served'> => ({
    id: `s${spans.length}`,
    parent: 's0',
    name,
    status: 'ok',
    ...(served === undefined ? {} : { served }),
  })
  const addCall = ({ tool, given, result, failed, served }: TinyCall, callId?: string): void => {
    const request = { name: tool, arguments: given, ...(callId === undefined ? {} : { id: callId }) }
    const reply = served === 'miss' ? {} : { reply: { response: result, isError: failed } }
    spans.push({ ...base(tool, served), kind: 'tool', request, ...reply })
  }
  for (const step of steps) {
    if ('user' in step) {
      const reply = { message: textMessage('user', step.user) }
      spans.push({ ...base('user'), kind: 'human', request: { name: 'user' }, reply })
    } else if ('asks' in step) {
      const reply = { message: textMessage('user', step.answer) }
      const request = { name: step.asks, question: step.question }
      spans.push({ ...base(step.asks), kind: 'human', request, reply })
    } else if ('alone' in step) addCall(step.alone, `code_${spans.length}`)
    else {
      const calls = step.calls.map((one) => ({ id: `call_${++asked}`, one }))
      const message = {
        role: 'assistant',
        parts: [
          ...(step.agent === '' ? [] : [{ type: 'text' as const, content: step.agent }]),
          ...calls.map(({ id: callId, one }) => ({
            type: 'tool_call' as const,
            id: callId,
            name: one.tool,
            arguments: one.given,
          })),
        ],
      } as const
      const request = { model: 'm', messages: [textMessage('user', `turn ${spans.length}`)] }
      const reply = step.served === 'miss' ? {} : { reply: { message } }
      const status = step.served === 'miss' ? 'error' : 'ok'
      spans.push({ ...base('m', step.served), status, kind: 'llm', request, ...reply })
      for (const { id: callId, one } of calls) addCall(one, callId)
    }
  }
  return {
    v: 1,
    id,
    name: 'tiny',
    source: { format: 'test' },
    status: 'ok',
    versions: {},
    tags: [],
    attributes: {},
    scores: [],
    spans,
    ...over,
  }
}
