import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { accountOf } from '../testing/account.ts'
import { detectImporter } from './detect.ts'
import { sourceFrom } from './source.ts'

/** Every sample, and every recording that stands in test/data: what became of it, word by word. */
const folders = [
  '.',
  '../../../test/data/temporal',
  '../../../test/data/wire/har',
  '../../../test/data/wire/vcr',
  '../../../test/data/tau2',
  '../../../test/data/imports',
]
const goldens = new URL('./goldens/', import.meta.url)

const files = folders.flatMap((folder) => {
  const at = new URL(`${folder}/`, import.meta.url)
  if (!existsSync(at)) return []
  const isSample = (name: string) =>
    folder === '.' ? name.includes('.sample.') : /\.(json|jsonl|har|ya?ml|traj)$/.test(name)
  return readdirSync(at)
    .filter(isSample)
    .toSorted()
    .map((name) => ({ name, at: new URL(name, at) }))
})

describe('what is imported', () => {
  it.each(files)('of $name is as it was', ({ name, at }) => {
    const source = sourceFrom(name, readFileSync(at))
    const importer = detectImporter(source)
    const account = accountOf(importer.name, [...importer.read(source)])
    const golden = new URL(`${name}.txt`, goldens)
    if (process.env.UPDATE === '1') {
      mkdirSync(goldens, { recursive: true })
      writeFileSync(golden, account)
    }
    expect(account).toBe(existsSync(golden) ? readFileSync(golden, 'utf8') : 'no golden: UPDATE=1 writes it')
  })

  it('is all of what stands in the folder of goldens', () => {
    expect(readdirSync(goldens).toSorted()).toEqual(files.map(({ name }) => `${name}.txt`).toSorted())
  })
})
