import { type Message, textMessage, toolMessage } from '../../schema/message.ts'
import type { Span, Trace } from '../../schema/trace.ts'

/**
 * A recorded run of a library's desk: the reader asks for a book, the agent looks it up and answers. `trial` makes
 * another run of the same task, with another reply of the catalogue.
 */
export function deskTrace(over: Partial<Trace> & { readonly trial?: number } = {}): Trace {
  const { trial = 0 } = over
  const asked = textMessage('user', 'Is "Momo" on the shelf?')
  const call = { type: 'tool_call', id: 'c1', name: 'find_book', arguments: { title: 'Momo' } } as const
  const looks: Message = { role: 'assistant', parts: [call] }
  const found = { shelf: trial + 1 }
  const says = textMessage('assistant', `Yes, on shelf ${trial + 1}.`)
  const system = [{ type: 'text', content: 'You are the desk of a library.' }] as const
  const base = { parent: null, status: 'ok' } as const
  const spans: Span[] = [
    {
      ...base,
      id: 's1',
      kind: 'human',
      name: 'user',
      request: { name: 'user' },
      reply: { message: asked },
    },
    {
      ...base,
      id: 's2',
      kind: 'llm',
      name: 'chat',
      request: { system, messages: [asked] },
      reply: { message: looks },
    },
    {
      ...base,
      id: 's3',
      kind: 'tool',
      name: 'find_book',
      request: { name: 'find_book', arguments: { title: 'Momo' }, id: 'c1' },
      reply: { response: found, isError: false },
    },
    {
      ...base,
      id: 's4',
      kind: 'llm',
      name: 'chat',
      request: { system, messages: [asked, looks, toolMessage('c1', 'find_book', found, false)] },
      reply: { message: says },
    },
  ]
  return {
    v: 1,
    id: `t_desk_${trial}`,
    name: 'desk',
    source: { format: 'sample' },
    status: 'ok',
    output: `Yes, on shelf ${trial + 1}.`,
    task: {
      id: 'find-momo',
      instruction: 'You look for the book Momo.',
      reference: { toolCalls: [{ name: 'find_book', arguments: { title: 'Momo' } }] },
    },
    trial,
    versions: {},
    tags: ['books'],
    attributes: {},
    scores: [
      { name: 'reward', source: 'environment', gating: true, status: 'scored', value: 1, passed: true },
    ],
    spans,
    ...over,
  }
}
