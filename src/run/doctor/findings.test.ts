import { describe, expect, it } from 'vitest'
import { knownTools } from '../../schema/known-tools.ts'
import type { Recording } from '../../schema/recording.ts'
import { textMessage } from '../../schema/message.ts'
import { toolsFile } from '../../schema/tool.ts'
import { ageFindings, type CaseFixture, guessedTools, schemaFindings, toolFindings } from './findings.ts'
import { recordedTools } from './recorded-tools.ts'

const day = 24 * 60 * 60 * 1000
const now = Date.UTC(2026, 5, 1)

function fixture(id: string, tools: readonly string[], days?: number, schema?: object): CaseFixture {
  const startedAt = days === undefined ? {} : { startedAt: new Date(now - days * day).toISOString() }
  const definitions =
    schema === undefined ? {} : { tools: [{ name: 'search', inputSchema: schema as never }] }
  const calls: Recording['calls'] = [
    ...tools.map((name) => ({
      kind: 'tool' as const,
      request: { name, arguments: {} },
      reply: { response: null, isError: false },
      ...startedAt,
    })),
    {
      kind: 'llm',
      request: { messages: [textMessage('user', 'Hi')], ...definitions },
      reply: { message: textMessage('assistant', 'Hello') },
    },
  ]
  return { eval: 'shop', case: id, tools: recordedTools([{ calls }]) }
}

describe('ageFindings', () => {
  it('names those that are older, the oldest first, and counts those that do not tell', () => {
    const fixtures = [
      fixture('new', ['search'], 3),
      fixture('old', ['search'], 100),
      fixture('older', ['search'], 300),
    ]
    const found = ageFindings([...fixtures, fixture('silent', ['search'])], { now, maxAgeDays: 90 })
    expect(found.map(({ level, what }) => [level, what])).toEqual([
      ['warn', '2 fixtures of 4 are older than 90 days: older (300 days), old (100 days)'],
      ['note', '1 fixture of 4 does not say when it was recorded'],
    ])
    expect(ageFindings(fixtures, { now, maxAgeDays: 300 })).toEqual([])
  })
})

describe('schemaFindings', () => {
  const string = { type: 'object', properties: { zip: { type: 'string' } } }
  const number = { type: 'object', properties: { zip: { type: 'number' } } }

  it('names a tool that takes other arguments today, and where', () => {
    const fixtures = [fixture('a', ['search'], 1, string), fixture('b', ['search'], 1, number)]
    const found = schemaFindings(fixtures, () => ({ code: number }))
    expect(found).toMatchObject([{ level: 'warn' }])
    expect(found[0]?.what).toBe(
      'tool search takes other arguments than when it was recorded (the code, first at properties.zip.type): a',
    )
  })

  it('compares with the file where it says something, and with nothing where nobody does', () => {
    const fixtures = [fixture('a', ['search'], 1, string)]
    expect(schemaFindings(fixtures, () => ({ file: string, code: number }))).toEqual([])
    expect(schemaFindings(fixtures, () => ({}))).toEqual([])
    expect(schemaFindings([fixture('a', ['search'])], () => ({ code: number }))).toEqual([])
  })
})

describe('toolFindings', () => {
  const file = toolsFile.parse({ tools: { serach: {}, refund: { effect: 'write' }, idle_tool: {} } })
  const fixtures = [fixture('a', ['search', 'refund'])]

  it('names what is declared and not called, what was meant, and what is guessed', () => {
    const found = toolFindings(fixtures, file, { known: knownTools(file), whole: true }).map(
      ({ level, what }) => `${level} ${what}`,
    )
    expect(found).toEqual([
      'warn evals/tools.json names serach, which no fixture calls; did you mean search?',
      'note no fixture calls idle_tool',
      'warn what 1 tool does to the world is guessed by its name: search',
    ])
    const part = toolFindings(fixtures, file, { known: knownTools(file), whole: false })
    expect(part.map(({ level }) => level)).toEqual(['warn'])
    expect(guessedTools(fixtures, knownTools(file))).toEqual([{ tool: 'search', effect: 'read' }])
  })

  it('says nothing where there is nothing to say', () => {
    const all = toolsFile.parse({ tools: { search: { effect: 'read' }, refund: { effect: 'write' } } })
    expect(toolFindings(fixtures, all, { known: knownTools(all), whole: true })).toEqual([])
  })
})
