import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assembleTrace } from '../../schema/assemble.ts'
import { type SpoolRecord, spoolRecord } from '../../schema/spool.ts'
import { endOf, replyOf, runOf, spanOf, startOf } from '../testing/records.ts'
import { parseOtlpHeaders } from './otlp-headers.ts'
import { type JoinLimits, spanJoiner } from './otlp-join.ts'
import { recordsFromOtlp } from './testing/otlp-read.ts'
import type { OtlpSpan } from './otlp-span.ts'

function spansOf(records: readonly SpoolRecord[], limits?: JoinLimits): OtlpSpan[] {
  const joiner = spanJoiner(limits)
  const ready = [...records.flatMap((record) => joiner.take(record)), ...joiner.rest()]
  return ready.map(({ text }) => JSON.parse(text) as OtlpSpan)
}

const told = (span: OtlpSpan | undefined): Record<string, unknown> =>
  Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [
      key,
      'intValue' in value ? Number(value.intValue) : Object.values(value)[0],
    ]),
  )

const tool = (id: string, parent = 's1'): SpoolRecord => ({
  v: 1,
  type: 'span',
  trace: 't_1',
  span: {
    id,
    parent,
    kind: 'tool',
    name: 'order',
    startedAt: '2026-11-21T10:00:00.500Z',
    request: { name: 'order', arguments: { loaves: 2 }, id: 'toolu_1' },
    attributes: { shop: 'north', 'evalkit.trace.id': 'forged', list: [1] },
  },
})
const failed = (span: string): SpoolRecord => ({
  v: 1,
  type: 'reply',
  trace: 't_1',
  span,
  status: 'error',
  reply: { response: { thrown: 'oven' }, isError: true },
  error: { type: 'OvenError', message: 'cold' },
  durationMs: 3,
})

describe('spans as OpenTelemetry says them', () => {
  it('tells of a model call in the words of the GenAI conventions', () => {
    const [chat] = spansOf(runOf('t_1'))
    expect(chat).toMatchObject({ name: 'chat claude-sonnet-4-5', kind: 3, status: {} })
    expect(chat?.startTimeUnixNano).toBe('1795255200100000000')
    expect(chat?.endTimeUnixNano).toBe('1795255200912500000')
    expect(told(chat)).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'claude-sonnet-4-5',
      'gen_ai.request.max_tokens': 500,
      'gen_ai.response.model': 'claude-sonnet-4-5-20250929',
      'gen_ai.response.id': 'msg_1',
      'gen_ai.response.finish_reasons': { values: [{ stringValue: 'stop' }] },
      'gen_ai.usage.input_tokens': 1025,
      'gen_ai.usage.cache_read.input_tokens': 1000,
      'gen_ai.usage.cache_write.input_tokens': 5,
      'gen_ai.usage.output_tokens': 9,
      'gen_ai.usage.reasoning.output_tokens': 3,
      'gen_ai.system_instructions': '[{"type":"text","content":"You sell bread."}]',
      'gen_ai.input.messages':
        '[{"role":"user","parts":[{"type":"text","content":"Two rye loaves, please."}]}]',
      'gen_ai.output.messages':
        '[{"role":"assistant","parts":[{"type":"text","content":"Two rye loaves: done."}],"finish_reason":"stop"}]',
      'gen_ai.tool.definitions':
        '[{"type":"function","name":"order","description":"Orders bread.","parameters":{"type":"object"}}]',
      'evalkit.trace.id': 't_1',
      'evalkit.kind': 'llm',
    })
  })

  it.each([
    ['anthropic-messages', 'anthropic'],
    ['openai-responses', 'openai'],
    ['bedrock-anthropic', 'aws.bedrock'],
  ])('names the provider of %s', (wire, provider) => {
    const { span, ...rest } = spanOf('t_1', 's2')
    const [chat] = spansOf([{ ...rest, span: { ...span, attributes: { 'evalkit.wire': wire } } }])
    expect(told(chat)['gen_ai.provider.name']).toBe(provider)
  })

  it('tells of a tool that failed, and lets no attribute pass for ours', () => {
    const [span] = spansOf([startOf('t_1'), tool('s3'), failed('s3'), endOf('t_1')])
    expect(span).toMatchObject({ name: 'execute_tool order', kind: 1, status: { code: 2, message: 'cold' } })
    expect(told(span)).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'order',
      'gen_ai.tool.call.id': 'toolu_1',
      'gen_ai.tool.call.arguments': '{"loaves":2}',
      'gen_ai.tool.call.result': '{"thrown":"oven"}',
      'error.type': 'OvenError',
      'evalkit.trace.id': 't_1',
      shop: 'north',
    })
    expect(told(span)).not.toHaveProperty('list')
  })

  it('makes a tree under the run', () => {
    const [inner, outer, run] = spansOf([
      startOf('t_1'),
      tool('s2'),
      tool('s3', 's2'),
      failed('s3'),
      failed('s2'),
      endOf('t_1'),
    ])
    expect(run).toMatchObject({ name: 'invoke_agent bakery', kind: 1 })
    expect(run).not.toHaveProperty('parentSpanId')
    expect(outer?.parentSpanId).toBe(run?.spanId)
    expect(inner?.parentSpanId).toBe(outer?.spanId)
    expect(new Set([run?.traceId, outer?.traceId, inner?.traceId]).size).toBe(1)
    expect(run?.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(run?.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(told(run)['service.name']).toBe('bakery')
  })

  it('says how many records were lost, of both halves of a span', () => {
    const [chat] = spansOf([
      { ...spanOf('t_1', 's2'), dropped: 3 },
      { ...replyOf('t_1', 's2'), dropped: 4 },
    ])
    expect(told(chat)['evalkit.dropped']).toBe(7)
  })

  it('survives requests and replies that are not what they should be', () => {
    for (const odd of [null, 7, 'text', [1], { messages: 'none', tools: [7], system: {}, usage: [] }]) {
      const span = spanOf('t_1', 's2')
      const records = [
        startOf('t_1'),
        { ...span, span: { ...span.span, request: odd, startedAt: 'one day' } },
        { ...replyOf('t_1', 's2'), reply: odd },
        endOf('t_1'),
      ]
      expect(recordsFromOtlp(spansOf(records))).toEqual(records)
    }
  })
})

describe('joining', () => {
  it('keeps a failed HTTP call until it is known that nobody tries again', () => {
    const again = {
      ...replyOf('t_1', 's2'),
      status: 'error',
      error: { type: 'http', message: '429' },
    } as const
    const joiner = spanJoiner()
    const sent = (record: SpoolRecord) => joiner.take(record).length
    expect([startOf('t_1'), spanOf('t_1', 's2'), again, replyOf('t_1', 's2')].map(sent)).toEqual([0, 0, 0, 1])
    expect([spanOf('t_1', 's3'), { ...again, span: 's3' }, endOf('t_1')].map(sent)).toEqual([0, 0, 2])
    expect(joiner.rest()).toEqual([])
  })

  it('sends what never ended when its run ends, and what comes later on its own', () => {
    const spans = spansOf([startOf('t_1'), spanOf('t_1', 's2'), endOf('t_1'), replyOf('t_1', 's2')])
    expect(spans.map(({ name }) => name)).toEqual([
      'chat claude-sonnet-4-5',
      'invoke_agent bakery',
      'late end',
    ])
    expect(told(spans[0])['evalkit.unfinished']).toBe(true)
    expect(spans[2]?.spanId).toBe(spans[0]?.spanId)
  })

  it('keeps no more than it may, in number and in size', () => {
    const many = Array.from({ length: 50 }, (_, at) => spanOf('t_1', `s${at + 2}`, 'x'.repeat(1000)))
    const few = spanJoiner({ maxSpans: 10 })
    expect([startOf('t_1'), ...many].flatMap((record) => few.take(record))).toHaveLength(41)
    expect(few.rest()).toHaveLength(10)
    const small = spanJoiner({ maxChars: 10_000 })
    expect([startOf('t_1'), ...many].flatMap((record) => small.take(record)).length).toBeGreaterThan(40)
  })

  it('counts the records and losses of each span', () => {
    const joiner = spanJoiner()
    joiner.take({ ...spanOf('t_1', 's2'), dropped: 3 })
    expect(joiner.take(replyOf('t_1', 's2'))).toMatchObject([{ records: 2, untold: 5 }])
  })
})

describe('reading back', () => {
  const llm = (id: string) => [spanOf('t_1', id), replyOf('t_1', id)]
  const records: SpoolRecord[] = [
    { ...startOf('t_1'), dropped: 2 },
    ...llm('s2'),
    tool('s3'),
    failed('s3'),
    spanOf('t_1', 's10'),
    {
      v: 1,
      type: 'span',
      trace: 't_1',
      span: {
        id: 's11',
        parent: 's1',
        kind: 'agent',
        name: 'helper',
        startedAt: '2026-11-21T10:00:00.700Z',
        input: 'x',
      },
    },
    { v: 1, type: 'reply', trace: 't_1', span: 's11', status: 'ok', output: { a: [1] }, durationMs: 1.25 },
    ...['Bake.', 'Sell.'].map(
      (step, at): SpoolRecord => ({
        v: 1,
        type: 'plan',
        trace: 't_1',
        at: `2026-11-21T10:00:01.00${at}Z`,
        plan: [{ step, tool: 'order' }],
      }),
    ),
    endOf('t_1'),
  ]

  it('gives the same trace, whatever fitted into memory on the way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 100, max: 20_000 }),
        (maxSpans, maxChars) => {
          const read = recordsFromOtlp(spansOf(records, { maxSpans, maxChars }))
          for (const record of read) spoolRecord.parse(record)
          expect(assembleTrace(read)).toEqual(assembleTrace(records))
        },
      ),
      { seed: 42, numRuns: 60 },
    )
  })

  it('makes nothing of spans of others, and of attributes that were cut', () => {
    const [chat, run] = spansOf(runOf('t_1'))
    const strip = (span: OtlpSpan | undefined): OtlpSpan[] =>
      span === undefined
        ? []
        : [{ ...span, attributes: span.attributes.filter(({ key }) => !key.startsWith('evalkit.')) }]
    expect(recordsFromOtlp([...strip(chat), ...strip(run)])).toEqual([])
    const cut = {
      ...chat,
      attributes: chat?.attributes.map(({ key }) => ({ key, value: { stringValue: '{"a' } })),
    }
    expect(recordsFromOtlp([cut as OtlpSpan])).toEqual([])
  })
})

describe('headers', () => {
  it('reads the syntax of OTEL_EXPORTER_OTLP_HEADERS', () => {
    expect(parseOtlpHeaders('Authorization=Basic%20YTpi==, x-team = bread ,,tenant=')).toEqual({
      headers: { authorization: 'Basic YTpi==', 'x-team': 'bread', tenant: '' },
      problems: [],
    })
  })

  it('leaves out what is no header, and repeats no secret', () => {
    const { headers, problems } = parseOtlpHeaders(
      'secret,=secret,a b=secret,k=%ZZsecret,l=a%0d%0ab,__proto__=x',
    )
    expect(headers).toEqual({})
    expect(problems).toHaveLength(6)
    expect(problems.join()).not.toContain('secret')
  })
})
