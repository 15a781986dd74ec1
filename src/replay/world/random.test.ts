import * as crypto from 'node:crypto'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import type { Play } from '../play.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { seededRandom } from './install-random.ts'
import { prepareWorld } from './prepare.ts'
import { outsideWorld } from './world.ts'

beforeAll(() => prepareWorld())

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** One of each source of chance. */
async function drawn(): Promise<Json[]> {
  const filled = await promisify(crypto.randomFill)(new Uint32Array(2))
  return [
    Math.random(),
    globalThis.crypto.randomUUID(),
    randomUUID(),
    [...globalThis.crypto.getRandomValues(new Uint16Array(3))],
    randomBytes(8).toString('hex'),
    (await promisify(randomBytes)(8)).toString('hex'),
    randomInt(2 ** 47),
    await promisify<number, number>(randomInt)(1000),
    crypto.randomFillSync(Buffer.alloc(4), 1, 2).toString('hex'),
    [...(filled as Uint32Array)],
  ]
}

async function inTrial(more: Partial<Play> = {}, agent: () => unknown = drawn): Promise<Json[]> {
  const outcome = await playing(agent, undefined, more)
  expect(outcome.status).toBe('completed')
  return outcome.output as Json[]
}

describe('the chance of a trial', () => {
  it('is the same each time, also beside other trials', async () => {
    const first = await inTrial()
    const [second, other, third] = await Promise.all([inTrial(), inTrial({ trial: 1 }), inTrial()])
    expect([second, third]).toEqual([first, first])
    expect(other).not.toEqual(first)
  })

  it('is another one for another case, trial or seed, in every source', async () => {
    const all = await Promise.all([
      inTrial(),
      inTrial({ trial: 1 }),
      inTrial({ seed: 1 }),
      inTrial({ case: { ...shopCase, id: 'other' } }),
    ])
    for (const nth of all[0]?.keys() ?? []) {
      expect(new Set(all.map((one) => JSON.stringify(one[nth]))).size).toBe(all.length)
    }
  })

  it('gives uuids of version 4, and what the originals give', async () => {
    const [share, web, node, , hex, , int] = await inTrial()
    expect(web).toMatch(uuid)
    expect(node).toMatch(uuid)
    expect(node).not.toBe(web)
    expect(share).toBeGreaterThanOrEqual(0)
    expect(share).toBeLessThan(1)
    expect(hex).toMatch(/^[0-9a-f]{16}$/)
    expect(Number.isInteger(int)).toBe(true)
    const rolls = await inTrial({}, () => Array.from({ length: 600 }, () => randomInt(1, 7)))
    expect(new Set(rolls)).toEqual(new Set([1, 2, 3, 4, 5, 6]))
  })

  it('refuses what the originals refuse', async () => {
    const codeOf = (body: () => unknown): Json => {
      try {
        body()
        return 'taken'
      } catch (error) {
        const { code, name } = error as NodeJS.ErrnoException
        return code ?? name
      }
    }
    const wrong = (): Json[] => [
      codeOf(() => randomInt(5, 5)),
      codeOf(() => randomBytes(-1)),
      codeOf(() => globalThis.crypto.getRandomValues(new Float32Array(1) as never)),
      codeOf(() => globalThis.crypto.getRandomValues(new Uint8Array(65_537))),
      codeOf(() => crypto.randomFillSync(Buffer.alloc(2), 3)),
    ]
    const original = wrong()
    expect(original).not.toContain('taken')
    expect(await inTrial({}, wrong)).toEqual(original)
  })

  it('leaves the process its own', async () => {
    const seeded = (await inTrial({}, () => [Math.random(), randomUUID()])) as [number, string]
    expect([Math.random(), randomUUID()]).not.toEqual(seeded)
    const outside = await inTrial({}, () => outsideWorld(() => [Math.random(), randomUUID()]))
    expect(outside).not.toEqual(seeded)
  })

  it('is spread over the whole range', () => {
    const random = seededRandom('a case', 0, 0)
    const share = Array.from({ length: 1000 }, random).reduce((sum, one) => sum + one, 0) / 1000
    expect(share).toBeCloseTo(0.5, 1)
  })
})
