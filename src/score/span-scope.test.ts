import { describe, expect, it } from 'vitest'
import { maxSteps } from './checks/max-steps.ts'
import { countOf, spansWithin } from './span-scope.ts'
import { subjectOf } from './subject.ts'

const { outcome } = subjectOf({
  spans: [
    { kind: 'agent', parent: null, name: 'support', status: 'ok' },
    { kind: 'llm', parent: null, name: 'chat', status: 'ok', request: { messages: [] }, by: 'user' },
    { kind: 'human', parent: null, name: 'user', status: 'ok', request: { name: 'user' } },
    { kind: 'retrieval', parent: null, name: 'docs', status: 'ok' },
  ],
  calls: [{ name: 'search' }, { name: 'book' }, { name: 'search' }],
  says: ['Done.'],
})

describe('the scope of a limit', () => {
  it.each([
    [{}, 4, '4 calls'],
    [{ kind: 'llm' }, 1, '1 model call'],
    [{ kind: 'tool' }, 3, '3 tool calls'],
    [{ tool: 'search' }, 2, '2 calls of search'],
    [{ tool: 'none' }, 0, '0 calls of none'],
    [{ kind: 'human' }, 1, '1 question to people'],
    [{ kind: 'retrieval' }, 1, '1 retrieval'],
    [{ kind: 'custom' }, 0, '0 custom spans'],
  ] as const)('%j holds %i spans', (scope, number, words) => {
    expect(spansWithin(outcome, scope)).toHaveLength(number)
    expect(countOf(number, scope)).toBe(words)
  })

  it('puts many questions in the plural', () => {
    expect(countOf(1200, { kind: 'human' })).toBe('1,200 questions to people')
  })

  it('is refused where a tool is to be of another kind', () => {
    expect(() => maxSteps({ steps: 1, kind: 'llm', tool: 'search' })).toThrow(/kind "tool", not "llm"/)
  })
})
