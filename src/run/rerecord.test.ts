import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFixture, writeFixture } from '../dataset/fixture-file.ts'
import { folderWith } from '../dataset/testing/folder.ts'
import type { Call } from '../schema/call.ts'
import type { Fixture } from '../schema/fixture.ts'
import { textMessage } from '../schema/message.ts'
import { packRecording } from '../schema/recording.ts'
import { refund } from '../schema/testing/recordings.ts'
import { keptIn } from './rerecord.ts'

/** Runs of other traces said other things. */
const recording = (trace: string, trial: number) => refund({ trace, trial, output: trace })
const fixture = (recordings: number): Fixture => ({
  v: 1,
  dataset: 'shop',
  case: 'refund',
  recordings: Array.from({ length: recordings }, (_, at) => packRecording(recording(`t_${at}`, at))),
})
const inWorld = false
const makesWorld = true
const placesOf = (of: Fixture | undefined) => ({
  recordings: of?.recordings.map(({ trace }) => trace),
  rerecordings: of?.rerecordings?.map(({ trace, trial }) => `${trial} ${trace}`),
})

describe('what a live model said', () => {
  it('stands beside the recording of its trial, the newest alone, in order of trials', () => {
    const one = keptIn(fixture(2), recording('t_new1', 1), inWorld)
    expect(placesOf(one)).toEqual({ recordings: ['t_0', 't_1'], rerecordings: ['1 t_new1'] })
    const two = keptIn(one ?? fixture(2), recording('t_new0', 0), inWorld)
    expect(placesOf(two).rerecordings).toEqual(['0 t_new0', '1 t_new1'])
    const newer = keptIn(two ?? fixture(2), recording('t_newer', 1), inWorld)
    expect(placesOf(newer).rerecordings).toEqual(['0 t_new0', '1 t_newer'])
  })

  it('is a recording of a case that had none, one after the other', () => {
    const one = keptIn(fixture(0), recording('t_a', 0), makesWorld)
    expect(placesOf(one)).toEqual({ recordings: ['t_a'], rerecordings: undefined })
    const two = keptIn(one ?? fixture(0), recording('t_b', 1), makesWorld)
    expect(placesOf(two).recordings).toEqual(['t_a', 't_b'])
    // One run played twice would be one observation counted as two.
    expect(keptIn(two ?? fixture(0), recording('t_a', 2), makesWorld)).toBeUndefined()
  })

  it('has no place where it was played in no world of its own, or one before it is missing', () => {
    expect(keptIn(fixture(1), recording('t_b', 1), inWorld)).toBeUndefined()
    expect(keptIn(fixture(1), recording('t_b', 2), makesWorld)).toBeUndefined()
  })

  it('takes the place of the recording, where tools were live: that world is no more', () => {
    const before = keptIn(fixture(2), recording('t_new', 1), inWorld) ?? fixture(2)
    const after = keptIn(before, recording('t_live', 1), makesWorld)
    expect(placesOf(after)).toEqual({ recordings: ['t_0', 't_live'], rerecordings: undefined })
  })

  it('leaves the world its hash, and the file another', () => {
    const folder = folderWith()
    writeFixture(folder, fixture(2))
    const before = readFixture(folder, 'shop', 'refund')
    expect(before.worldHash).toBe(before.hash)
    const kept = keptIn(before.fixture, recording('t_new', 0), inWorld)
    if (kept === undefined) throw new Error('it has a place')
    writeFixture(folder, kept)
    const after = readFixture(folder, 'shop', 'refund')
    expect(after.worldHash).toBe(before.hash)
    expect(after.hash).not.toBe(before.hash)
  })

  it('leaves every byte as it was, where it did and was told the same: time, cost and ids do not count', () => {
    const before = fixture(2)
    const again = recording('t_1', 1)
    const calls = again.calls.map((call, at): Call => {
      const timed = { ...call, startedAt: '2026-11-28T12:00:00Z', durationMs: at } as Call
      const text = JSON.stringify(timed).replaceAll('"c1"', '"call_new"')
      const read = JSON.parse(text) as Call
      if (read.kind !== 'llm') return read
      return { ...read, reply: { ...read.reply, costUsd: 0.1, responseId: 'r_new' } }
    })
    const made = { ...again, trace: 't_later', calls, versions: { code: 'other' } }
    expect(keptIn(before, made, inWorld)).toBe(before)
    expect(keptIn(before, made, makesWorld)).toBe(before)
    const [first, ...others] = calls
    if (first?.kind !== 'human') throw new Error('a person opens')
    const other: Call = { ...first, reply: { message: textMessage('user', 'Something else.') } }
    expect(keptIn(before, { ...made, calls: [other, ...others] }, inWorld)).not.toBe(before)
    expect(keptIn(before, { ...made, calls: others }, inWorld)).not.toBe(before)
    expect(keptIn(before, { ...made, output: 'x' }, inWorld)).not.toBe(before)
  })

  it('is kept the same, however often', () => {
    const trials = fc.array(fc.nat({ max: 4 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.nat({ max: 3 }), trials, (recordings, order) => {
        const keep = (of: Fixture, trial: number): Fixture =>
          keptIn(of, recording(`t_new${trial}`, trial), inWorld) ?? of
        const once = order.reduce(keep, fixture(recordings))
        expect(order.reduce(keep, once)).toEqual(once)
        expect(once.recordings.map(({ trial }) => trial)).toEqual([...once.recordings.keys()])
        const again = once.rerecordings?.map(({ trial }) => trial) ?? []
        expect(again).toEqual([...new Set(again)].sort((a, b) => a - b))
      }),
      { seed: 42 },
    )
  })
})
