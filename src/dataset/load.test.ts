import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evalCase } from '../schema/case.ts'
import { type Dataset, inlineDataset, isDatasetName, openDataset } from './load.ts'
import { all, failureOf, folderWith } from './testing/folder.ts'

const open = async (text: string): Promise<Dataset> => {
  const folder = folderWith({ 'desk.jsonl': text })
  return openDataset(join(folder, 'desk.jsonl'), 'desk', 'datasets/desk.jsonl')
}
const line = (value: object): string => `${JSON.stringify(value)}\n`
const momo = { id: 'momo', input: 'Momo?', expected: 'shelf 1' }

describe('openDataset', () => {
  it('indexes what a plan needs, and gives the cases again and again', async () => {
    const dataset = await open(line(momo) + line({ id: 'krabat', input: 'Krabat?', tags: ['dark'] }))
    expect(dataset.index).toEqual([
      { id: 'momo', hash: expect.stringMatching(/^[0-9a-f]{16}$/), tags: [] },
      { id: 'krabat', hash: expect.stringMatching(/^[0-9a-f]{16}$/), tags: ['dark'] },
    ])
    for (const round of [1, 2]) {
      const ids = (await all(dataset.cases())).map(({ id }) => `${id} ${round}`)
      expect(ids).toEqual([`momo ${round}`, `krabat ${round}`])
    }
  })

  it('keeps only the index in memory: cases are read from the file, one at a time', async () => {
    const folder = folderWith({ 'desk.jsonl': line(momo) })
    const path = join(folder, 'desk.jsonl')
    const dataset = await openDataset(path, 'desk', 'desk.jsonl')
    writeFileSync(path, line({ ...momo, expected: 'shelf 2' }))
    expect((await all(dataset.cases()))[0]?.expected).toBe('shelf 2')
    expect(JSON.stringify(dataset.index)).not.toContain('Momo?')
  })

  it('holds no case where the file has none; the plan refuses it', async () => {
    expect((await open('\n\n')).index).toEqual([])
    expect((await open('')).index).toEqual([])
  })

  it('hashes what cases ask and want: not their order, tags, category or provenance', async () => {
    const lines = [momo, { id: 'krabat', input: 'Krabat?' }, { id: 'emil', input: 'Emil?' }]
    const { hash } = await open(lines.map(line).join(''))
    const same = [...lines].reverse().map((one, index) => ({
      ...one,
      tags: [`t${index}`],
      category: 'edge',
      source: { traces: ['t_1'] },
    }))
    expect((await open(same.map(line).join(''))).hash).toBe(hash)
    for (const other of [
      lines.slice(1),
      [...lines, { id: 'matilda', input: 'Matilda?' }],
      [{ ...momo, expected: 'shelf 2' }, ...lines.slice(1)],
      [{ ...momo, id: 'momo-2' }, ...lines.slice(1)],
      [{ ...momo, reference: { contains: ['1'] } }, ...lines.slice(1)],
    ]) {
      expect((await open(other.map(line).join(''))).hash).not.toBe(hash)
    }
  })

  it('names both lines of a duplicate id', async () => {
    const error = await failureOf(() =>
      open(`\n${line(momo)}${line({ id: 'emil', input: 1 })}\n${line(momo)}`),
    )
    expect(error.code).toBe('EVK_DATASET_DUPLICATE_ID')
    expect(error.message).toBe('Two cases are called "momo".')
    expect(error.at).toEqual({ file: 'datasets/desk.jsonl', line: 5 })
    expect(error.details).toEqual(['the other one: datasets/desk.jsonl:2'])
  })

  it.each([
    ['a wrong type', { id: 'momo', input: 1, tags: 'dark' }, 'EVK_SCHEMA', 'tags: '],
    [
      'a path into it',
      { id: 'momo', messages: [{ role: 'usr', parts: [] }] },
      'EVK_SCHEMA',
      'messages[0].role: ',
    ],
    ['no input', { id: 'momo' }, 'EVK_SCHEMA', 'a case needs an "input" or "messages"'],
    ['an id that leads out', { id: '../momo', input: 1 }, 'EVK_SCHEMA', 'id: use lower-case letters'],
    ['a misspelt key', { id: 'momo', inptu: 1 }, 'EVK_SCHEMA', 'there is no "inptu"; did you mean "input"?'],
    [
      'a misspelt key inside',
      { id: 'momo', input: 1, reference: { toolcall: [] } },
      'EVK_SCHEMA',
      'there is no "reference.toolcall"; did you mean "toolCalls"?',
    ],
    ['a strange key', { id: 'momo', input: 1, zzzzzzzz: 1 }, 'EVK_SCHEMA', 'it takes v, id, input, messages'],
    ['a newer version', { v: 2, id: 'momo', input: 1 }, 'EVK_VERSION_NEWER', 'has version 2'],
    ['a list', [1, 2], 'EVK_SCHEMA', 'expected object'],
  ])('says file, line and path of %s', async (_, record, code, what) => {
    const error = await failureOf(() => open(line(momo).replace('momo', 'emil') + line(record)))
    expect(error.code).toBe(code)
    expect(error.message).toContain(what)
    expect(error.at).toMatchObject({ file: 'datasets/desk.jsonl', line: 2 })
  })

  it.each([
    ['a truncated line', '{"id":"momo","inp', 'EVK_JSON_SYNTAX'],
    [
      'a key that reaches the prototype',
      '{"id":"momo","input":{"__proto__":{"x":1}}}',
      'EVK_JSON_FORBIDDEN_KEY',
    ],
    ['the same key, spelt', '{"id":"momo","input":{"\\u005f_proto__":1}}', 'EVK_JSON_FORBIDDEN_KEY'],
    [
      'nesting without end',
      `{"id":"momo","input":${'['.repeat(9999)}${']'.repeat(9999)}}`,
      'EVK_JSON_TOO_DEEP',
    ],
    ['a document that is pretty, not one line', '{\n  "id": "momo"\n}', 'EVK_JSON_SYNTAX'],
  ])('refuses %s, with its line', async (_, text, code) => {
    const error = await failureOf(() => open(`${line({ id: 'emil', input: 1 })}${text}\n`))
    expect(error.code).toBe(code)
    expect(error.at).toMatchObject({ file: 'datasets/desk.jsonl', line: 2 })
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it('tells a dataset that is not there from one that cannot be read', async () => {
    const folder = folderWith({ 'shelf/x': '' })
    const missing = await failureOf(() => openDataset(join(folder, 'no.jsonl'), 'no', 'datasets/no.jsonl'))
    expect(missing.code).toBe('EVK_DATASET_NOT_FOUND')
    expect(missing.message).toContain('"no"')
    // Taken for missing, promote would write a new one in its place.
    const dir = await failureOf(() => openDataset(join(folder, 'shelf'), 'shelf', 'datasets/shelf.jsonl'))
    expect(dir.code).toBe('EVK_FILE_UNUSABLE')
  })

  it('reads the datasets of this repository', async () => {
    const path = join(import.meta.dirname, '../../datasets/airline.jsonl')
    const dataset = await openDataset(path, 'airline', 'datasets/airline.jsonl')
    expect(dataset.index).toHaveLength(readFileSync(path, 'utf8').trimEnd().split('\n').length)
  })
})

describe('inlineDataset', () => {
  it('calls cases without an id by their place', async () => {
    const given = [{ input: 1 }, { id: 'momo', input: 2 }, { id: undefined, input: 3 }]
    const { index } = await inlineDataset('desk', given, 'desk.eval.ts')
    expect(index.map(({ id }) => id)).toEqual(['case-1', 'momo', 'case-3'])
  })

  it('has the hash the same cases have in a file', async () => {
    const inline = await inlineDataset('desk', [{ expected: 'shelf 1', input: 'Momo?', id: 'momo' }], 'x')
    expect(inline.hash).toBe((await open(line(momo))).hash)
  })

  it('names both places of a duplicate id', async () => {
    const given = [{ id: 'case-2', input: 1 }, { input: 2 }]
    const error = await failureOf(() => inlineDataset('desk', given, 'desk.eval.ts'))
    expect(error.code).toBe('EVK_DATASET_DUPLICATE_ID')
    expect(error.at).toEqual({ file: 'desk.eval.ts', path: 'dataset[1]' })
    expect(error.details).toEqual(['the other one: desk.eval.ts, at dataset[0]'])
  })

  it('is detached from what the eval file holds', async () => {
    const input = { title: 'Momo' }
    const dataset = await inlineDataset('desk', [{ input }], 'desk.eval.ts')
    input.title = 'Krabat'
    expect((await all(dataset.cases()))[0]?.input).toEqual({ title: 'Momo' })
  })

  class Book {
    readonly title = 'Momo'
  }
  const loop: unknown[] = []
  loop.push(loop)
  it.each([
    ['a date', { input: { due: new Date(0) } }, 'dataset[0].input.due', 'Date'],
    ['an instance', { input: [1, new Book()] }, 'dataset[0].input[1]', 'Book'],
    ['a map', { input: 1, expected: new Map() }, 'dataset[0].expected', 'Map'],
    ['a function', { input: () => 1 }, 'dataset[0].input', 'function'],
    ['NaN', { input: { price: Number.NaN } }, 'dataset[0].input.price', 'NaN'],
    ['a bigint', { input: 1n }, 'dataset[0].input', 'bigint'],
    ['a symbol', { input: Symbol('x') }, 'dataset[0].input', 'symbol'],
    ['a prototype', { input: JSON.parse('{"__proto__":1}') }, 'dataset[0].input', '__proto__'],
  ])('refuses %s, naming its path', async (_, given, path, what) => {
    const error = await failureOf(() => inlineDataset('desk', [given], 'desk.eval.ts'))
    expect(error.code).toBe('EVK_EVAL_INVALID')
    expect(error.at).toEqual({ file: 'desk.eval.ts', path })
    expect(error.message).toContain(what)
  })

  it('refuses a value that holds itself', async () => {
    const error = await failureOf(() => inlineDataset('desk', [{ input: loop }], 'desk.eval.ts'))
    expect(error.code).toBe('EVK_EVAL_INVALID')
  })

  it.each([[null], [7], ['Momo?'], [[1]], [{ inptu: 1 }], [{ id: 'Momo!', input: 1 }]])(
    'refuses %j, with its place in the list',
    async (given) => {
      const error = await failureOf(() => inlineDataset('desk', [{ input: 1 }, given], 'desk.eval.ts'))
      expect(error.code).toBe('EVK_EVAL_INVALID')
      expect(error.at).toEqual({ file: 'desk.eval.ts', path: 'dataset[1]' })
    },
  )

  it('law: any JSON is a case’s input, and comes back as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (input) => {
        const expected: unknown = JSON.parse(JSON.stringify(input))
        fc.pre(!JSON.stringify(expected).includes('__proto__'))
        const dataset = await inlineDataset('desk', [{ input: expected }], 'desk.eval.ts')
        const [only] = await all(dataset.cases())
        expect(only?.input).toEqual(expected)
        expect(evalCase.safeParse(only).success).toBe(true)
      }),
      { seed: 42 },
    )
  })
})

describe('isDatasetName', () => {
  it.each(['airline', 'a', '9-lives', 'v1.2_x'])('takes %s', (name) => expect(isDatasetName(name)).toBe(true))
  it.each(['', '.', '..', '../up', 'a/b', 'a\\b', '-a', 'A', 'a b', 'ä', 'a\n', 'x'.repeat(129)])(
    'refuses %j',
    (name) => expect(isDatasetName(name)).toBe(false),
  )
})
