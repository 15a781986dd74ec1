import { describe, expect, it } from 'vitest'
import { breakerOf } from './breaker.ts'

const [one, other] = ['https://api.one.example', 'https://api.other.example']
const down = expect.objectContaining({ code: 'EVK_PROVIDER_DOWN', exit: 4 }) as Error

function opened() {
  let time = 0
  const breaker = breakerOf({ now: () => time, after: 3, coolDownMs: 1000 })
  const fail = (): void => breaker.enter(one).failed()
  for (let count = 0; count < 3; count++) fail()
  return { breaker, fail, pass: (ms: number) => void (time += ms) }
}

describe('breakerOf', () => {
  it('opens after so many failures in a row, for that provider', () => {
    const { breaker } = opened()
    expect(() => breaker.enter(one)).toThrow(down)
    expect(() => breaker.enter(one)).toThrow('https://api.one.example did not answer 3 calls in a row')
    expect(() => breaker.enter(other)).not.toThrow()
  })

  it('does not count failures with an answer between them, nor calls that were given up', () => {
    const breaker = breakerOf({ now: () => 0, after: 2 })
    for (let count = 0; count < 5; count++) {
      breaker.enter(one).failed()
      breaker.enter(one).left()
      breaker.enter(one).answered()
    }
    expect(() => breaker.enter(one)).not.toThrow()
  })

  it('lets one call try after the cool-down, which decides', () => {
    const { breaker, pass } = opened()
    pass(999)
    expect(() => breaker.enter(one)).toThrow(down)
    pass(1)
    const probe = breaker.enter(one)
    expect(() => breaker.enter(one)).toThrow(down)
    probe.failed()
    expect(() => breaker.enter(one)).toThrow(down)
    pass(1000)
    breaker.enter(one).answered()
    breaker.enter(one).failed()
    expect(() => breaker.enter(one)).not.toThrow()
  })

  it('lets the next one try where the one that tried was given up', () => {
    const { breaker, pass } = opened()
    pass(1000)
    breaker.enter(one).left()
    const probe = breaker.enter(one)
    expect(() => breaker.enter(one)).toThrow(down)
    probe.answered()
    expect(() => breaker.enter(one)).not.toThrow()
  })

  it('hears the first word of a call only', () => {
    const breaker = breakerOf({ now: () => 0, after: 2 })
    const call = breaker.enter(one)
    call.failed()
    call.failed()
    call.answered()
    breaker.enter(one).failed()
    expect(() => breaker.enter(one)).toThrow(down)
  })
})
