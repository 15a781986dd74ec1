import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { placeIn, textAt } from './place.ts'

function folders(): { inside: string; outside: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'place-')))
  for (const name of ['inside', 'outside']) mkdirSync(join(root, name))
  return { inside: join(root, 'inside'), outside: join(root, 'outside') }
}

describe('placeIn', () => {
  it.each(['../x', '/etc/passwd', 'a/../../x', '.', ''])('refuses %j', (path) => {
    expect(() => placeIn(folders().inside, path)).toThrow(
      expect.objectContaining({ code: 'EVK_PATH_OUTSIDE' }),
    )
  })

  it('refuses a link that leads out, as a folder or as the file', () => {
    const { inside, outside } = folders()
    symlinkSync(outside, join(inside, 'evals'))
    writeFileSync(join(outside, 'x'), 'theirs')
    symlinkSync(join(outside, 'x'), join(inside, '.gitignore'))
    for (const path of ['evals/demo.eval.ts', '.gitignore'])
      expect(() => placeIn(inside, path)).toThrow(expect.objectContaining({ code: 'EVK_PATH_OUTSIDE' }))
  })

  it('refuses a link to nothing, which writing would make into something', () => {
    const { inside, outside } = folders()
    symlinkSync(join(outside, 'nothing'), join(inside, 'package.json'))
    expect(() => placeIn(inside, 'package.json')).toThrow(
      expect.objectContaining({ code: 'EVK_FILE_UNUSABLE' }),
    )
  })

  it('follows links that stay inside, and a folder that is one itself', () => {
    const { inside, outside } = folders()
    mkdirSync(join(inside, 'real'))
    symlinkSync(join(inside, 'real'), join(inside, 'evals'))
    symlinkSync(inside, join(outside, 'link'))
    expect(placeIn(inside, 'evals/a.ts')).toBe(join(inside, 'real', 'a.ts'))
    expect(placeIn(join(outside, 'link'), 'evals/a.ts')).toBe(join(inside, 'real', 'a.ts'))
    expect(placeIn(inside, '..name')).toBe(join(inside, '..name'))
  })
})

describe('textAt', () => {
  it('tells nothing, an empty file, and what cannot be read apart', () => {
    const { inside } = folders()
    writeFileSync(join(inside, 'empty'), '')
    writeFileSync(join(inside, 'binary'), 'a\0b')
    expect(textAt(join(inside, 'nothing'), 'nothing')).toBeUndefined()
    expect(textAt(join(inside, 'empty'), 'empty')).toBe('')
    for (const [name, code] of [
      ['binary', 'EVK_FILE_BINARY'],
      ['.', 'EVK_FILE_UNUSABLE'],
      ['empty/x', 'EVK_FILE_UNUSABLE'],
    ] as const)
      expect(() => textAt(join(inside, name), name)).toThrow(expect.objectContaining({ code }))
  })
})
