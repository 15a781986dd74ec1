import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failureOf, folderWith } from '../dataset/testing/folder.ts'
import type { Pool, PooledRun } from '../schema/pool.ts'
import { readPool, writePool } from './pool-file.ts'

const runOf = (n: number): PooledRun => ({
  eval: 'desk',
  run: `night-${n}`,
  mode: { llm: 'live', tools: 'live' },
  hashes: { dataset: 'd', checks: 'c', fixtures: 'f' },
  versions: {},
  planned: 2,
  trials: 1,
  startedAt: `2026-01-0${n}T03:00:00.000Z`,
  cases: ['momo', 'emil'].map((id) => ({
    case: id,
    hash: 'h',
    metrics: { success: { n: 1, sum: 1, unscored: 0 } },
    fidelity: 1,
  })),
})
const pool: Pool = { v: 1, eval: 'desk', baseline: 'desk-1', runs: [runOf(1), runOf(2)] }

describe('a pool file', () => {
  it('is what it was when read again, one case a line, and the same bytes', () => {
    const path = join(folderWith(), 'pool/desk.pool.json')
    writePool(path, pool)
    const text = readFileSync(path, 'utf8')
    expect(text.match(/^ {6}\{ "case": "\w+"/gm)).toHaveLength(4)
    const read = readPool(path, 'desk.pool.json')
    expect(read?.runs.map(({ run, cases }) => [run, cases.map((tally) => tally.case)])).toEqual([
      ['night-1', ['emil', 'momo']],
      ['night-2', ['emil', 'momo']],
    ])
    if (read !== undefined) writePool(path, read)
    expect(readFileSync(path, 'utf8')).toBe(text)
    const empty = { ...pool, runs: [] }
    writePool(path, empty)
    expect(readPool(path, 'x')).toEqual(empty)
  })

  it('is nothing where there is none, and refused where it is none of ours', async () => {
    const dir = folderWith()
    expect(readPool(join(dir, 'none.json'), 'none.json')).toBeUndefined()
    const codeOf = async (text: string): Promise<string> => {
      writeFileSync(join(dir, 'pool.json'), text)
      return (await failureOf(() => readPool(join(dir, 'pool.json'), 'pool.json'))).code
    }
    const changed = (change: object): string => JSON.stringify({ ...pool, ...change })
    const broken = [
      '',
      '{',
      '[]',
      changed({ extra: 1 }),
      changed({ runs: [runOf(1), runOf(1)] }),
      changed({ runs: [{ ...runOf(1), planned: 3 }] }),
      changed({ runs: [{ ...runOf(1), mode: { llm: 'recorded', tools: 'recorded' } }] }),
      changed({ runs: [runOf(1), { ...runOf(2), hashes: { dataset: 'd', checks: 'x', fixtures: 'f' } }] }),
      changed({}).replace('"sum":1', '"sum":7'),
      changed({}).replace('"eval":"desk"', '"eval":"../x"'),
      changed({}).replace('"versions":{}', '"versions":{"__proto__":{}}'),
      '['.repeat(100_000),
    ]
    for (const text of broken)
      expect([text.slice(0, 200), await codeOf(text)]).toEqual([text.slice(0, 200), 'EVK_POOL_CORRUPT'])
    expect(await codeOf(changed({ v: 2 }))).toBe('EVK_VERSION_NEWER')
  })
})
