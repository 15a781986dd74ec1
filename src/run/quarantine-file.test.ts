import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readQuarantine } from './quarantine-file.ts'

const entry = {
  eval: 'refunds',
  case: 'w12',
  owner: 'ann',
  reason: 'The shop is slow.',
  expires: '2026-12-31',
}
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evalkit-quarantine-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string): unknown {
  const path = join(folder, 'quarantine.json')
  writeFileSync(path, text)
  return readQuarantine(path, 'evals/quarantine.json', 'refunds')
}

describe('the file of quarantined cases', () => {
  it('holds cases of many evals, and gives those of one', () => {
    const other = { ...entry, eval: 'returns' }
    expect(read(JSON.stringify({ v: 1, cases: [entry, other] }))).toEqual([entry])
    expect(readQuarantine(join(folder, 'none.json'), 'none.json', 'refunds')).toEqual([])
  })

  it.each([
    ['an owner', { owner: ' ' }, 'EVK_SCHEMA'],
    ['a reason', { reason: undefined }, 'EVK_SCHEMA'],
    ['a day', { expires: '2026-02-30' }, 'EVK_SCHEMA'],
    ['a day that is one', { expires: 'never' }, 'EVK_SCHEMA'],
    ['no more than is known', { until: '2027-01-01' }, 'EVK_SCHEMA'],
  ])('asks for %s', (_what, change, code) => {
    expect(() => read(JSON.stringify({ v: 1, cases: [{ ...entry, ...change }] }))).toThrow(
      expect.objectContaining({ code }) as Error,
    )
  })

  it('is refused where a case stands in it twice, and where it is no JSON', () => {
    expect(() => read(JSON.stringify({ v: 1, cases: [entry, { ...entry, expires: '2027-01-01' }] }))).toThrow(
      'The case "w12" is in quarantine twice.',
    )
    expect(() => read('{')).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^EVK_/) }) as Error,
    )
  })
})
