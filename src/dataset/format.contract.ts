import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
import type { DatasetFormat } from './format.ts'
import { formats } from './formats/index.ts'
import { openDataset } from './load.ts'
import { all, failureOf, folderWith } from './testing/folder.ts'

/** The same three cases in every format, and the lines they begin on. */
export interface FormatSample {
  readonly text: string
  readonly lines: readonly number[]
  /** The same with a second case that has an unknown key, `expectd`, and a third that has the id of the first. */
  readonly broken: string
  readonly twice: string
}

/** What every format promises. */
export function describeFormat(format: DatasetFormat, sample: FormatSample): void {
  const [ending = ''] = format.endings
  const opened = (text: string | Uint8Array) => {
    const folder = folderWith()
    writeFileSync(join(folder, `desk${ending}`), text)
    return openDataset(join(folder, 'desk.jsonl'), 'desk', 'datasets/desk.jsonl')
  }

  describe(`datasets in ${format.name}`, () => {
    it('are registered under their own name, and nobody else has their endings', () => {
      expect(Object.entries(formats).find(([, one]) => one === format)?.[0]).toBe(format.name)
      const others = Object.values(formats).filter((one) => one !== format)
      expect(others.flatMap(({ endings }) => endings)).not.toEqual(expect.arrayContaining([ending]))
    })

    it('hold the cases that the sample says, with the hash they have in every format', async () => {
      const dataset = await opened(sample.text)
      expect(await all(dataset.cases())).toEqual(sampleCases)
      expect(dataset.hash).toBe('396110453976b1e7')
    })

    it('tell the line on which each case begins', async () => {
      const folder = folderWith({ [`desk${ending}`]: sample.text })
      const records = await all(format.records(join(folder, `desk${ending}`), 'desk'))
      expect(records.map(({ at }) => at.line)).toEqual(sample.lines)
    })

    it('may begin with a byte order mark', async () => {
      expect((await opened(`\uFEFF${sample.text}`)).index).toHaveLength(3)
    })

    it('may hold no case', async () => expect((await opened('')).index).toEqual([]))

    it('are refused with file and line where a case is none', async () => {
      const error = await failureOf(() => opened(sample.broken))
      expect(error.message).toContain('did you mean "expected"?')
      expect([error.code, error.at.file]).toEqual(['EVK_SCHEMA', `datasets/desk${ending}`])
      // Of a table, the header says it.
      expect(error.at.line).toBe(format.name === 'csv' ? 1 : sample.lines[1])
    })

    it('are refused with both lines where two cases have one id', async () => {
      const error = await failureOf(() => opened(sample.twice))
      expect(error.code).toBe('EVK_DATASET_DUPLICATE_ID')
      expect(error.at.line).toBe(sample.lines[2])
      expect(error.details).toEqual([`the other one: datasets/desk${ending}:${sample.lines[0]}`])
    })

    it('never fail but in ways we know, whatever a file holds', async () => {
      const piece = fc.constantFrom(
        '"',
        "'",
        ',',
        '\n',
        '\r\n',
        '- ',
        ': ',
        '{',
        '}',
        '[',
        '&a ',
        '*a',
        '!!x ',
        '\\',
        '__proto__',
        '\u2028',
      )
      const change = fc.tuple(fc.nat({ max: sample.text.length }), fc.nat({ max: 20 }), piece)
      const path = join(folderWith(), `desk${ending}`)
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
          let text = sample.text
          for (const [at, length, put] of changes) text = text.slice(0, at) + put + text.slice(at + length)
          writeFileSync(path, text)
          expect(await outcomeOf(() => openDataset(path, 'desk', 'desk'))).toMatch(/^(opened|EVK_.*)$/)
        }),
        { seed: 42, numRuns: 150 },
      )
    })

    it.each([
      ['bytes that are no text', Buffer.from([0x69, 0xff, 0xfe, 0x0a]), 'EVK_FILE_BINARY'],
      ['a zero byte', Buffer.from('id\0\n'), 'EVK_FILE_BINARY'],
    ])('are refused where they hold %s', async (_, bytes, code) => {
      expect((await failureOf(() => opened(bytes))).code).toBe(code)
    })
  })
}

async function outcomeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
    return 'opened'
  } catch (error) {
    if (EvalkitError.is(error)) return error.code
    throw error
  }
}

export const sampleCases = [
  {
    v: 1,
    id: 'momo',
    input: 'Is "Momo", by Ende, in?\nI need it today.',
    expected: { shelf: 1 },
    tags: ['books', 'today'],
    category: 'happy',
  },
  {
    v: 1,
    id: 'krabat',
    input: 'Krabat?',
    expected: '007',
    reference: { contains: ['shelf', 'two; left'] },
    tags: [],
  },
  {
    v: 1,
    id: 'emil',
    input: { title: 'Emil', copies: '3' },
    reference: { toolCalls: [{ name: 'find', arguments: { title: 'Emil' } }] },
    user: { persona: 'Ada' },
    cluster: 'kästner',
    tags: [],
    source: { traces: ['t_1', 't_2'], addedAt: '2026-11-28' },
  },
]
