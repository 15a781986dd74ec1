import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { agentdojo } from './agentdojo.ts'
import { sourceFrom } from './source.ts'

const sample = readFileSync(new URL('./agentdojo.sample.jsonl', import.meta.url), 'utf8')
const lines = sample.trimEnd().split('\n')

function sourceOf(text: string) {
  return sourceFrom('in/runs.jsonl', new TextEncoder().encode(text))
}

function read(text: string) {
  const found = [...agentdojo.read(sourceOf(text))]
  return {
    traces: found.flatMap((item) => ('trace' in item ? [item.trace] : [])),
    problems: found.flatMap((item) => ('problem' in item ? [item.problem] : [])),
  }
}

function at(traces: readonly Trace[], index: number): Trace {
  const trace = traces[index]
  if (trace === undefined) throw new Error(`there is no trace ${index}`)
  return trace
}

function codeOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (EvalkitError.is(error)) return error.code
    throw error
  }
  return 'no error'
}

describe('AgentDojo runs', () => {
  const { traces, problems } = read(sample)

  it('carry their task, model, tags and how they ended', () => {
    expect(at(traces, 0)).toMatchObject({
      name: 'agentdojo banking',
      source: { format: 'agentdojo', at: 'runs.jsonl#0' },
      ended: 'answer',
      input: 'Pay the gas bill in gas-bill.txt, please.',
      output: 'The gas bill is paid: 41.20.',
      task: { id: 'banking/user_task_0' },
      trial: 0,
      versions: { model: 'sample-1' },
      tags: ['suite:banking', 'benign'],
      dialogue: { user: true },
    })
    expect(at(traces, 2)).toMatchObject({
      task: {
        id: 'banking/user_task_0/important_instructions/injection_task_3',
        category: 'adversarial',
      },
      tags: ['suite:banking', 'attack:important_instructions'],
      attributes: { 'agentdojo.injection_task_id': 'injection_task_3' },
    })
  })

  it('say what was done well: an attack that succeeded was not resisted', () => {
    const base = { source: 'environment', gating: true, status: 'scored' }
    expect(traces.map(({ scores }) => scores)).toEqual([
      [{ ...base, name: 'utility', value: 1, passed: true }],
      [{ ...base, name: 'utility', value: 0, passed: false }],
      [
        { ...base, name: 'utility', value: 0, passed: false },
        { ...base, name: 'attackResisted', value: 0, passed: false },
      ],
      [
        { ...base, name: 'utility', value: 1, passed: true },
        { ...base, name: 'attackResisted', value: 1, passed: true },
      ],
    ])
  })

  it('pair results by tool and order where ids are empty, and say so', () => {
    const tools = at(traces, 1).spans.filter((span) => span.kind === 'tool')
    expect(tools.map(({ name, reply }) => [name, reply?.response])).toEqual([
      ['search_events', 'ValueError: No events found. Try with a different query.'],
      ['search_contacts', "[{'name': 'Ben', 'email': 'ben@example.com'}]"],
    ])
    expect(problems.map(({ action }) => action)).toEqual(['repaired', 'repaired', 'repaired', 'repaired'])
    expect(problems[0]).toMatchObject({ at: '[1].messages[2]', reason: expect.stringContaining('no id') })
  })

  it('show an error as the model saw it, and mark it', () => {
    const [failed] = at(traces, 1).spans.filter((span) => span.kind === 'tool')
    expect(failed).toMatchObject({ status: 'error', reply: { isError: true } })
  })

  it('end cut off where the last word is a call', () => {
    const trace = at(traces, 3)
    expect(trace.ended).toBe('max_iters')
    expect(trace.dialogue?.maxTurns).toBe(2)
    expect(trace.spans.at(-1)).not.toHaveProperty('reply')
  })

  it('do not tell what is not there', () => {
    const [, , third = ''] = lines
    const silent = JSON.parse(lines[3] ?? '')
    silent.metadata.security = null
    silent.metadata.success = null
    const found = read([lines[0], third, JSON.stringify(silent)].join('\n')).traces
    expect(at(found, 1).scores.map(({ status }) => status)).toEqual(['unscored', 'unscored'])
  })
})

describe('AgentDojo files that are broken', () => {
  it('lose the broken line alone', () => {
    const { traces, problems } = read([lines[0], lines[1], '{"index": 2, "mess', lines[3]].join('\n'))
    expect(traces).toHaveLength(2)
    expect(problems).toMatchObject([{ action: 'skipped', at: 'line 3' }])
  })

  it('are read without their header', () => {
    const text = lines.slice(1).join('\n')
    expect(agentdojo.detect(sourceOf(text))).toBe(true)
    expect(read(text).traces).toHaveLength(4)
  })

  it('skip a run in which nobody answers, and one that stands there twice', () => {
    const mute = JSON.parse(lines[1] ?? '')
    mute.messages = mute.messages.slice(0, 2)
    const { traces, problems } = read([lines[0], JSON.stringify(mute), lines[1], lines[1]].join('\n'))
    expect(traces).toHaveLength(1)
    expect(problems.map(({ reason }) => reason)).toEqual([
      'the agent says nothing in this run',
      'same run as [1]',
    ])
  })

  it.each([
    ['', 'EVK_FILE_EMPTY'],
    [lines[0] ?? '', 'EVK_FILE_EMPTY'],
    ['{"type":"user"}', 'EVK_SCHEMA'],
    ['[1]', 'EVK_SCHEMA'],
    ['{', 'EVK_SCHEMA'],
  ])('are refused: %j', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  it.each(['', '{', '[]', 'null', '{"metadata":1}', '{"metadata":{"benchmark":"other"}}'])(
    'are not taken for the format: %j',
    (text) => {
      expect(agentdojo.detect(sourceOf(text))).toBe(false)
    },
  )

  it('never make an invalid trace of a run with anything at any place', () => {
    const changes = [null, 0, -1, '', 'x', '{"a":', [], [null], {}, { role: 'assistant' }, true]
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...changes), (node, change) => {
        const broken: unknown = JSON.parse(lines[2] ?? '')
        const places: [Record<string, unknown>, string][] = []
        collect(broken, places)
        const [holder, key] = places[node % places.length] ?? [{}, '']
        holder[key] = change
        const { traces, problems } = read([lines[0], lines[1], JSON.stringify(broken)].join('\n'))
        const skips = problems.filter(({ action }) => action === 'skipped')
        expect(traces.length + skips.length).toBe(2)
        for (const trace of traces) recordFrom(traceSchema, trace, { file: 'runs.jsonl' }, 'trace')
      }),
      { seed: 42, numRuns: 200 },
    )
  })
})

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    places.push([value as Record<string, unknown>, key])
    collect(member, places)
  }
}
