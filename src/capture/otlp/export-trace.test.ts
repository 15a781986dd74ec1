import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { decodeJson } from './decode-json.ts'
import { otlpOfTrace } from './export-trace.ts'
import { observeRun } from './observe.ts'
import { runsIn } from './run.ts'

const sample = new URL('../importers/evalkit-traces.sample.jsonl', import.meta.url)
const [recorded] = readFileSync(sample, 'utf8').trimEnd().split('\n') as [string]

/** A trace that has what no convention has a word for. */
const rich: Trace = traceSchema.parse({
  ...JSON.parse(recorded),
  session: 'luggage',
  user: 'kim',
  costUsd: 0.25,
  tags: ['vip'],
  attributes: { 'evalkit.trace.id': 'somebody else', deep: { er: [1] } },
})

const read = (request: object) => {
  const { runs } = runsIn(decodeJson(JSON.parse(JSON.stringify(request))))
  return runs.map((run) => observeRun(run))
}

describe('otlpOfTrace', () => {
  it.each([
    ['a recorded trace', traceSchema.parse(JSON.parse(recorded))],
    ['a rich one', rich],
  ])('is read again as the very same: %s', (_, trace) => {
    expect(read(otlpOfTrace(trace))).toEqual([{ trace }])
  })

  it('says in the words of the conventions what happened, in a tree', () => {
    const { spans } = decodeJson(JSON.parse(JSON.stringify(otlpOfTrace(rich))))
    const [root, ...others] = spans
    expect(root?.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.conversation.id': 'luggage',
      'user.id': 'kim',
    })
    expect(others).toHaveLength(rich.spans.length)
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length)
    const known = new Set(spans.map(({ spanId }) => spanId))
    expect(others.every(({ parentSpanId }) => known.has(parentSpanId ?? ''))).toBe(true)
    const tools = others.flatMap(({ attributes }) => attributes['gen_ai.tool.name'] ?? [])
    expect(tools).toEqual(rich.spans.flatMap((span) => (span.kind === 'tool' ? [span.request.name] : [])))
  })

  it('is no trace where what it holds was changed into none', () => {
    const text = JSON.stringify(otlpOfTrace(rich)).replace(
      '\\"status\\":\\"ok\\"',
      '\\"status\\":\\"maybe\\"',
    )
    expect(read(JSON.parse(text))).toEqual([{ reason: expect.stringContaining('no exported trace') }])
  })
})
