import { describe, expect, it } from 'vitest'
import { failureOf } from '../testing/folder.ts'
import { detectDatasetImporter } from './detect.ts'
import { casesIn, describeDatasetImporter, leftIn, sourceOf } from './importer.contract.ts'
import { datasetImporters } from './index.ts'
import { openForeign } from './source.ts'

const { promptfoo, 'openai-evals': openaiEvals } = datasetImporters
const sample = (name: string): URL => new URL(name, import.meta.url)

describeDatasetImporter(promptfoo, sample('promptfoo.sample.yaml'), 3)
describeDatasetImporter(openaiEvals, sample('openai-evals.sample.jsonl'), 4)

const promptfooYaml = (text: string) => [...promptfoo.read(sourceOf('t.yaml', text))]
const promptfooCsv = (text: string) => [...promptfoo.read(sourceOf('t.csv', text))]

describe('promptfoo', () => {
  it('makes of its assertions what a right answer shows, and a note of what only a judge can say', () => {
    const [momo] = casesIn(
      promptfooYaml(`
- description: Where Momo stands
  vars: { question: Which shelf?, shelf: '1' }
  metadata: { category: happy, tags: [books], difficulty: 2 }
  assert:
    - { type: equals, value: 'Shelf {{ shelf }}.' }
    - { type: icontains, value: shelf }
    - { type: llm-rubric, value: Is friendly. }
`),
    )
    expect(momo).toEqual({
      v: 1,
      id: 'where-momo-stands',
      input: { question: 'Which shelf?', shelf: '1' },
      expected: 'Shelf 1.',
      reference: { contains: ['shelf'] },
      category: 'happy',
      tags: ['books', 'difficulty=2'],
      source: { traces: [], importedFrom: 'promptfoo: t.yaml' },
      note: 'promptfoo llm-rubric: Is friendly.',
    })
  })

  it('makes a case of each combination of listed variables, in one cluster', () => {
    const found = casesIn(promptfooYaml('- vars: { a: [1, 2], b: [x, y], c: z }'))
    expect(found.map(({ input }) => input)).toEqual([
      { a: 1, b: 'x', c: 'z' },
      { a: 1, b: 'y', c: 'z' },
      { a: 2, b: 'x', c: 'z' },
      { a: 2, b: 'y', c: 'z' },
    ])
    expect(new Set(found.map(({ cluster }) => cluster))).toEqual(new Set([found[0]?.id]))
    const [whole] = casesIn(
      promptfooYaml('- { vars: { a: [1, 2] }, options: { disableVarExpansion: true } }'),
    )
    expect(whole?.input).toEqual({ a: [1, 2] })
  })

  it.each([
    ['{ type: regex, value: x }', 'assert regex', 'matches({ pattern })'],
    ['{ type: is-json }', 'assert is-json', 'jsonSchema'],
    ['{ type: cost, threshold: 1 }', 'assert cost', 'maxCost'],
    ['{ type: javascript, value: "1" }', 'assert javascript', 'code is not imported'],
    ['{ type: not-contains, value: x }', 'assert not-contains', 'not what it lacks'],
    ['{ type: equals, value: "{{ a | upper }}" }', 'assert equals', 'a template'],
    ['{ type: equals, value: "{{ missing }}" }', 'assert equals', 'a template'],
    ['{ type: equals, value: file://x }', 'assert equals', 'a template or a file'],
    ['{ type: contains, value: x, transform: y }', 'assert contains', 'that code picks'],
    ['{ type: assert-set, threshold: 0.5, assert: [] }', 'assert assert-set', 'a share'],
    ['{ type: from-the-future }', 'assert from-the-future', 'nothing like it'],
    ['{ value: x }', 'an assertion', 'no "type"'],
  ])('names what it leaves out: %s', (assert, what, why) => {
    const [left, ...more] = leftIn(promptfooYaml(`- { vars: { a: x }, assert: [${assert}] }`))
    expect(more).toEqual([])
    expect([left?.line, left?.what]).toEqual([1, what])
    expect(left?.why).toContain(why)
  })

  it.each([
    ['- vars: { a: file://x.txt }', 'stands in another file'],
    ['- file://more.yaml', 'import that file itself'],
    ['- description: nothing', 'nothing to ask'],
    [`- vars: { a: [${'1,'.repeat(40)}], b: [${'1,'.repeat(40)}] }`, 'more than 1000'],
  ])('leaves a test out with its line: %s', (text, why) => {
    const found = promptfooYaml(`# first\n${text}`)
    expect(casesIn(found)).toEqual([])
    expect(leftIn(found)).toEqual([expect.objectContaining({ line: 2, why: expect.stringContaining(why) })])
  })

  it('takes variables and assertions of "defaultTest" for every test', () => {
    const found = promptfooYaml(
      'defaultTest: { vars: { who: Ada }, assert: [{ type: contains, value: "{{who}}" }] }\ntests: [{ vars: { a: 1 } }]',
    )
    expect(casesIn(found)[0]).toMatchObject({ input: { who: 'Ada', a: 1 }, reference: { contains: ['Ada'] } })
  })

  it('reads tables: columns are variables, "__" says the rest', () => {
    const found = promptfooCsv(
      'question,__expected1,__expected2,__description,__metadata:category,__metadata:tags[],__prefix\n' +
        'Where?,shelf 1,contains: two,,edge,"a, b\\,c",x\n' +
        'Who?,"contains-all: a, b",similar(0.8): Ende,The author,,,\n' +
        'What?,Paris: the city,is-json,,,,\n' +
        'short\n',
    )
    expect(casesIn(found)).toMatchObject([
      {
        input: { question: 'Where?' },
        expected: 'shelf 1',
        reference: { contains: ['two'] },
        category: 'edge',
        tags: ['a', 'b,c'],
      },
      { id: 'the-author', reference: { contains: ['a', 'b'] }, note: 'promptfoo similar: Ende' },
      // A word before a colon is only a type where it is one.
      { expected: 'Paris: the city' },
    ])
    expect(leftIn(found).map(({ line, what }) => [line, what])).toEqual([
      [1, 'column "__prefix"'],
      [5, 'a row'],
      [4, 'assert is-json'],
    ])
  })

  it('gives ids that hang on what is asked, not on the place', () => {
    const ids = (text: string) => casesIn(promptfooYaml(text)).map(({ id }) => id)
    const [one, two] = ['- vars: { a: 1 }\n', '- vars: { a: 2 }\n']
    expect(ids(`${one}${two}`)).toEqual(ids(`${two}${one}`).reverse())
    const [first, second] = ids(`${one}${one}`)
    expect(second).toBe(`${first}-2`)
  })

  it('never reaches a prototype', async () => {
    const error = await failureOf(() => promptfooYaml('- vars: { __proto__: { x: 1 } }'))
    expect(error.code).toBe('EVK_JSON_FORBIDDEN_KEY')
    const [made] = casesIn(promptfooCsv('__proto__,a,__expected\nx,y,z\n'))
    expect(made?.input).toEqual({ a: 'y' })
  })
})

describe('openai-evals', () => {
  const read = (value: unknown) => [...openaiEvals.read(sourceOf('s.jsonl', JSON.stringify(value)))]

  it('keeps messages with their names, and the one ideal answer as what is expected', () => {
    const input = [
      { role: 'system', name: 'example_user', content: '2+2' },
      { role: 'user', content: '48+2' },
    ]
    expect(casesIn(read({ input, ideal: ['50'] }))[0]).toMatchObject({
      messages: [
        { role: 'system', name: 'example_user', parts: [{ type: 'text', content: '2+2' }] },
        { role: 'user', parts: [{ type: 'text', content: '48+2' }] },
      ],
      expected: '50',
    })
  })

  it('keeps several ideal answers in the note, and says that nothing asks for them', () => {
    const found = read({ input: 'Shelf?', ideal: ['1', 'one'] })
    expect(casesIn(found)[0]).toMatchObject({ input: 'Shelf?', note: 'ideal, any of: 1 | one' })
    expect(casesIn(found)[0]?.expected).toBeUndefined()
    expect(leftIn(found)[0]?.why).toContain('contains({ texts')
  })

  it('names a sample that is none', () => {
    expect(leftIn(read({ ideal: 'x' }))[0]).toMatchObject({ line: 1, what: 'sample' })
  })
})

describe('detection', () => {
  it.each([
    ['a.csv', 'question,answer\na,b\n'],
    ['a.jsonl', '{"id":"x"}\n'],
    ['a.yaml', 'a: 1\n'],
    ['a.json', '[]'],
  ])('says what is looked for where %s is no dataset', async (file, text) => {
    const error = await failureOf(() => detectDatasetImporter(sourceOf(file, text)))
    expect(error.code).toBe('EVK_FORMAT_UNKNOWN')
    expect(error.details).toHaveLength(2)
  })

  it('says what is wrong with a broken file', async () => {
    const codes = [
      ['a.csv', '"', 'EVK_CSV_SYNTAX'],
      ['a.jsonl', '{', 'EVK_JSON_SYNTAX'],
      ['a.yaml', 'a: "', 'EVK_YAML_SYNTAX'],
      ['a.json', '', 'EVK_FILE_EMPTY'],
    ] as const
    for (const [file, text, code] of codes) {
      expect((await failureOf(() => detectDatasetImporter(sourceOf(file, text)))).code).toBe(code)
    }
    expect((await failureOf(() => openForeign('a.xlsx', 'a.xlsx'))).code).toBe('EVK_FORMAT_UNKNOWN')
  })
})
