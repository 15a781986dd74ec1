import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Case } from '../schema/case.ts'
import { openDataset } from './load.ts'
import { all, failureOf, folderWith } from './testing/folder.ts'
import { writeCases } from './write.ts'

const one = (id: string, over: Partial<Case> = {}): Case => ({ v: 1, id, input: `${id}?`, tags: [], ...over })
const mapOf = (...cases: Case[]) => new Map(cases.map((each) => [each.id, each]))

/** The file after cases were written into it. */
async function after(before: string | undefined, ...cases: Case[]): Promise<string> {
  const folder = folderWith(before === undefined ? {} : { 'desk.jsonl': before })
  await writeCases(join(folder, 'desk.jsonl'), mapOf(...cases))
  return readFileSync(join(folder, 'desk.jsonl'), 'utf8')
}
const emil = '{ "id": "emil", "input": "emil?", "v": 1 }\n'
const momo = '{ "id": "momo", "input": "momo?", "v": 1 }\n'

describe('writeCases', () => {
  it('starts a file: one case a line, keys sorted, sorted by id', async () => {
    expect(await after(undefined, one('momo'), one('emil'))).toBe(emil + momo)
  })

  it('starts a file in a folder that is not there', async () => {
    const folder = folderWith()
    await writeCases(join(folder, 'datasets/desk.jsonl'), mapOf(one('momo')))
    expect(readFileSync(join(folder, 'datasets/desk.jsonl'), 'utf8')).toBe(momo)
  })

  it('says tags where there are some', async () => {
    expect(await after(undefined, one('momo', { tags: ['a'] }))).toBe(
      '{ "id": "momo", "input": "momo?", "tags": ["a"], "v": 1 }\n',
    )
  })

  it('does not touch the lines of other cases, however they are written', async () => {
    const odd = '  {"input":1 ,"id":"a-case"}  \n'
    const escaped = '{"id":"z-case","input":"\\u00e4"}\n'
    expect(await after(odd + escaped, one('momo'))).toBe(odd + momo + escaped)
    expect(await after(odd + momo + escaped, one('momo', { input: 2 }))).toBe(
      `${odd}{ "id": "momo", "input": 2, "v": 1 }\n${escaped}`,
    )
  })

  it('sorts new cases in, and leaves an order that a person chose', async () => {
    expect(await after(momo + emil, one('krabat'))).toBe(
      `{ "id": "krabat", "input": "krabat?", "v": 1 }\n${momo}${emil}`,
    )
    expect(await after(emil + momo, one('zora'), one('anna'), one('krabat'))).toMatch(
      /anna.*emil.*krabat.*momo.*zora/s,
    )
  })

  it('sorts many in as it would one after the other', async () => {
    const odd = ['m', 'c', 'x', 'b'].map((id) => `{"id":"${id}","input":1}\n`).join('')
    const news = ['z', 'a', 'd', 'n', 'y', 'k'].map((id) => one(id))
    let text = odd
    for (const each of news) text = await after(text, each)
    expect(await after(odd, ...news)).toBe(text)
  })

  it('ends a last line that had no end', async () => {
    expect(await after(emil.trimEnd(), one('momo'))).toBe(emil + momo)
  })

  it('keeps the line ends of a Windows file', async () => {
    const windows = (text: string) => text.replaceAll('\n', '\r\n')
    expect(await after(windows(emil), one('momo'))).toBe(windows(emil + momo))
    expect(await after(windows(emil + momo).trimEnd(), one('emil'))).toBe(windows(emil + momo))
  })

  it('writes the same bytes for the same cases', async () => {
    const text = await after(
      undefined,
      one('momo', { expected: { b: 1, a: [2] }, reference: { contains: ['x'] } }),
    )
    const folder = folderWith({ 'desk.jsonl': text })
    const cases = await all((await openDataset(join(folder, 'desk.jsonl'), 'desk', 'x')).cases())
    expect(await after(text, ...cases)).toBe(text)
  })

  it.each([
    ['cannot be read as lines', `${emil}\0`, 'EVK_FILE_BINARY'],
    ['is no JSON', `${emil}{"id":`, 'EVK_JSON_SYNTAX'],
  ])('leaves a file that %s as it is', async (_, text, code) => {
    const folder = folderWith({ 'desk.jsonl': text })
    const error = await failureOf(() => writeCases(join(folder, 'desk.jsonl'), mapOf(one('momo'))))
    expect(error.code).toBe(code)
    expect(error.at.line).toBe(2)
    expect(readFileSync(join(folder, 'desk.jsonl'), 'utf8')).toBe(text)
  })

  it('never takes a folder, or a file it may not read, for an empty dataset', async () => {
    const folder = folderWith({ 'desk.jsonl/x': '' })
    const error = await failureOf(() => writeCases(join(folder, 'desk.jsonl'), mapOf(one('momo'))))
    expect(error.code).toBe('EVK_FILE_UNUSABLE')
  })
})
