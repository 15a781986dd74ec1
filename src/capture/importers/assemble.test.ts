import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { gradeOf } from '../../schema/grade.ts'
import type { Message, Part } from '../../schema/message.ts'
import { trace as traceSchema } from '../../schema/trace.ts'
import { assembleObserved } from './assemble.ts'
import type { Observation } from './observation.ts'

const weather = { city: 'Tokyo' }
const money = { amount: 100 }
const asked: Message = { role: 'user', parts: [{ type: 'text', content: 'Umbrella?' }] }

function call(name: string, given: Json, id = ''): Part {
  return { type: 'tool_call', id, name, arguments: given }
}

function result(response: Json, id = ''): Message {
  return { role: 'tool', parts: [{ type: 'tool_call_response', id, response }] }
}

function says(...parts: readonly Part[]): Message {
  return { role: 'assistant', parts }
}

const answer = says({ type: 'text', content: 'Take one.' })

function at(ms: number, durationMs = 1) {
  return { startedAt: new Date(1_700_000_000_000 + ms).toISOString(), durationMs }
}

const usage = { input: 10, cacheRead: 0, cacheWrite: 0, output: 5 }

/** One question, two parallel calls of which the second fails, one answer; ids as given. */
function run(ids: readonly [string, string] = ['', '']): readonly Observation[] {
  const [one, two] = ids
  const calls = says(call('get_weather', weather, one), call('convert', money, two))
  return [
    {
      id: 'agent',
      kind: 'agent',
      name: 'travel',
      status: 'ok',
      ...at(0, 100),
      usage: { input: 20, cacheRead: 0, cacheWrite: 0, output: 10 },
      usageScope: 'aggregate',
    },
    {
      id: 'first',
      parent: 'agent',
      kind: 'llm',
      name: 'chat',
      status: 'ok',
      ...at(1),
      request: { model: 'm', messages: [asked] },
      reply: { message: calls },
      usage,
    },
    {
      id: 'convert',
      parent: 'agent',
      kind: 'tool',
      name: 'convert',
      status: 'error',
      error: { type: 'Error', message: 'down' },
      ...at(10),
      call: { name: 'convert', arguments: money },
    },
    {
      id: 'weather',
      parent: 'agent',
      kind: 'tool',
      name: 'get_weather',
      status: 'ok',
      ...at(11),
      call: { name: 'get_weather', arguments: weather },
      result: { response: { rain: true } },
    },
    {
      id: 'second',
      parent: 'agent',
      kind: 'llm',
      name: 'chat',
      status: 'ok',
      ...at(20),
      request: {
        model: 'm',
        messages: [asked, calls, result('{"rain":true}', one), result('{"error":"down"}', two)],
      },
      reply: { message: answer },
      usage,
    },
  ]
}

function assembled(observations: readonly Observation[], more: object = {}) {
  const trace = assembleObserved({ source: { format: 'otlp' }, observations, ...more })
  expect(traceSchema.safeParse(trace).error).toBeUndefined()
  return trace
}

function tools(trace: ReturnType<typeof assembled>) {
  return trace.spans.flatMap((span) => (span.kind === 'tool' ? [span] : []))
}

describe('assembleObserved', () => {
  it('makes one trace: the tree, the order, usage once, results with their calls', () => {
    const trace = assembled(run(['c1', 'c2']))
    expect(trace.spans.map(({ id, parent, kind }) => [id, parent, kind])).toEqual([
      ['s1', null, 'agent'],
      ['s2', 's1', 'llm'],
      ['s3', 's1', 'tool'],
      ['s4', 's1', 'tool'],
      ['s5', 's1', 'llm'],
    ])
    expect(trace.usage).toEqual({ input: 20, cacheRead: 0, cacheWrite: 0, output: 10 })
    const [convert, weatherCall] = tools(trace)
    expect(convert).toMatchObject({
      status: 'error',
      request: { name: 'convert', id: 'c2' },
      reply: { response: '{"error":"down"}', isError: true },
      fidelity: { result: 'derived', 'call id': 'derived' },
      attributes: { 'evalkit.paired_by': 'arguments' },
    })
    expect(weatherCall).toMatchObject({
      status: 'ok',
      request: { id: 'c1' },
      reply: { response: { rain: true } },
    })
    expect(gradeOf(trace).grade).toBe('B')
  })

  it('gives calls an id where the source has none, the same one wherever they are said again', () => {
    const trace = assembled(run())
    const models = trace.spans.flatMap((span) => (span.kind === 'llm' ? [span] : []))
    const idsIn = (messages: readonly Message[]) =>
      messages.flatMap(({ parts }) => parts.flatMap((part) => ('id' in part ? [part.id] : [])))
    expect(models.map(({ reply }) => idsIn(reply === undefined ? [] : [reply.message]))).toEqual([
      ['call_1', 'call_2'],
      [],
    ])
    expect(idsIn(models[1]?.request.messages ?? [])).toEqual(['call_1', 'call_2', 'call_1', 'call_2'])
    expect(tools(trace).map(({ request }) => request.id)).toEqual(['call_2', 'call_1'])
  })

  it('restores calls that the source does not repeat, and finds the tool that lost its span', () => {
    const [agent, first, , weatherSpan, second] = run()
    const { call: _, ...nameless } = weatherSpan as Observation
    const quiet = [asked, says(), result('{"rain":true}'), result('{"error":"down"}')]
    const observations = [
      agent,
      first,
      { ...nameless, call: { name: 'get_weather' } },
      { ...second, request: { model: 'm', messages: quiet } },
    ] as Observation[]
    const trace = assembled(observations, { losesFailedTools: true })
    const [convert, found] = tools(trace).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    expect(found).toMatchObject({
      request: { id: 'call_1', arguments: weather },
      fidelity: { arguments: 'derived', 'call id': 'derived' },
      attributes: { 'evalkit.paired_by': 'order' },
    })
    expect(convert).toMatchObject({
      status: 'error',
      request: { id: 'call_2', arguments: money },
      reply: { response: '{"error":"down"}', isError: true },
      fidelity: { result: 'derived', status: 'derived' },
    })
    expect(tools(assembled(observations)).find(({ name }) => name === 'convert')?.status).toBe('ok')
  })

  it('finds a tool that lost its span once, also where two replies say one call', () => {
    const [agent, first, , weatherSpan, second] = run(['c1', 'c2']) as Observation[]
    const again = { ...(first as Observation), id: 'again' }
    const trace = assembled([agent, first, again, weatherSpan, second] as Observation[])
    expect(tools(trace).map(({ name }) => name)).toEqual(['get_weather', 'convert'])
    expect(new Set(trace.spans.map(({ id }) => id)).size).toBe(trace.spans.length)
  })

  it('counts a model call that wraps another one once', () => {
    const [agent, first, ...rest] = run(['c1', 'c2']) as [Observation, Observation, ...Observation[]]
    const wrapper: Observation = { ...first, id: 'wrapper', ...at(0.5, 3), usage }
    const trace = assembled([agent, wrapper, { ...first, parent: 'wrapper' }, ...rest])
    expect(trace.usage?.input).toBe(20)
    expect(trace.spans.find(({ id }) => id === 's2')).toMatchObject({
      kind: 'custom',
      attributes: { 'evalkit.aggregate': { usage } },
    })
  })

  it('knows no price below nothing', () => {
    const [agent, first] = run(['c1', 'c2']) as [Observation, Observation]
    expect(assembled([agent, { ...first, costUsd: -1 }])).not.toHaveProperty('costUsd')
    expect(assembled([agent, { ...first, costUsd: 0.5 }]).costUsd).toBe(0.5)
  })

  it('hangs orphans on the run and says so; of several tops makes a run', () => {
    const [agent, first] = run(['c1', 'c2']) as [Observation, Observation]
    const orphan = assembled([agent, { ...first, parent: 'gone' }])
    // Nobody knows that the orphan is of this agent: the run is what holds both.
    expect(orphan.attributes['evalkit.orphans']).toBe(1)
    expect(orphan.spans.map(({ id, parent }) => [id, parent])).toEqual([
      ['s1', null],
      ['s2', 's1'],
      ['s3', 's1'],
    ])
    const elsewhere = assembled([{ ...agent, parent: 'http-server' }, first])
    expect(elsewhere.spans[0]?.attributes?.['evalkit.parent_elsewhere']).toBe('http-server')
    expect(assembled([{ ...first, parent: undefined }]).spans.map(({ kind }) => kind)).toEqual([
      'agent',
      'llm',
    ])
  })

  it('tells a request that is not there from an empty one', () => {
    const [agent, first] = run(['c1', 'c2']) as [Observation, Observation]
    const trace = assembled([agent, { ...first, request: { model: 'm' }, reply: undefined }])
    expect(trace.spans[1]?.fidelity).toEqual({ request: 'missing', reply: 'missing' })
    expect(gradeOf(trace)).toMatchObject({ grade: 'C' })
  })

  it('never lets a stranger say what only we say', () => {
    const [agent] = run() as [Observation]
    const trace = assembled([
      { ...agent, attributes: { 'evalkit.derived': true, requestor: 'user', mine: 1 } },
    ])
    expect(trace.spans[0]?.attributes).toMatchObject({
      'source.evalkit.derived': true,
      'source.requestor': 'user',
      mine: 1,
    })
  })

  it('is the same whatever order the observations come in, and whatever comes twice', () => {
    const whole = assembled(run())
    fc.assert(
      fc.property(fc.shuffledSubarray([...run(), ...run()], { minLength: 10 }), (shuffled) => {
        expect(assembled(shuffled)).toEqual(whole)
      }),
      { seed: 42, numRuns: 50 },
    )
  })

  it('makes a valid tree of any parents, also of those that go round', () => {
    const some = fc.array(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c', 'd'),
        parent: fc.constantFrom('a', 'b', 'c', 'd', 'x', undefined),
      }),
      { minLength: 1, maxLength: 8 },
    )
    fc.assert(
      fc.property(some, (links) => {
        const trace = assembled(
          links.map((link): Observation => ({ ...link, kind: 'custom', name: link.id, status: 'ok' })),
        )
        const met = new Set<string | null>([null])
        for (const { id, parent } of trace.spans) {
          expect(met.has(parent)).toBe(true)
          met.add(id)
        }
        expect(trace.spans.filter(({ parent }) => parent === null)).toHaveLength(1)
      }),
      { seed: 42, numRuns: 200 },
    )
  })

  it('takes a run of many spans, side by side or one in the other', () => {
    const [agent, first] = run() as [Observation, Observation]
    const many = Array.from(
      { length: 8_000 },
      (_, index): Observation => ({
        ...first,
        id: `llm${index}`,
        ...at(index),
        request: { messages: [] },
      }),
    )
    const chain = many.map((one, index) => ({
      ...one,
      parent: index === 0 ? 'agent' : `c${index - 1}`,
      id: `c${index}`,
      kind: 'custom' as const,
    }))
    expect(assembled([agent, ...many]).spans.length).toBe(8_001)
    expect(assembled([agent, ...chain]).spans.length).toBe(8_001)
  })
})
