import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeFormat, sampleCases } from './format.contract.ts'
import { formats } from './formats/index.ts'
import { openDataset } from './load.ts'
import { all, failureOf, folderWith } from './testing/folder.ts'

const lines = sampleCases.map((one) => JSON.stringify(one))
describeFormat(formats.jsonl, {
  text: `${lines[0]}\n\n${lines[1]}\n${lines[2]}\n`,
  lines: [1, 3, 4],
  broken: `${lines[0]}\n\n{"id":"x","input":1,"expectd":1}\n`,
  twice: `${lines[0]}\n\n${lines[1]}\n${lines[0]}\n`,
})

const momo = `- id: momo
  input: |-
    Is "Momo", by Ende, in?
    I need it today.
  expected: { shelf: 1 }
  tags: [books, today]
  category: happy
`
const krabat = `- id: krabat
  input: Krabat?
  expected: '007'
  reference: { contains: [shelf, two; left] }
`
const emil = `- { id: emil, input: { title: Emil, copies: '3' }, user: { persona: Ada }, cluster: kästner,
    reference: { toolCalls: [{ name: find, arguments: { title: Emil } }] },
    source: { traces: [t_1, t_2], addedAt: 2026-11-28 } }
`
describeFormat(formats.yaml, {
  text: `# the desk\n${momo}\n${krabat}${emil}`,
  lines: [2, 10, 14],
  broken: `# the desk\n${momo}\n- id: x\n  input: 1\n  expectd: 1\n`,
  twice: `# the desk\n${momo}\n${krabat}${momo}`,
})

const header =
  'id,input,input.title,input.copies,expected,expected:json,tags,category,reference.contains,reference.toolCalls,user.persona,cluster,source.traces,source.addedAt'
const momoRow =
  'momo,"Is ""Momo"", by Ende, in?\nI need it today.",,,,"{""shelf"":1}",books; today,happy,,,,,,'
const rows = [
  'krabat,Krabat?,,,007,,,,"[""shelf"",""two; left""]",,,,,',
  'emil,,Emil,3,,,,,,"[{""name"":""find"",""arguments"":{""title"":""Emil""}}]",Ada,kästner,t_1;t_2,2026-11-28',
]
describeFormat(formats.csv, {
  text: [header, momoRow, '', ...rows].join('\r\n'),
  lines: [2, 5, 6],
  broken: 'id,input,expectd\nx,1,1\n',
  twice: [header, momoRow, '', rows[0], momoRow].join('\n'),
})

describe('which file a dataset is', () => {
  const open = (files: Record<string, string>) =>
    openDataset(join(folderWith(files), 'desk.jsonl'), 'desk', 'datasets/desk.jsonl')

  it('is the one that is there, .yml too', async () => {
    expect((await open({ 'desk.yml': momo, 'other.jsonl': '', 'desk.md': '' })).index).toHaveLength(1)
  })

  it('is named where there are two', async () => {
    const error = await failureOf(() => open({ 'desk.csv': 'id,input\n', 'desk.yaml': '' }))
    expect(error.code).toBe('EVK_DATASET_AMBIGUOUS')
    expect(error.message).toBe(
      'There are two files of this dataset: datasets/desk.yaml and datasets/desk.csv.',
    )
  })

  it('is none where there is none', async () => {
    expect((await failureOf(() => open({}))).code).toBe('EVK_DATASET_NOT_FOUND')
  })
})

describe('CSV', () => {
  const open = (text: string) =>
    openDataset(join(folderWith({ 'desk.csv': text }), 'desk.jsonl'), 'desk', 'desk.jsonl')
  const cases = async (text: string) => all((await open(text)).cases())

  it('keeps text as text: nothing that looks like a number becomes one', async () => {
    const [one] = await cases('id,input,expected\n1,007,1.50\n')
    expect(one).toEqual({ v: 1, id: '1', input: '007', expected: '1.50', tags: [] })
  })

  it('says values of JSON in columns that are marked, an empty text too', async () => {
    const [one] = await cases('id,input:json,expected.ok:json\na,"""""",true\n')
    expect(one).toEqual({ v: 1, id: 'a', input: '', expected: { ok: true }, tags: [] })
  })

  it.each([
    [
      'a row with a field too few',
      'id,input\na,1\nb\n',
      'EVK_CSV_SYNTAX',
      3,
      'has 1 fields, and the header names 2',
    ],
    ['a row with a field too many', 'id,input\na,1,2\n', 'EVK_CSV_SYNTAX', 2, 'has 3 fields'],
    ['a quote that never closes', 'id,input\na,"1\nb,2\n', 'EVK_CSV_SYNTAX', 2, 'never closes'],
    ['semicolons for commas', 'id;input\na;1\n', 'EVK_CSV_SYNTAX', 1, 'divided by commas'],
    ['a column without a name', 'id,\na,1\n', 'EVK_SCHEMA', 1, 'column 2 has no name'],
    ['a column twice', 'id,input,input\n', 'EVK_SCHEMA', 1, 'twice'],
    ['a column nobody knows', 'id,imput\n', 'EVK_SCHEMA', 1, 'no "imput"'],
    ['a way to the prototype', 'id,input.__proto__.x\n', 'EVK_JSON_FORBIDDEN_KEY', 1, ''],
    ['two columns that say one thing', 'id,input,input.a\nx,1,2\n', 'EVK_CSV_SYNTAX', 2, 'says again'],
    ['JSON that is none', 'id,input:json\nx,{\n', 'EVK_JSON_SYNTAX', 2, 'not JSON'],
    ['a key in JSON', 'id,input:json\nx,"{""__proto__"":1}"\n', 'EVK_JSON_FORBIDDEN_KEY', 2, ''],
    ['a case without an input', 'id,input\nx,\n', 'EVK_SCHEMA', 2, 'needs an "input"'],
  ])('refuses %s, with the line', async (_, text, code, line, what) => {
    const error = await failureOf(() => open(text))
    expect([error.code, error.at.line]).toEqual([code, line])
    expect(error.message).toContain(what)
  })
})

describe('YAML', () => {
  const open = (text: string) =>
    openDataset(join(folderWith({ 'desk.yaml': text }), 'desk.jsonl'), 'desk', 'desk.jsonl')

  it.each([
    ['is broken', '- id: a\n  input: "x\n', 'EVK_YAML_SYNTAX', 3],
    ['is no list', 'id: a\ninput: x\n', 'EVK_SCHEMA', 1],
    ['holds bytes', '- id: a\n  input: !!binary aGk=\n', 'EVK_YAML_REFUSED', 2],
    ['holds objects', '- id: a\n  input: !!js/function x\n', 'EVK_YAML_REFUSED', 2],
    ['says a number for an id', '- id: a\n  input: 1\n- id: 7\n  input: 1\n', 'EVK_SCHEMA', 3],
  ])('that %s is refused with the line', async (_, text, code, line) => {
    const error = await failureOf(() => open(text))
    expect([error.code, error.at.line]).toEqual([code, line])
  })

  it('may repeat what is there by aliases', async () => {
    const dataset = await open('- &a { id: a, input: &x [1, 2] }\n- { id: b, input: *x }\n')
    expect((await all(dataset.cases())).map(({ input }) => input)).toEqual([
      [1, 2],
      [1, 2],
    ])
  })
})
