import { describe, expect, it } from 'vitest'
import { knownTools } from '../schema/known-tools.ts'
import { failedRun } from './compensation.ts'
import { type SketchedCall, type SubjectSketch, subjectOf } from './subject.ts'

const tools = knownTools({
  v: 1,
  tools: {
    charge: { effect: 'write' },
    refund: { effect: 'write', compensates: 'charge', idempotencyKey: 'arguments.key' },
    mail: { effect: 'external' },
    ship: { effect: 'write' },
    see: { effect: 'read' },
  },
})
const charge = (payment: string): SketchedCall => ({
  name: 'charge',
  arguments: { usd: 5 },
  response: { payment },
})
const refund = (payment: string, key?: string): SketchedCall => ({
  name: 'refund',
  arguments: { payment, ...(key === undefined ? {} : { key }) },
})
const failing = (name: string): SketchedCall => ({ name, isError: true, response: 'Error: no' })

function run(calls: readonly SketchedCall[], sketch: SubjectSketch = {}, after?: string) {
  const rules = { undoneWith: {}, ...(after === undefined ? {} : { after }) }
  const failed = failedRun(subjectOf({ calls, ...sketch }).outcome, tools, rules)
  return (
    failed && {
      step: failed.step,
      undone: failed.before.map((one) => [one.placed.call.name, one.undoneBy.map(({ nth }) => nth)]),
    }
  )
}

describe('a step that failed', () => {
  it('is a write that was never made good', () => {
    expect(run([charge('p1'), failing('ship')])).toEqual({ step: 'ship', undone: [['charge', []]] })
    expect(run([charge('p1'), failing('ship'), { name: 'ship' }])).toBeUndefined()
    expect(run([charge('p1'), failing('see')])).toBeUndefined()
  })

  it('is the run, where that failed', () => {
    expect(run([charge('p1')], { status: 'failed' })).toEqual({ step: 'the run', undone: [['charge', []]] })
    expect(run([charge('p1'), refund('p1')], { status: 'failed' })?.undone).toEqual([['charge', [1]]])
  })

  it('is the one that is asked about', () => {
    expect(run([charge('p1'), failing('see')], {}, 'see')?.step).toBe('see')
    expect(run([charge('p1'), failing('ship')], {}, 'see')).toBeUndefined()
  })
})

describe('what was done before', () => {
  it('is undone by what shares most with it', () => {
    const calls = [charge('p1'), charge('p2'), failing('ship'), refund('p1'), refund('p2')]
    expect(run(calls)?.undone).toEqual([
      ['charge', [3]],
      ['charge', [4]],
    ])
    expect(run([charge('p1'), failing('ship'), refund('p9')])?.undone).toEqual([['charge', []]])
  })

  it('is left out where it was undone before the step failed', () => {
    expect(run([charge('p1'), refund('p1'), failing('ship')])?.undone).toEqual([])
  })

  it('is undone once by what was sent twice under one key', () => {
    const undone = (...keys: readonly string[]) =>
      run([charge('p1'), failing('ship'), ...keys.map((key) => refund('p1', key))])?.undone
    expect(undone('k', 'k')).toEqual([['charge', [2]]])
    expect(undone('k', 'l')).toEqual([['charge', [2, 3]]])
  })

  it('is not what came after, nor what came back with an error', () => {
    expect(run([failing('charge'), failing('ship'), { name: 'mail' }])?.undone).toEqual([])
  })
})
