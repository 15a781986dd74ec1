import { describe, expect, it } from 'vitest'
import { tool } from '../../tap/function.ts'
import { fetch } from '../../tap/fetch.ts'
import { play } from '../../replay/play.ts'
import { functionTarget, type TargetFunction } from '../../replay/targets/function.ts'
import type { Diagnosis } from '../../schema/doctor.ts'
import { defaultNormalizers, type Normalizers } from '../../schema/normalizers.ts'
import type { Recording } from '../../schema/recording.ts'
import type { Call } from '../../schema/call.ts'
import { textMessage } from '../../schema/message.ts'
import type { Json } from '../../schema/json.ts'
import { diagnose } from './diagnose.ts'

/** What is another one in every run of a test: a counter, written in the shape that is wanted. */
let run = 0

const uuids = (): string => `0000000${run}-7a1b-4c2d-8e3f-0123456789ab`
const times = (): string => `2026-03-0${(run % 8) + 1}T10:00:00.000Z`

function recordingOf(calls: readonly Call[], output?: Json): Recording {
  return {
    trace: 't_recorded',
    trial: 0,
    versions: {},
    scores: [],
    calls,
    ...(output === undefined ? {} : { output }),
  }
}

function toolCall(name: string, given: Json, response: Json = 'ok'): Call {
  return { kind: 'tool', request: { name, arguments: given }, reply: { response, isError: false } }
}

function modelCall(text: string, says = 'Done.'): Call {
  const request = { model: 'gpt-4o', messages: [textMessage('user', text)] }
  return { kind: 'llm', request, reply: { message: textMessage('assistant', says) } }
}

/** Each play is a run of its own: what a run makes anew differs. */
function diagnosing(
  target: TargetFunction,
  recording: Recording,
  normalizers: Normalizers = defaultNormalizers,
): Promise<Diagnosis> {
  return diagnose({ case: 'refund', trial: 0, output: recording.output, normalizers }, (_, cured) => {
    run = (run + 1) % 9
    return play({
      target: functionTarget(target),
      case: { v: 1, id: 'refund', input: 'Refund W12.', tags: [] },
      trial: 0,
      recording,
      user: 'none',
      timeoutMs: 5000,
      now: () => Date.UTC(2026, 0, 1),
      replay: { normalizers: cured },
    })
  })
}

const search = tool<Json, Json>({ name: 'search' }, (): Json => null, { effect: 'read' })
const refund = tool<Json, Json>({ name: 'refund' }, (): Json => null, { effect: 'write' })

async function asked(content: string): Promise<string> {
  const response = await fetch('https://api.openai.com/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content }] }),
  })
  if (!response.ok) throw new Error('no answer')
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] }
  return choices[0]?.message.content ?? ''
}

describe('diagnose', () => {
  it('finds nothing in an agent that does the same again', async () => {
    const recording = recordingOf([toolCall('search', { q: 'W12' }), modelCall('W12?')], 'Done.')
    const found = await diagnosing(async () => {
      await search({ q: 'W12' })
      return asked('W12?')
    }, recording)
    expect(found).toMatchObject({ sources: [], rounds: 1 })
    expect(found.leaves).toBeUndefined()
  })

  it('names the argument that is new in every run, and sees that its line works', async () => {
    const recording = recordingOf([
      toolCall('search', { id: '9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e', q: 'W12' }),
    ])
    const found = await diagnosing(() => search({ id: uuids(), q: 'W12' }), recording)
    expect(found.sources).toMatchObject([
      {
        kind: 'tool',
        name: 'search',
        path: 'arguments.id',
        shape: 'uuid',
        evidence: 'runs',
        recorded: '9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e',
        cure: { kind: 'tool', tool: 'search', path: 'arguments.id' },
        status: 'cured',
      },
    ])
    expect(found.normalizers.volatile).toEqual({ search: ['arguments.id'] })
    expect(found.leaves).toBeUndefined()
    // With the line in force it is known, and no news.
    const again = await diagnosing(() => search({ id: uuids(), q: 'W12' }), recording, found.normalizers)
    expect(again.sources).toMatchObject([{ path: 'arguments.id', status: 'bound' }])
    expect(again.rounds).toBe(1)
  })

  it('looks on behind each cure: all sources of a run are found', async () => {
    const recording = recordingOf([
      toolCall('search', { id: 'aaaaaaaa-7a1b-4c2d-8e3f-0123456789ab' }),
      toolCall('refund', { order: 'W12', at: '2026-01-01T09:00:00Z' }),
      modelCall('It is 2026-01-01T09:00:00Z. Say what was done.'),
    ])
    const found = await diagnosing(async () => {
      await search({ id: uuids() })
      await refund({ order: 'W12', at: times() })
      return asked(`It is ${times()}. Say what was done.`)
    }, recording)
    expect(found.sources.map(({ name, path, status }) => [name, path, status])).toEqual([
      ['search', 'arguments.id', 'cured'],
      ['refund', 'arguments.at', 'cured'],
    ])
    // The time was bound at the refund, so the text of the prompt is the recorded one by then.
    expect(found.leaves).toBeUndefined()
    expect(found.rounds).toBe(3)
  })

  it('binds ids and times in a prompt, and nothing else of it', async () => {
    const recording = recordingOf([modelCall('It is 2026-01-01T09:00:00Z. Refund W12.')])
    const found = await diagnosing(() => asked(`It is ${times()}. Refund W12.`), recording)
    expect(found.sources).toMatchObject([
      { kind: 'llm', path: 'messages[0].content', shape: 'text', status: 'cured', cure: { kind: 'model' } },
    ])
    const words = await diagnosing(
      () => asked(run % 2 === 0 ? 'Refund W12!' : 'Please refund W12!'),
      recording,
    )
    expect(words.sources).toMatchObject([
      { path: 'messages[0].content', status: 'no-line', cure: { kind: 'advice' } },
    ])
  })

  it('says of an id that is made once a process that it looks like one: both runs have the same', async () => {
    const once = '00000000-7a1b-4c2d-8e3f-0123456789ff'
    const recording = recordingOf([toolCall('search', { session: '9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e' })])
    const found = await diagnosing(() => search({ session: once }), recording)
    expect(found.sources).toMatchObject([
      { path: 'arguments.session', evidence: 'recording', status: 'cured' },
    ])
  })

  it('does not take a change of the agent for chance', async () => {
    const recording = recordingOf([toolCall('search', { q: 'W12' }), modelCall('W12?')])
    const changed = await diagnosing(() => search({ q: 'W13' }), recording)
    expect(changed.sources).toEqual([])
    expect(changed.leaves).toMatchObject({ step: 1, differences: [{ path: 'arguments.q', got: 'W13' }] })
    const other = await diagnosing(() => refund({ order: 'W12' }), recording)
    expect(other.sources).toEqual([])
    expect(other.leaves?.what).toContain('tool refund is not called in the recording')
  })

  it('tells a model’s name with a date in it from a time', async () => {
    const recording = recordingOf([modelCall('W12?')])
    const [call] = recording.calls
    if (call?.kind !== 'llm') throw new Error('no model call')
    const dated = { ...call, request: { ...call.request, model: 'gpt-4o-2024-08-06' } }
    const found = await diagnosing(() => asked('W12?'), { ...recording, calls: [dated] })
    expect(found.sources).toEqual([])
    expect(found.leaves?.differences[0]?.path).toBe('model')
  })

  it('finds a list that comes in another order, for which there is no line', async () => {
    const recording = recordingOf([toolCall('search', { tags: ['a', 'b', 'c'] })])
    const tags = (): string[] => (run % 2 === 0 ? ['c', 'b', 'a'] : ['b', 'a', 'c'])
    const found = await diagnosing(() => search({ tags: tags() }), recording)
    expect(found.sources).toMatchObject([
      { path: 'arguments.tags', shape: 'order', status: 'no-line', cure: { kind: 'advice' } },
    ])
  })

  it('makes one path of the items of a list', async () => {
    const item = (id: string, at: number): Json => ({
      id: `${id}000000${at}-7a1b-4c2d-8e3f-0123456789ab`,
      at,
    })
    const recording = recordingOf([toolCall('search', { items: [item('a', 1), item('a', 2)] })])
    const found = await diagnosing(() => {
      return search({ items: [item(String(run), 1), item(String(run), 2)] })
    }, recording)
    expect(found.sources).toMatchObject([{ path: 'arguments.items[*].id', status: 'cured' }])
  })

  it('finds runs that go other ways', async () => {
    const recording = recordingOf([toolCall('search', { q: 'W12' })])
    const found = await diagnosing(
      () => (run % 2 === 0 ? search({ q: 'W12' }) : refund({ order: 'W12' })),
      recording,
    )
    expect(found.sources).toMatchObject([{ kind: 'calls', shape: 'other', cure: { kind: 'advice' } }])
  })

  it('sees that a line does not help where one id is two in this run', async () => {
    const id = '9f1c2b7a-9d3e-4c5f-8a7b-1f0c2b7a9d3e'
    const recording = recordingOf([toolCall('search', { id, q: 'a' }), toolCall('search', { id, q: 'b' })])
    const found = await diagnosing(async () => {
      await search({ id: `1${uuids().slice(1)}`, q: 'a' })
      await search({ id: `2${uuids().slice(1)}`, q: 'b' })
    }, recording)
    expect(found.sources).toMatchObject([{ path: 'arguments.id', status: 'not-cured' }])
    expect(found.normalizers.volatile).toEqual({})
  })

  it('names an output that is another one in every run', async () => {
    const recording = recordingOf([toolCall('search', { q: 'W12' })], {
      at: '2026-01-01T09:00:00Z',
      ok: true,
    })
    const found = await diagnosing(async () => {
      await search({ q: 'W12' })
      return { at: times(), ok: true }
    }, recording)
    expect(found.sources).toMatchObject([
      { kind: 'output', path: 'output.at', shape: 'time', status: 'no-line' },
    ])
  })

  it('sees what a replay holds still, and that it does no harm there', async () => {
    const call = {
      ...toolCall('search', { at: '2026-01-01T09:00:00.000Z' }),
      startedAt: '2026-01-01T09:00:00.000Z',
    }
    const target = functionTarget(() => search({ at: new Date().toISOString() }))
    const patient = { case: 'refund', trial: 0, normalizers: defaultNormalizers }
    const found = await diagnose(patient, (which, normalizers) =>
      play({
        target,
        case: { v: 1, id: 'refund', input: 'Refund W12.', tags: [] },
        trial: 0,
        recording: recordingOf([call]),
        user: 'none',
        timeoutMs: 5000,
        now: () => Date.UTC(2026, 0, 1),
        replay: { normalizers },
        ...(which === 'first' ? {} : { startTime: Date.UTC(2026, 1, 3, 4, 5, 6, 7) }),
      }),
    )
    expect(found.sources).toMatchObject([
      {
        path: 'arguments.at',
        shape: 'time',
        first: '2026-01-01T09:00:00.000Z',
        second: '2026-02-03T04:05:06.007Z',
        status: 'held',
      },
    ])
    expect(found.leaves).toBeUndefined()
    expect(found.normalizers).toEqual(defaultNormalizers)
  })

  it('says where the trial says nothing', async () => {
    const stopped = new AbortController()
    stopped.abort()
    const found = await diagnose({ case: 'refund', trial: 0, normalizers: defaultNormalizers }, () =>
      play({
        target: functionTarget(() => 'never'),
        case: { v: 1, id: 'refund', input: 'x', tags: [] },
        trial: 0,
        user: 'none',
        timeoutMs: 5000,
        now: () => 0,
        signal: stopped.signal,
      }),
    )
    expect(found).toMatchObject({ aborted: 'The run was cancelled.', sources: [] })
  })
})
