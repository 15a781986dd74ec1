import { describe, expect, it } from 'vitest'
import { withTap } from '../tap/tap.ts'
import { memorySession } from './testing/memory-session.ts'
import { plan, type PlanStep } from './trace.ts'

async function recordedPlan(body: () => void) {
  const { session, records, traces } = memorySession()
  const recorder = session.start('shop')
  withTap(recorder.tap, body)
  recorder.end()
  await session.flush()
  return { records, trace: traces()[0] }
}

describe('plan', () => {
  it('is a part of the run around it', async () => {
    const steps = [{ step: 'Look the order up.', tool: 'get_order' }, { step: 'Tell the customer.' }]
    const { trace } = await recordedPlan(() => plan(steps))
    expect(trace?.plan).toEqual(steps)
  })

  it('gives way to a later one', async () => {
    const { trace } = await recordedPlan(() => {
      plan([{ step: 'Pay.', tool: 'refund' }])
      plan([{ step: 'Ask first.', tool: 'confirm' }])
    })
    expect(trace?.plan).toEqual([{ step: 'Ask first.', tool: 'confirm' }])
  })

  it('is redacted like everything else', async () => {
    const secret = `sk-ant-api03-${'x1Y2z3'.repeat(12)}`
    const { trace } = await recordedPlan(() => plan([{ step: `Ask with ${secret}.` }]))
    expect(trace?.plan).toHaveLength(1)
    expect(JSON.stringify(trace?.plan)).not.toContain(secret.slice(0, 24))
  })

  it('keeps what is a step of what a model may have said, and no more than it may', async () => {
    const said = [
      'Pay.',
      null,
      { step: 7 },
      { step: 'x'.repeat(5000), tool: 'pay' },
      { step: 'Wait.', tool: '' },
      { step: 'Rest.', tool: 3, why: 'tired' },
      ...Array.from({ length: 500 }, () => ({ step: 'Again.' })),
    ] as unknown as readonly PlanStep[]
    const { trace } = await recordedPlan(() => plan(said))
    expect(trace?.plan?.slice(0, 4)).toEqual([
      { step: 'x'.repeat(2000), tool: 'pay' },
      { step: 'Wait.' },
      { step: 'Rest.' },
      { step: 'Again.' },
    ])
    expect(trace?.plan).toHaveLength(197)
  })

  it('is nothing outside of a run, and throws for nothing', async () => {
    expect(() => plan([{ step: 'Pay.' }])).not.toThrow()
    const { trace } = await recordedPlan(() => plan(null as unknown as readonly PlanStep[]))
    expect(trace?.plan).toEqual([])
    const { trace: none } = await recordedPlan(() => undefined)
    expect(none).not.toHaveProperty('plan')
  })
})
