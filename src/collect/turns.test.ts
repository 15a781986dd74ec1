import { describe, expect, it } from 'vitest'
import { openTurns } from './turns.ts'

describe('work in lines', () => {
  it('is done one after another in each, in all at once, and alone where it asks for that', async () => {
    const turns = openTurns(2)
    const told: string[] = []
    const gates = new Map<string, () => void>()
    const work = (name: string) => async (): Promise<void> => {
      told.push(`${name} begins`)
      await new Promise<void>((resolve) => gates.set(name, resolve))
      told.push(`${name} ends`)
    }
    const end = async (name: string): Promise<void> => {
      gates.get(name)?.()
      for (let at = 0; at < 10; at++) await Promise.resolve()
    }
    const all = [
      turns.in(0, work('a')),
      turns.in(0, work('b')),
      turns.in(1, work('c')),
      turns.alone(work('alone')),
      turns.in(1, work('d')),
    ]
    await end('')
    for (const name of ['a', 'c', 'b', 'alone', 'd']) await end(name)
    await Promise.all(all)
    expect(told).toEqual([
      'a begins',
      'c begins',
      'a ends',
      'b begins',
      'c ends',
      'b ends',
      'alone begins',
      'alone ends',
      'd begins',
      'd ends',
    ])
  })

  it('goes on behind what failed', async () => {
    const turns = openTurns(1)
    const failed = turns.in(0, () => Promise.reject(new Error('no')))
    const failedAlone = turns.alone(() => Promise.reject(new Error('neither')))
    const done = turns.in(0, () => Promise.resolve())
    await expect(failed).rejects.toThrow('no')
    await expect(failedAlone).rejects.toThrow('neither')
    await done
  })
})
