import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../lib/redact.ts'
import { EvalkitError } from '../schema/errors.ts'
import { checkRecords } from './check.ts'
import type { PlacedRecord } from './format.ts'
import { nearDuplicates } from './near-duplicates.ts'
import { all } from './testing/folder.ts'

const long =
  'I would like to exchange the two books that I was sent last week for the ones that I ordered in the first place, and I would like the difference back on my gift card please.'

async function* recordsOf(values: readonly unknown[]): AsyncGenerator<PlacedRecord> {
  for (const [index, value] of values.entries()) {
    const at = { file: 'datasets/desk.jsonl', line: index + 1 }
    if (value instanceof EvalkitError) yield { at, problem: value }
    else yield { at, value }
  }
}

/** Findings, in short: severity, kind, line, text. */
async function findings(values: readonly unknown[], fixtures: readonly string[] = []): Promise<string[]> {
  const found = await all(
    checkRecords(recordsOf(values), {
      file: 'datasets/desk.jsonl',
      redactor: createRedactor(),
      fixtures: new Set(fixtures),
    }),
  )
  return found.map(({ severity, kind, line, what }) => `${severity} ${kind} ${line ?? '-'} ${what}`)
}

// Put together here, so that no scanner takes this file for a leak.
const key = ['sk', 'ant', 'api03', 'AbCd1234EfGh5678IjKl9012'].join('-')

describe('checkRecords', () => {
  it('finds nothing in a dataset that is in order', async () => {
    expect(
      await findings(
        [
          { id: 'a', input: 'Is Momo in?', expected: 'yes' },
          { id: 'b', input: 'Is Emil in?', expected: 'no', source: { traces: ['t_1'] } },
        ],
        ['b'],
      ),
    ).toEqual([])
  })

  it('goes on behind what is no case, and names each', async () => {
    const found = await findings([
      { id: 'a', imput: 1 },
      new EvalkitError('EVK_JSON_SYNTAX', 'This is not JSON.'),
      { id: 'A', input: 1 },
      { id: 'b', input: 1 },
    ])
    expect(found.map((one) => one.split(' ').slice(0, 3).join(' '))).toEqual([
      'error schema 1',
      'error schema 2',
      'error schema 3',
    ])
    expect(found[0]).toContain('did you mean "input"?')
  })

  it.each([
    [
      'an id that two have',
      [
        { id: 'a', input: 1 },
        { id: 'a', input: 2 },
      ],
      [],
      /^error duplicate-id 2 .*desk\.jsonl:1/,
    ],
    [
      'a case that is there twice',
      [
        { id: 'a', input: 1 },
        { id: 'b', input: 1 },
      ],
      [],
      /^error duplicate 2 it is "a" once more/,
    ],
    [
      'one that is there twice with recordings of its own',
      [
        { id: 'a', input: 1 },
        { id: 'b', input: 1 },
      ],
      ['a', 'b'],
      /^warning duplicate 2 .*in a world of its own/,
    ],
    [
      'one that asks nearly the same',
      [
        { id: 'a', input: long },
        { id: 'b', input: long.replace('please', 'now') },
      ],
      [],
      /^warning near-duplicate 2 .*"a".* % of their word triples/,
    ],
    [
      'two that want different outputs',
      [
        { id: 'a', input: 1, expected: 'x' },
        { id: 'b', input: 1, expected: 'y' },
      ],
      [],
      /^error contradiction 2 .*"a".*another output/,
    ],
    [
      'two that want different calls, around one that wants none',
      [
        { id: 'a', input: 1, reference: { toolCalls: [{ name: 'f', arguments: {} }] }, expected: 1 },
        { id: 'b', input: 1, reference: { toolCalls: [] }, expected: 1 },
      ],
      [],
      /^error contradiction 2 .*other tool calls/,
    ],
    [
      'a secret',
      [{ id: 'a', input: { key } }],
      [],
      /^error secret 1 it holds a secret: anthropic-key at \$\.input\.key$/,
    ],
    [
      'a fixture that is gone',
      [{ id: 'a', input: 1, source: { traces: ['t'] } }],
      [],
      /^error fixture-missing 1/,
    ],
    ['a fixture of nobody', [{ id: 'a', input: 1 }], ['b'], /^warning fixture-unused - .*"b"/],
    ['no case', [], [], /^warning schema - the dataset holds no case/],
  ])('finds %s', async (_, values, fixtures, says) => {
    const found = await findings(values, fixtures)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(says)
  })

  it('lets cases of one cluster be alike: that is what a cluster says', async () => {
    const twin = { input: long, cluster: 'books' }
    expect(
      await findings([
        { id: 'a', ...twin },
        { id: 'b', ...twin },
      ]),
    ).toEqual([])
  })

  it('compares what is asked, and not the system prompt that all share', async () => {
    const asks = (question: string) => ({
      messages: [
        { role: 'system', parts: [{ type: 'text', content: long }] },
        { role: 'user', parts: [{ type: 'text', content: question }] },
      ],
    })
    expect(
      await findings([
        { id: 'a', ...asks('Is Momo in?') },
        { id: 'b', ...asks('Who wrote Krabat?') },
      ]),
    ).toEqual([])
  })

  it('finds a secret also in what is no case', async () => {
    const found = await findings([{ id: 'a', imput: { key } }])
    expect(found.map((one) => one.split(' ')[1])).toEqual(['schema', 'secret', 'schema'])
  })

  it('never says a secret', async () => {
    expect(JSON.stringify(await findings([{ id: 'a', input: key, note: `token=${key}` }]))).not.toContain(
      'AbCd1234',
    )
  })

  it('tells what stopped it, and keeps what it found before', async () => {
    async function* broken(): AsyncGenerator<PlacedRecord> {
      yield* recordsOf([{ id: 'a', imput: 1 }])
      throw new EvalkitError('EVK_FILE_BINARY', 'No text.', { at: { file: 'x', line: 7 } })
    }
    const found = await all(
      checkRecords(broken(), { file: 'x', redactor: createRedactor(), fixtures: new Set() }),
    )
    expect(found.map(({ kind, line }) => [kind, line])).toEqual([
      ['schema', 1],
      ['schema', 7],
      ['schema', undefined],
    ])
    expect(found[1]?.what).toBe('No text. Nothing behind it was looked at.')
  })
})

describe('nearDuplicates', () => {
  it('law: finds all pairs that the exact comparison of all with all finds', () => {
    const word = fc.constantFrom(
      'book',
      'shelf',
      'momo',
      'emil',
      'krabat',
      'ende',
      'read',
      'lend',
      'two',
      'three',
    )
    const text = fc.array(word, { minLength: 20, maxLength: 40 })
    fc.assert(
      fc.property(text, fc.nat({ max: 19 }), (words, at) => {
        const other: string[] = words.map((one, index) => (index === at ? 'changed' : one))
        const triples = (of: readonly string[]) =>
          new Set(of.slice(2).map((_, index) => of.slice(index, index + 3).join(' ')))
        const [a, b] = [triples(words), triples(other)]
        const both = [...a].filter((one) => b.has(one)).length
        const exact = both / (a.size + b.size - both)
        const alike = nearDuplicates()
        alike(words.join(' '))
        const found = alike(`${other.join(', ')}!`)
        // Candidates are found by chance: at 0.9 the chance to miss one is 1e-8.
        expect(found?.similarity ?? 0).toBeCloseTo(
          exact >= 0.8 && (found !== undefined || exact > 0.9) ? exact : 0,
        )
      }),
      { seed: 42, numRuns: 300 },
    )
  })

  it('takes no square of a thousand copies', () => {
    const alike = nearDuplicates()
    const found = Array.from({ length: 2000 }, () => alike(long))
    expect(found[0]).toBeUndefined()
    expect(found[1999]).toEqual({ place: 0, similarity: 1 })
  })

  it('says nothing of texts that are too short to be alike', () => {
    const alike = nearDuplicates()
    expect([alike('one two'), alike('one two'), alike('')]).toEqual([undefined, undefined, undefined])
  })
})
