import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oneAtATime, sharing } from './sharing.ts'

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('sharing', () => {
  function counted(fails: () => boolean = () => false) {
    let [made, open, most] = [0, 0, 0]
    const hold = sharing(async (how: string) => {
      await tick()
      if (fails()) throw new Error(`no ${how}`)
      made++
      most = Math.max(most, ++open)
      return {
        how,
        async close() {
          for (let ticks = 0; ticks < 5; ticks++) await tick()
          open--
        },
      }
    })
    return { hold, counts: () => ({ made, open, most }) }
  }

  it('makes one for all who hold it at a time, and closes it with the last', async () => {
    const { hold, counts } = counted()
    const [one, two] = await Promise.all([hold('first'), hold('second')])
    expect([one.value, two.value.how]).toEqual([two.value, 'first'])
    await one.release()
    await one.release()
    expect(counts()).toMatchObject({ made: 1, open: 1 })
    await two.release()
    expect(counts()).toMatchObject({ made: 1, open: 0 })
  })

  it('makes the next one only when the last is closed', async () => {
    const { hold, counts } = counted()
    const first = await hold('first')
    void first.release()
    const second = await hold('second')
    expect([second.value.how, counts()]).toEqual(['second', { made: 2, open: 1, most: 1 }])
  })

  it('tells all who waited why there is none, and tries again for who comes later', async () => {
    let broken = true
    const { hold, counts } = counted(() => broken)
    const both = await Promise.allSettled([hold('a'), hold('b')])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    broken = false
    const { release } = await hold('c')
    await release()
    expect(counts()).toEqual({ made: 1, open: 0, most: 1 })
  })
})

describe('oneAtATime', () => {
  it('lets one in after the other, in their order, whoever leaves while waiting', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('stays', 'leaves', 'was gone'), { minLength: 1, maxLength: 12 }),
        async (guests) => {
          const turn = oneAtATime()
          const order: number[] = []
          let inside = 0
          let most = 0
          const host = await turn(new AbortController().signal)
          const all = guests.map(async (how, at) => {
            const leaving = new AbortController()
            if (how === 'was gone') leaving.abort(new Error('gone'))
            const waiting = turn(leaving.signal)
            if (how === 'leaves') leaving.abort(new Error('gone'))
            const free = await waiting
            most = Math.max(most, ++inside)
            await tick()
            order.push(at)
            inside--
            free()
          })
          const settled = Promise.allSettled(all)
          await tick()
          host()
          const ended = await settled
          const stayed = guests.flatMap((how, at) => (how === 'stays' ? [at] : []))
          expect(order).toEqual(stayed)
          expect(ended.map(({ status }) => status === 'fulfilled')).toEqual(
            guests.map((how) => how === 'stays'),
          )
          expect(most).toBeLessThanOrEqual(1)
        },
      ),
      { seed: 42, numRuns: 60 },
    )
  })
})
