import { describe, expect, it } from 'vitest'
import { assembleTrace, inParts } from './assemble.ts'
import { recordFrom } from './read.ts'
import { type SpoolRecord, spoolRecord } from './spool.ts'
import { type Trace, trace as traceSchema } from './trace.ts'

const at = (second: number): string => `2026-03-01T10:00:${String(second).padStart(2, '0')}.000Z`

/** Records of one run, as they stand in a spool. */
function records(...lines: readonly Record<string, unknown>[]): SpoolRecord[] {
  return lines.map((line) => spoolRecord.parse({ v: 1, trace: 't_shop', ...line }))
}

const start = {
  type: 'start',
  name: 'support',
  startedAt: at(0),
  input: 'Where is W12?',
  attributes: { tenant: 'a' },
}
const end = {
  type: 'end',
  status: 'ok',
  output: 'In Berlin.',
  durationMs: 4000,
  versions: { model: 'gpt-5' },
}
const request = { messages: [{ role: 'user', parts: [{ type: 'text', content: 'Where is W12?' }] }] }
const message = { role: 'assistant', parts: [{ type: 'text', content: 'In Berlin.' }] }
const usage = { input: 10, cacheRead: 2, cacheWrite: 0, output: 3 }

const asks = {
  type: 'span',
  span: { id: 's2', parent: 's1', kind: 'llm', name: 'gpt-5', startedAt: at(1), request },
}
const answers = { type: 'reply', span: 's2', status: 'ok', reply: { message, usage }, durationMs: 900 }
const looks = {
  type: 'span',
  span: {
    id: 's3',
    parent: 's1',
    kind: 'tool',
    name: 'track',
    startedAt: at(2),
    request: { name: 'track', arguments: {} },
  },
}
const found = { type: 'reply', span: 's3', status: 'ok', reply: { response: 'Berlin' } }

function traceOf(...lines: readonly Record<string, unknown>[]): Trace {
  return recordFrom(traceSchema, assembleTrace(records(...lines)), {}, 'trace')
}

describe('the trace that records tell of', () => {
  it('has the last plan, by the clock', () => {
    const plans = [2, 3, 1].map((second) => ({
      type: 'plan',
      at: at(second),
      plan: [{ step: `At ${second}.` }],
    }))
    expect(traceOf(start, ...plans, end).plan).toEqual([{ step: 'At 3.' }])
    expect(traceOf(start, end)).not.toHaveProperty('plan')
  })

  it('has what started, with what came of it, and what was used', () => {
    const trace = traceOf(start, asks, answers, looks, found, end)
    expect(trace).toMatchObject({
      id: 't_shop',
      name: 'support',
      source: { format: 'evalkit-spool' },
      status: 'ok',
      startedAt: at(0),
      durationMs: 4000,
      input: 'Where is W12?',
      output: 'In Berlin.',
      versions: { model: 'gpt-5' },
      attributes: { tenant: 'a' },
      usage,
    })
    expect(trace.spans.map(({ id, parent, kind, status }) => [id, parent, kind, status])).toEqual([
      ['s1', null, 'agent', 'ok'],
      ['s2', 's1', 'llm', 'ok'],
      ['s3', 's1', 'tool', 'ok'],
    ])
    expect(trace).not.toHaveProperty('ended')
    expect(trace.attributes).not.toHaveProperty('evalkit.dropped')
  })

  it('takes the last end of a span: a client that tries again adds an attempt', () => {
    const first = { status: 429, headers: {}, body: '{}' }
    const failed = {
      type: 'reply',
      span: 's2',
      status: 'error',
      attempts: [first],
      error: { type: 'x', message: 'y' },
    }
    const second = { ...answers, attempts: [first, { status: 200, headers: {}, body: '{"ok":1}' }] }
    // Also after the end of the run: a body that was read late.
    const [, model] = traceOf(start, asks, failed, end, second).spans
    expect(model).toMatchObject({ status: 'ok', attempts: [{ status: 429 }, { status: 200 }] })
    expect(model).not.toHaveProperty('error')
  })

  it('is an error that never ended where it was killed, with the request it waited for', () => {
    const trace = traceOf(start, asks)
    expect(trace).toMatchObject({ status: 'error', ended: 'unfinished' })
    expect(trace.spans[0]).toMatchObject({ status: 'error', error: { type: 'unfinished' } })
    expect(trace.spans[1]).toMatchObject({ kind: 'llm', status: 'error', request })
    expect(trace.spans[1]).not.toHaveProperty('reply')
  })

  it('is nothing without its start', () => {
    expect(assembleTrace(records(asks, answers, end))).toBeUndefined()
    expect(assembleTrace([])).toBeUndefined()
  })

  it('says why it ended: by an error, or from outside', () => {
    const error = { type: 'TypeError', message: 'no order' }
    expect(traceOf(start, { ...end, status: 'error', error })).toMatchObject({
      status: 'error',
      ended: 'TypeError',
    })
    expect(traceOf(start, { ...end, ended: 'idle' })).toMatchObject({ status: 'ok', ended: 'idle' })
  })

  it('counts what was dropped, also an end whose beginning is missing', () => {
    expect(traceOf(start, asks, { ...answers, dropped: 2 }, { ...end, dropped: 1 }).attributes).toMatchObject(
      {
        'evalkit.dropped': 3,
      },
    )
    expect(traceOf({ ...start, dropped: 4 }, end).attributes).toMatchObject({ 'evalkit.dropped_before': 4 })
    const orphaned = traceOf(start, asks, answers, found, end)
    expect(orphaned.attributes).toMatchObject({ 'evalkit.dropped': 1 })
    expect(orphaned.spans).toHaveLength(2)
  })

  it('says nothing twice that stands there twice', () => {
    const lines = [start, asks, answers, looks, found, end]
    expect(traceOf(...lines, ...lines)).toEqual(traceOf(...lines))
  })

  it('is one tree: who names no parent that began before hangs on the run', () => {
    const at2 = (id: string, parent: string | null) => ({
      type: 'span',
      span: { id, parent, kind: 'custom', name: id, startedAt: at(2) },
    })
    const { spans } = traceOf(
      start,
      at2('a', 'b'),
      at2('b', 'a'),
      at2('c', null),
      at2('d', 'd'),
      at2('e', 'c'),
      end,
    )
    expect(spans.map(({ id, parent }) => [id, parent])).toEqual([
      ['s1', null],
      ['a', 's1'],
      ['b', 'a'],
      ['c', 's1'],
      ['d', 's1'],
      ['e', 'c'],
    ])
  })

  it('puts spans in order of start, whichever process wrote them', () => {
    const trace = traceOf({ ...start, attributes: { [inParts]: true } }, looks, found, start, asks, answers)
    expect(trace.spans.map(({ id }) => id)).toEqual(['s1', 's2', 's3'])
  })

  it('has no end, and is none, where it was recorded in parts', () => {
    const part = { ...start, attributes: { [inParts]: true } }
    const trace = traceOf({ ...part, startedAt: at(3) }, looks, found, part, asks, answers)
    expect(trace).toMatchObject({ status: 'ok', startedAt: at(0) })
    expect(trace).not.toHaveProperty('ended')
  })
})
