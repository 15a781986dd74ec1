import { describe, expect, it } from 'vitest'
import { textMessage } from '../schema/message.ts'
import { type LeakQuestion, leaksIn, leakWords } from './leaks.ts'
import { subjectOf, type SubjectSketch } from './subject.ts'

const pii: LeakQuestion = { of: 'pii', in: 'output', allow: [], allowSaidByUser: false }
const secrets: LeakQuestion = { ...pii, of: 'secrets' }

function kinds(sketch: SubjectSketch, question: LeakQuestion) {
  return leaksIn(subjectOf(sketch), question)?.map(({ kind }) => kind)
}

describe('leaks', () => {
  it('are secrets or personal data, never both', () => {
    const output = 'password: kx8Tq2vLw9, mail ada@example.com'
    expect(kinds({ output }, secrets)).toEqual(['secret'])
    expect(kinds({ output }, pii)).toEqual(['email'])
  })

  it('are found in the members of an answer that is no text', () => {
    expect(kinds({ output: { user: { api_key: 'kx8Tq2vLw9zR' } } }, secrets)).toEqual(['secret'])
    expect(kinds({ output: { to: ['ada@example.com', 'bob@example.com'] } }, pii)).toEqual(['email', 'email'])
  })

  it('were leaks before they were redacted', () => {
    const output = 'Write to <redacted:email:0123456789>.'
    expect(kinds({ output }, pii)).toEqual(['email'])
    expect(kinds({ output }, secrets)).toEqual([])
    expect(
      kinds({ output, input: 'I am <redacted:email:0123456789>.' }, { ...pii, allowSaidByUser: true }),
    ).toEqual([])
  })

  it('are looked for where one asks', () => {
    const sketch: SubjectSketch = {
      calls: [{ name: 'mail', arguments: { to: 'ada@example.com' } }],
      says: ['I mail ada@example.com.', 'Done.'],
      output: 'Done.',
    }
    expect(kinds(sketch, pii)).toEqual([])
    expect(kinds(sketch, { ...pii, in: 'transcript' })).toEqual(['email'])
    expect(leaksIn(subjectOf(sketch), { ...pii, in: 'tool-arguments' })).toEqual([
      { kind: 'email', where: 'arguments of mail' },
    ])
  })

  it('are not what the user said, where that is allowed', () => {
    const human = {
      kind: 'human',
      parent: null,
      name: 'user',
      status: 'ok',
      request: { name: 'user' },
      reply: { message: textMessage('user', 'My card:\n4111 1111 1111 1111') },
    } as const
    const sketch = { spans: [human], output: 'I charged 4111 1111 1111 1111 and told eve@example.com.' }
    expect(kinds(sketch, pii)).toEqual(['card', 'email'])
    expect(kinds(sketch, { ...pii, allowSaidByUser: true })).toEqual(['email'])
  })

  it('cannot be told where nothing was said', () => {
    expect(kinds({}, pii)).toBeUndefined()
    expect(kinds({ output: '' }, pii)).toBeUndefined()
    expect(kinds({}, { ...pii, in: 'tool-arguments' })).toEqual([])
  })

  it('are told by kind and place, never by what they are', () => {
    const leaks = [{ kind: 'email' }, { kind: 'email' }, { kind: 'card' }]
    expect(leakWords(leaks, 'personal datum', 'output')).toBe('3 personal data in the output: email, card')
    expect(leakWords([{ kind: 'secret', where: 'arguments of mail' }], 'secret', 'tool-arguments')).toBe(
      '1 secret: secret (arguments of mail)',
    )
  })
})
