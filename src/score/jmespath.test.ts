import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../schema/errors.ts'
import { jsonPath } from './checks/index.ts'
import { compileJmespath } from './jmespath.ts'
import { score } from './score.ts'
import { subjectOf } from './subject.ts'

function found(expression: string, value: unknown): unknown {
  const compiled = compileJmespath(expression)
  if (!compiled.ok) return compiled.what
  const result = compiled.search(value)
  return result.ok ? result.value : result.what
}

describe('compileJmespath', () => {
  it('finds nothing that a value merely inherits', () => {
    for (const expression of ['constructor', 'toString', 'a.constructor', '__proto__', 'a.length'])
      expect(found(expression, { a: {} })).toBeNull()
    expect(found('constructor', JSON.parse('{"constructor": 1}'))).toBe(1)
  })

  it.each([
    ['foo(', 'Syntax error'],
    ['a ||', 'Syntax error'],
    ['nofn(a)', 'there is no function nofn()'],
    ['a[?nofn(@)]', 'there is no function nofn()'],
    ['length()', 'Invalid arity'],
  ])('refuses %s', (expression, says) => {
    expect(compileJmespath(expression)).toMatchObject({ ok: false, what: expect.stringContaining(says) })
    expect(() => jsonPath({ expression })).toThrow(EvalkitError)
    expect(() => jsonPath({ expression })).toThrow(says)
  })

  it('does not take a value in the expression for a part of it', () => {
    expect(found('`{"type": "Function", "name": "nofn"}`.name', null)).toBe('nofn')
  })

  it('does not fall over nesting', () => {
    expect(compileJmespath('('.repeat(100_000))).toMatchObject({ ok: false })
    expect(() => jsonPath({ expression: '('.repeat(2_001) })).toThrow(EvalkitError)
  })
})

describe('jsonPath', () => {
  it.each([
    ['ok', { ok: 0 }, true],
    ['ok', { ok: false }, false],
    ['ok', { ok: '' }, false],
    ['ok', { ok: [] }, false],
    ['ok', { ok: {} }, false],
    ['ok', {}, false],
    ['ok', 'no JSON at all', false],
    ['@', 'text', true],
  ])('%s of %j is true: %s', async (expression, output, passed) => {
    expect(await score(subjectOf({ output }), [jsonPath({ expression })])).toMatchObject([{ passed }])
  })

  it('compares with a value that is null or false', async () => {
    const subject = subjectOf({ output: { ok: false } })
    const checks = [jsonPath({ expression: 'ok', value: false }), jsonPath({ expression: 'no', value: null })]
    expect(await score(subject, checks)).toMatchObject([{ passed: true }, { passed: true }])
  })

  it('fails where there is no output', async () => {
    expect(await score(subjectOf({}), [jsonPath({ expression: '@', value: null })])).toMatchObject([
      { passed: false, reason: 'there is no output' },
    ])
  })
})
