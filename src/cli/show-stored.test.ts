import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory.ts'
import { conversation, sampleTrace } from '../store/testing/samples.ts'
import type { Io } from './io.ts'
import { showOne, showSession } from './show-stored.ts'

function listening(): { readonly io: Io; readonly said: () => string } {
  const texts: string[] = []
  const unused = (): never => {
    throw new Error('nothing here asks for it')
  }
  const io: Io = {
    cwd: '/',
    env: {},
    now: unused,
    random: unused,
    out: (text) => texts.push(text),
    err: unused,
    interactive: false,
    style: { colour: false, width: 100 },
    answers: unused,
    signal: new AbortController().signal,
  }
  return { io, said: () => texts.join('') }
}

async function storeOf(...days: readonly number[]) {
  const store = memoryStore()
  await store.putTraces(
    days.map((day) =>
      sampleTrace({ id: `t_day${day}`, session: 'luggage', startedAt: `2026-01-0${day}T00:00:00Z` }),
    ),
  )
  return store
}

describe('a session', () => {
  it('is shown in the order its runs began, the last ones where it has more', async () => {
    const store = await storeOf(2, 3, 1)
    const all = listening()
    await showSession(all.io, store, 'luggage', { limit: 3 })
    expect(all.said().match(/t_day\d/g)).toEqual(['t_day1', 't_day2', 't_day3'])
    expect(all.said()).not.toContain('left out')
    const last = listening()
    await showSession(last.io, store, 'luggage', { limit: 2 })
    expect(last.said().match(/t_day\d/g)).toEqual(['t_day2', 't_day3'])
    expect(last.said()).toContain('Earlier runs of the session are left out')
  })

  it('is one document, which says that there is more', async () => {
    const { io, said } = listening()
    await showSession(io, await storeOf(1, 2), 'luggage', { json: true, limit: 1 })
    expect(JSON.parse(said())).toMatchObject({
      session: 'luggage',
      earlier: true,
      traces: [{ trace: { id: 't_day2' }, replayGrade: { grade: 'C' } }],
    })
  })

  it('that nobody knows is not found', async () => {
    const nobody = showSession(listening().io, await storeOf(1), 'laggage', { limit: 9 })
    await expect(nobody).rejects.toMatchObject({ code: 'EVK_TRACE_NOT_FOUND' })
  })
})

describe('a trace whose requests repeat more than a document can hold', () => {
  it('is shown as text, and refused as a document', async () => {
    const store = memoryStore()
    await store.putTraces([conversation('t_long', 150, (turn) => `page ${turn} `.repeat(450))])
    const { io, said } = listening()
    await showOne(io, store, 't_long', {})
    expect(said()).toContain('t_long')
    await expect(showOne(io, store, 't_long', { json: true })).rejects.toMatchObject({
      code: 'EVK_TRACE_TOO_LONG',
    })
  })
})
