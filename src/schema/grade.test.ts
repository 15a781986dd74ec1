import { describe, expect, it } from 'vitest'
import type { Attempt } from './attempt.ts'
import { gradeOf } from './grade.ts'
import { type Message, textMessage, toolMessage } from './message.ts'
import type { Span, SpanOf, Trace } from './trace.ts'

const question = textMessage('user', 'Where is W12?')
const whole: Attempt = { status: 200, headers: {}, body: '{}' }
const asked: Message = {
  role: 'assistant',
  parts: [{ type: 'tool_call', id: 'c1', name: 'track', arguments: { order: 'W12' } }],
}
const shown = toolMessage('c1', 'track', 'Berlin', false)
const answer = textMessage('assistant', 'In Berlin.')

function model(id: string, messages: readonly Message[], more: Partial<SpanOf<'llm'>> = {}): SpanOf<'llm'> {
  const base = { id, parent: 's1', kind: 'llm', name: 'gpt-5', status: 'ok' } as const
  return { ...base, request: { messages }, reply: { message: answer }, attempts: [whole], ...more }
}

function tool(more: Partial<SpanOf<'tool'>> = {}): SpanOf<'tool'> {
  return {
    id: 's3',
    parent: 's1',
    kind: 'tool',
    name: 'track',
    status: 'ok',
    request: { name: 'track', arguments: { order: 'W12' }, id: 'c1' },
    reply: { response: 'Berlin', isError: false },
    ...more,
  }
}

function run(spans: readonly Span[], more: Partial<Trace> = {}): Trace {
  return {
    v: 1,
    id: 't_shop',
    name: 'support',
    source: { format: 'evalkit-spool' },
    status: 'ok',
    versions: {},
    tags: [],
    attributes: {},
    scores: [],
    spans: [{ id: 's1', parent: null, kind: 'agent', name: 'support', status: 'ok' }, ...spans],
    ...more,
  }
}

const first = model('s2', [question], { reply: { message: asked } })
const last = model('s4', [question, asked, shown])
const { attempts: _a, ...inexact } = last
const { reply: _r, ...silent } = last
const { attempts: _n, ...mute } = silent
const { reply: _t, ...hanging } = tool()

describe('the replay grade of a trace', () => {
  it('is A where every exchange is there byte for byte, and every tool answered', () => {
    expect(gradeOf(run([first, tool(), last]))).toEqual({ grade: 'A', missing: [] })
  })

  it.each<readonly [string, Span]>([
    [
      'no response that came',
      model('s4', [question], { attempts: [{ headers: {}, error: { type: 'E', message: 'x' } }] }),
    ],
    [
      'a body that is no text',
      model('s4', [question], { attempts: [{ status: 200, headers: {}, base64: 'AAA=' }] }),
    ],
    [
      'a stream the agent left',
      model('s4', [question], { attempts: [{ status: 200, headers: {}, ended: 'cancelled' }] }),
    ],
    [
      'a failure that was tried again',
      model('s4', [question], { attempts: [{ ...whole, status: 429 }, whole] }),
    ],
    [
      'a failure for good, which had no reply',
      { ...silent, status: 'error', attempts: [{ ...whole, status: 500 }] },
    ],
    [
      'an endpoint we do not read',
      {
        id: 's5',
        parent: 's1',
        kind: 'custom',
        name: 'GET /',
        status: 'ok',
        request: { method: 'GET', url: 'http://a/' },
        attempts: [whole],
      },
    ],
    [
      'a step of the agent itself',
      { id: 's5', parent: 's1', kind: 'custom', name: 'plan', status: 'ok', output: 1 },
    ],
  ])('is A with %s', (_, span) => {
    expect(gradeOf(run([first, tool(), last, span])).grade).toBe('A')
  })

  it.each<readonly [string, readonly Span[], string]>([
    ['only the text of a model', [first, tool(), inexact], 'the bytes of llm span s4 (gpt-5)'],
    [
      'an attempt whose bytes are not known',
      [first, tool(), { ...last, attempts: [{ status: 200, headers: {} }, whole] }],
      'the bytes of llm span s4 (gpt-5)',
    ],
    [
      'a tool known from what the model was shown',
      [first, tool({ attributes: { 'evalkit.derived': true } }), last],
      'what tool span s3 (track) itself gave: known is what the model was shown',
    ],
  ])('is B with %s', (_, spans, missing) => {
    expect(gradeOf(run(spans))).toEqual({ grade: 'B', missing: [missing] })
  })

  it.each<readonly [string, readonly Span[], Partial<Trace>, string]>([
    [
      'records dropped',
      [first, tool(), last],
      { attributes: { 'evalkit.dropped': 3 } },
      '3 records that were dropped while recording',
    ],
    ['no end', [first, tool(), last], { ended: 'unfinished' }, 'the end of the run'],
    ['no call at all', [], {}, 'any model or tool call'],
    ['a tool that never answered', [first, hanging, last], {}, 'the reply of tool span s3 (track)'],
    ['a model that never answered', [mute], {}, 'the reply of llm span s4 (gpt-5)'],
    ['a model asked nobody knows what', [model('s2', [])], {}, 'the request of llm span s2 (gpt-5)'],
    [
      'a person who never answered',
      [
        first,
        tool(),
        last,
        {
          id: 's5',
          parent: 's1',
          kind: 'human',
          name: 'approve',
          status: 'ok',
          request: { name: 'approve' },
        },
      ],
      {},
      'the reply of human span s5 (approve)',
    ],
    [
      'an exchange whose reply is not there',
      [
        last,
        {
          id: 's5',
          parent: 's1',
          kind: 'custom',
          name: 'POST /x',
          status: 'ok',
          request: { method: 'POST', url: 'http://a/x' },
        },
      ],
      {},
      'the reply of custom span s5 (POST /x)',
    ],
    [
      'a body that was too large',
      [model('s4', [question], { attempts: [{ ...whole, ended: 'truncated' }] })],
      {},
      'the whole reply of llm span s4 (gpt-5), which was too large to keep',
    ],
    [
      'a tool nobody tapped',
      [first, last],
      {},
      'the result of tool track (call c1): it ran where nothing recorded it',
    ],
    [
      'an exporter that hides',
      [first, tool({ reply: { response: { city: '__REDACTED__' }, isError: false } }), last],
      { source: { format: 'openinference' } },
      'what tool span s3 (track) brought: it says __REDACTED__',
    ],
    [
      'an exporter that cuts',
      [first, tool({ reply: { response: 'Berlin, from where it ... [truncated]', isError: false } }), last],
      { source: { format: 'openai-agents' } },
      'what tool span s3 (track) brought: it says ... [truncated]',
    ],
  ])('is C with %s, and says so', (_, spans, more, missing) => {
    expect(gradeOf(run(spans, more))).toEqual({ grade: 'C', missing: [missing] })
  })

  it('is C where a request could not be read when it was made', () => {
    const unread = {
      id: 's4',
      parent: 's1',
      kind: 'custom',
      name: 'POST /v1/messages',
      status: 'ok',
      request: { method: 'POST', url: 'https://api.example.com/v1/messages' },
      reply: { status: 200 },
      attempts: [whole],
      attributes: { 'evalkit.unread': 'a request for anthropic-messages was made whose body is a stream' },
    } as const
    expect(gradeOf(run([model('s2', [question]), unread]))).toEqual({
      grade: 'C',
      missing: [
        'what custom span s4 (POST /v1/messages) asked: a request for anthropic-messages was made whose body is a stream',
      ],
    })
  })

  it('is not lowered by what only looks so', () => {
    const solo = model('s2', [], {
      request: { system: [{ type: 'text', content: 'The task.' }], messages: [] },
    })
    expect(gradeOf(run([solo])).grade).toBe('A')
    const says = tool({ reply: { response: 'log ... [truncated]', isError: false } })
    expect(gradeOf(run([first, says, last])).grade).toBe('A')
    expect(gradeOf(run([first, tool({ attributes: { requestor: 'user' } }), last])).grade).toBe('A')
    // The tap would have met it: the agent's own code answered.
    expect(gradeOf(run([first, last], { attributes: { 'evalkit.tapped': ['track'] } })).grade).toBe('A')
    // The run ended on the call.
    expect(gradeOf(run([first])).grade).toBe('A')
  })

  it('takes a tool for tapped by its id, else by its name, once each', () => {
    const two: Message = {
      role: 'assistant',
      parts: [...asked.parts, { ...asked.parts[0], id: 'c2' }] as Message['parts'],
    }
    const asks = model('s2', [question], { reply: { message: two } })
    const shows = model('s5', [question, two, shown, toolMessage('c2', 'track', 'Bonn', false)])
    const nameless = tool({ request: { name: 'track', arguments: {} } })
    expect(gradeOf(run([asks, nameless, { ...nameless, id: 's4' }, shows])).grade).toBe('A')
    expect(gradeOf(run([asks, tool(), nameless, shows])).grade).toBe('A')
    // The span of c1 says nothing of c2.
    expect(gradeOf(run([asks, tool(), shows])).missing).toEqual([
      'the result of tool track (call c2): it ran where nothing recorded it',
    ])
  })

  it('names so much and counts the rest', () => {
    const many = Array.from({ length: 30 }, (_, at) => model(`m${at}`, []))
    const { missing } = gradeOf(run(many))
    expect(missing).toHaveLength(21)
    expect(missing.at(-1)).toBe('and 10 more')
  })
})
