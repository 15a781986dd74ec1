import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { textOf } from '../../schema/message.ts'
import { type SpanOf, trace as traceSchema, type Trace } from '../../schema/trace.ts'
import { agentSdk } from './agent-sdk.ts'
import { claudeCode } from './claude-code.ts'
import { detectImporter } from './detect.ts'
import { openFolder } from './folder.ts'
import type { Imported, Importer } from './importer.ts'
import { sourceFrom } from './source.ts'

const scratch = mkdtempSync(join(tmpdir(), 'evalkit-claude-'))
afterAll(() => rmSync(scratch, { recursive: true }))

type Line = Readonly<Record<string, unknown>>

function textOfLines(lines: readonly Line[]): string {
  return lines.map((line) => JSON.stringify(line)).join('\n')
}

function importLines(lines: readonly Line[], importer: Importer = claudeCode): Imported[] {
  const source = sourceFrom('s.jsonl', new TextEncoder().encode(textOfLines(lines)))
  return [...importer.read(source)]
}

function importFolder(files: Readonly<Record<string, string>>): Imported[] {
  const path = mkdtempSync(join(scratch, 'project-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return [...detectImporter(openFolder(path)).read(openFolder(path))]
}

function tracesOf(found: readonly Imported[]): readonly Trace[] {
  const traces = found.flatMap((item) => ('trace' in item ? [item.trace] : []))
  for (const trace of traces) traceSchema.parse(trace)
  return traces
}

function onlyTrace(found: readonly Imported[]): Trace {
  const [trace, ...others] = tracesOf(found)
  if (trace === undefined || others.length > 0)
    throw new Error(`expected one trace: ${JSON.stringify(found)}`)
  return trace
}

function spansOf<K extends 'llm' | 'tool' | 'human' | 'custom'>(trace: Trace, kind: K): SpanOf<K>[] {
  return trace.spans.filter((span): span is SpanOf<K> => span.kind === kind)
}

/** What the model was shown, reply by reply. */
function shown(trace: Trace): string[] {
  return spansOf(trace, 'llm').map(({ request }) => request.messages.map(textOf).join('|'))
}

function without(line: Line, name: string): Line {
  return Object.fromEntries(Object.entries(line).filter(([key]) => key !== name))
}

let clock = 0
const base = (uuid: string, parent: string | null, sessionId = 's1') => ({
  uuid,
  parentUuid: parent,
  sessionId,
  timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, ++clock)).toISOString(),
})
const said = (uuid: string, parent: string | null, content: unknown, others: Line = {}): Line => ({
  type: 'user',
  ...base(uuid, parent),
  message: { role: 'user', content },
  ...others,
})
const block = (uuid: string, parent: string, id: string, content: unknown, others: Line = {}): Line => ({
  type: 'assistant',
  ...base(uuid, parent),
  requestId: `req_${id}`,
  message: {
    id,
    role: 'assistant',
    model: 'claude',
    content: [content],
    stop_reason: 'end_turn',
    usage: {
      input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 5,
      output_tokens: 7,
    },
  },
  ...others,
})
const text = (content: string) => ({ type: 'text', text: content })
const call = (id: string, input: unknown, name = 'Task') => ({ type: 'tool_use', id, name, input })
const result = (id: string, content: unknown, others: Line = {}) => [
  { type: 'tool_result', tool_use_id: id, content, ...others },
]

describe('a session of Claude Code', () => {
  it('trap 3: counts what a reply used once, by its message and request, and the last line holds', () => {
    const early = { usage: { input_tokens: 10, output_tokens: 1 } }
    const trace = onlyTrace(
      importLines([
        said('a', null, 'hi'),
        block('b', 'a', 'm1', text('one'), {
          message: { ...(block('b', 'a', 'm1', text('one')).message as Line), ...early },
        }),
        block('c', 'b', 'm1', call('t1', {}, 'Read')),
        said('d', 'c', result('t1', 'x')),
        block('e', 'd', 'm2', text('two')),
      ]),
    )
    expect(spansOf(trace, 'llm')).toHaveLength(2)
    expect(trace.usage).toEqual({ input: 20, cacheRead: 200, cacheWrite: 10, output: 14 })
    expect(spansOf(trace, 'llm')[0]?.reply?.message.parts.map(({ type }) => type)).toEqual([
      'text',
      'tool_call',
    ])
  })

  it('trap 4: puts the results of parallel calls with their calls, whatever came first, and the error on its own', () => {
    const trace = onlyTrace(
      importLines([
        said('a', null, 'hi'),
        block('b', 'a', 'm1', call('t1', { n: 1 }, 'Read')),
        said('d', 'b', result('t1', 'gone', { is_error: true })),
        block('c', 'b', 'm1', call('t2', { n: 2 }, 'Read')),
        said('e', 'c', result('t2', 'fine')),
        block('f', 'e', 'm2', text('done')),
      ]),
    )
    expect(
      spansOf(trace, 'tool').map(({ request, reply, status }) => [request.id, reply?.response, status]),
    ).toEqual([
      ['t1', 'gone', 'error'],
      ['t2', 'fine', 'ok'],
    ])
    expect(spansOf(trace, 'llm')).toHaveLength(2)
  })

  const main = [
    said('a', null, 'ask two'),
    block('b', 'a', 'm1', call('t1', { prompt: 'look here' })),
    block('c', 'b', 'm1', call('t2', { prompt: 'look there' })),
    said('e', 'c', result('t2', 'there'), { toolUseResult: { agentId: 'two' } }),
    said('d', 'b', result('t1', 'here'), { toolUseResult: { agentId: 'one' } }),
    block('f', 'd', 'm2', text('both')),
  ]
  const aside = { isSidechain: true }
  const helper = (agent: string, prompt: string): Line[] => [
    said(`${agent}1`, null, prompt, { ...aside, agentId: agent }),
    block(`${agent}2`, `${agent}1`, `m_${agent}`, text(`${agent} found`), { ...aside, agentId: agent }),
  ]
  const outline = (trace: Trace): string[] =>
    trace.spans
      .filter(({ kind }) => kind === 'agent' || kind === 'llm')
      .map(({ id, parent, kind }) => {
        const above = trace.spans.find((span) => span.id === parent)
        return `${id} ${kind} in ${above?.kind === 'tool' ? above.request.id : above?.kind}`
      })
  const nested = [
    's1 agent in undefined',
    's3 llm in agent',
    's5 agent in t1',
    's7 llm in agent',
    's9 agent in t2',
    's11 llm in agent',
    's12 llm in agent',
  ]

  it('trap 9: has the agents that it started below the calls that did, from files of their own, whoever ended first', () => {
    const trace = onlyTrace(
      importFolder({
        's1.jsonl': textOfLines(main.map((line) => without(line, 'toolUseResult'))),
        's1/subagents/agent-two.jsonl': textOfLines(helper('two', 'look elsewhere')),
        's1/subagents/agent-two.meta.json': '{\n  "toolUseId": "t2",\n  "agentType": "explorer"\n}\n',
        's1/subagents/agent-one.jsonl': textOfLines(helper('one', 'look elsewhere')),
        's1/subagents/agent-one.meta.json': '{"toolUseId":"t1"}',
        's1/subagents/notes.txt': 'no agent',
      }),
    )
    expect(outline(trace)).toEqual(nested)
    expect(trace.spans.filter(({ kind }) => kind === 'agent').map(({ name }) => name)).toEqual([
      'claude-code',
      'one',
      'explorer',
    ])
    expect(trace.usage?.output).toBe(28)
    expect(gradeOf(trace).grade).toBe('B')
  })

  it('finds the call of an agent by what stands beside its result, else by the prompt it began with', () => {
    const lines = [...main, ...helper('two', 'whatever'), ...helper('one', 'whatever')]
    expect(outline(onlyTrace(importLines(lines)))).toEqual(nested)
    const older = [
      ...main.map((line) => without(line, 'toolUseResult')),
      ...helper('two', 'look there'),
      ...helper('one', 'look here'),
    ]
    const trace = onlyTrace(importLines(older.map((line) => without(line, 'agentId'))))
    expect(outline(trace)).toEqual(nested)
    expect(trace.spans[4]?.attributes?.['evalkit.paired_by']).toBe('arguments')
  })

  it('keeps an agent that no call is known to have started', () => {
    const trace = onlyTrace(
      importLines([said('a', null, 'hi'), block('b', 'a', 'm1', text('yes')), ...helper('x', 'lost')]),
    )
    expect(outline(trace)).toEqual([
      's1 agent in undefined',
      's3 llm in agent',
      's4 agent in agent',
      's6 llm in agent',
    ])
  })

  it('is one with the session that goes on with it, and counts nothing twice', () => {
    const first = [said('a', null, 'hi'), block('b', 'a', 'm1', text('yes'))]
    const copied = first.map((line) => ({ ...line, sessionId: 's2' }))
    const more = [
      said('c', 'b', 'more', { sessionId: 's2' }),
      block('d', 'c', 'm2', text('done'), { sessionId: 's2' }),
    ]
    const trace = onlyTrace(
      importFolder({ 'b.jsonl': textOfLines(first), 'a.jsonl': textOfLines([...copied, ...more]) }),
    )
    expect(spansOf(trace, 'human')).toHaveLength(2)
    expect(trace.usage?.output).toBe(14)
    expect(shown(trace)).toEqual(['hi', 'hi|yes|more'])
  })

  it('counts a reply that another session copied under new ids where it was made', () => {
    const first = [said('a', null, 'hi'), block('b', 'a', 'm1', text('yes'))]
    const copy = [
      { ...said('x', null, 'hi'), sessionId: 's2' },
      { ...block('y', 'x', 'm1', text('yes')), sessionId: 's2' },
      { ...said('z', 'y', 'more'), sessionId: 's2' },
      { ...block('w', 'z', 'm2', text('done')), sessionId: 's2' },
    ]
    const traces = tracesOf(importFolder({ 'a.jsonl': textOfLines(first), 'b.jsonl': textOfLines(copy) }))
    expect(traces.map(({ usage }) => usage?.output)).toEqual([7, 7])
    expect(spansOf(traces[1] as Trace, 'llm')[0]?.attributes).toEqual({
      'claude-code.counted_elsewhere': true,
    })
  })

  it('is read in the order of its parents, however it was written', () => {
    const lines = [
      said('a', null, 'hi'),
      block('b', 'a', 'm1', call('t1', {}, 'Read')),
      said('c', 'b', result('t1', 'x')),
      block('d', 'c', 'm2', text('done')),
    ]
    const order = [3, 1, 2, 0].map((at) => lines[at] ?? {})
    expect(onlyTrace(importLines(order)).id).toBe(onlyTrace(importLines(lines)).id)
  })

  it('shows the model what it was shown after somebody went back, and after the session was compacted', () => {
    const trace = onlyTrace(
      importLines([
        said('a', null, 'hi'),
        block('b', 'a', 'm1', text('yes')),
        said('c', 'b', 'wrong'),
        block('d', 'c', 'm2', text('no')),
        { type: 'attachment', ...base('n', 'b') },
        said('e', 'n', 'right'),
        block('f', 'e', 'm3', text('good')),
        { type: 'system', subtype: 'compact_boundary', ...base('g', 'f') },
        said('h', 'g', 'so far: fine', { isCompactSummary: true }),
        said('i', 'h', 'last'),
        block('j', 'i', 'm4', text('bye')),
      ]),
    )
    expect(shown(trace)).toEqual(['hi', 'hi|yes|wrong', 'hi|yes|right', 'so far: fine|last'])
    expect(spansOf(trace, 'human')).toHaveLength(4)
  })

  it('trap 12: keeps lines of a type nobody knows as they are', () => {
    const odd = { type: 'odd-thing', sessionId: 's1', payload: { deep: [1, 2] } }
    const trace = onlyTrace(
      importLines([said('a', null, 'hi'), odd, block('b', 'a', 'm1', { type: 'new_block', x: 1 })]),
    )
    expect(spansOf(trace, 'custom')[0]).toMatchObject({ name: 'odd-thing', output: odd })
    expect(spansOf(trace, 'llm')[0]?.reply?.message.parts).toEqual([
      { type: 'opaque', value: { type: 'new_block', x: 1 } },
    ])
  })

  it('tells an answer that the model did not give from one that it gave', () => {
    const failed = block('b', 'a', 'm1', text('API Error: 529'), { isApiErrorMessage: true })
    const trace = onlyTrace(importLines([said('a', null, 'hi'), failed]))
    expect(spansOf(trace, 'llm')[0]).toMatchObject({
      status: 'error',
      error: { type: 'api_error', message: 'API Error: 529' },
    })
    expect([trace.status, trace.usage, gradeOf(trace).grade]).toEqual(['error', undefined, 'C'])
  })

  it('does not hang on parents that go in circles', () => {
    const many = Array.from({ length: 2000 }, (_, at) => said(`u${at}`, `u${(at + 1) % 2000}`, `${at}`))
    expect(spansOf(onlyTrace(importLines(many)), 'human')).toHaveLength(2000)
  })
})

describe('messages of the Agent SDK', () => {
  const sample = readFileSync(new URL('./agent-sdk.sample.jsonl', import.meta.url), 'utf8')
  const lines = sample
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line))

  it('trap 3: count what the run used as its result says, where a reply tells only how it began', () => {
    const trace = onlyTrace(importLines(lines, agentSdk))
    expect(trace.usage).toEqual({ input: 237, cacheRead: 1024, cacheWrite: 1024, output: 99 })
    expect(trace.costUsd).toBe(0.0063432)
    for (const { reply, fidelity } of spansOf(trace, 'llm')) {
      expect([reply?.usage, fidelity?.usage]).toEqual([undefined, 'missing'])
    }
  })

  it('count what each reply used, where its stream tells', () => {
    const event = (of: Line): Line => ({
      type: 'stream_event',
      session_id: 's',
      parent_tool_use_id: null,
      event: of,
    })
    const reply = (id: string): Line => ({
      type: 'assistant',
      session_id: 's',
      parent_tool_use_id: null,
      message: {
        id,
        role: 'assistant',
        content: [text(id)],
        stop_reason: null,
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    })
    const trace = onlyTrace(
      importLines(
        [
          event({
            type: 'message_start',
            message: { id: 'm1', usage: { input_tokens: 3, output_tokens: 1 } },
          }),
          reply('m1'),
          event({ type: 'message_delta', usage: { output_tokens: 40 } }),
          {
            type: 'result',
            subtype: 'success',
            session_id: 's',
            num_turns: 1,
            usage: { input_tokens: 3, output_tokens: 40 },
          },
        ],
        agentSdk,
      ),
    )
    expect(spansOf(trace, 'llm')[0]?.reply?.usage).toEqual({
      input: 3,
      cacheRead: 0,
      cacheWrite: 0,
      output: 40,
    })
    expect(trace.usage).toEqual({ input: 3, cacheRead: 0, cacheWrite: 0, output: 40 })
  })

  it('are no whole run without a result', () => {
    const trace = onlyTrace(importLines(lines.slice(0, -1), agentSdk))
    expect([trace.ended, trace.usage, gradeOf(trace).missing[0]]).toEqual([
      'unfinished',
      undefined,
      'the end of the run',
    ])
  })

  it('trap 9: have the messages of an agent below the call that started it', () => {
    const [init, ...others] = lines
    const inner = others.slice(0, 1).map((line) => ({
      ...line,
      parent_tool_use_id: 'toolu_C0nvertJPY000000000002',
      message: { ...(line.message as Line), id: 'inner', content: [text('inside')] },
    }))
    const trace = onlyTrace(
      importLines([init ?? {}, ...others.slice(0, 3), ...inner, ...others.slice(3)], agentSdk),
    )
    const agent = trace.spans.find(({ kind, parent }) => kind === 'agent' && parent !== null)
    expect(trace.spans.find(({ id }) => id === agent?.parent)).toMatchObject({
      kind: 'tool',
      name: 'mcp__travel__convert_currency',
    })
    expect(spansOf(trace, 'llm').map(({ parent }) => parent)).toContain(agent?.id)
  })
})
