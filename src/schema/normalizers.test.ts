import { describe, expect, it } from 'vitest'
import { defaultNormalizers, normalizers, normalizersOf } from './normalizers.ts'
import { toolsFile } from './tool.ts'

describe('normalizersOf', () => {
  const file = toolsFile.parse({
    tools: {
      pay: { volatile: ['arguments.now', 'arguments.at'], idempotencyKey: 'arguments.key' },
      book: { volatile: ['arguments.id'] },
      get: { effect: 'read', volatile: [] },
    },
    model: { volatile: ['messages[1].content', 'messages[0].content'] },
  })

  it('freezes what the tools of a recording need, sorted', () => {
    expect(normalizersOf(file, ['pay', 'get', 'pay', 'unknown'])).toEqual({
      ...defaultNormalizers,
      volatile: { pay: ['arguments.at', 'arguments.key', 'arguments.now'] },
      model: ['messages[0].content', 'messages[1].content'],
    })
  })

  it('is nothing where nothing is asked beyond the default', () => {
    expect(normalizersOf(toolsFile.parse({ tools: { get: { effect: 'read' } } }), ['get'])).toBeUndefined()
    expect(normalizersOf(undefined, ['get'])).toBeUndefined()
    expect(normalizersOf(toolsFile.parse({ tools: {} }), ['constructor'])).toBeUndefined()
  })
})

describe('schemas', () => {
  it.each(['arguments', 'arguments.order.id', 'arguments.items[*].at', 'arguments["a b"][0]'])(
    'take %s',
    (path) => {
      expect(normalizers.safeParse({ volatile: { pay: [path] } }).success).toBe(true)
      expect(
        toolsFile.safeParse({ tools: { pay: { volatile: [path], idempotencyKey: path } } }).success,
      ).toBe(true)
    },
  )

  it.each([
    '',
    'order.id',
    'argumentsx',
    'arguments.',
    'arguments[',
    'arguments["\\x"]',
    '/order',
    `arguments.${'a'.repeat(500)}`,
  ])('refuse the path %j', (path) => {
    expect(normalizers.safeParse({ volatile: { pay: [path] } }).success).toBe(false)
    expect(toolsFile.safeParse({ tools: { pay: { volatile: [path] } } }).success).toBe(false)
  })

  it.each(['', 'messages[', 'a'.repeat(501)])('refuse the path %j into a model request', (path) => {
    expect(normalizers.safeParse({ model: [path] }).success).toBe(false)
    expect(toolsFile.safeParse({ tools: {}, model: { volatile: [path] } }).success).toBe(false)
  })

  it.each(['/order', '/a~1b/0', '/a b'])('take the pointer %s', (pointer) => {
    expect(toolsFile.safeParse({ tools: { pay: { resource: [pointer] } } }).success).toBe(true)
  })

  it.each(['', 'order', '/a~2', '#/order'])('refuse the pointer %j', (pointer) => {
    expect(toolsFile.safeParse({ tools: { pay: { resource: [pointer] } } }).success).toBe(false)
  })
})
