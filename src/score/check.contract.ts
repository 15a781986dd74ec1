import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../lib/json.ts'
import { evalCase } from '../schema/case.ts'
import { outcome } from '../schema/outcome.ts'
import { type Score, score as scoreSchema } from '../schema/score.ts'
import { type AnyCheckFactory, checkOf, commonOptions } from './define-check.ts'
import { paramsJsonSchema } from './params.ts'
import { score } from './score.ts'

/**
 * What every check keeps to, whoever wrote it: it is known by its own name, tells what it takes, and its examples
 * are true.
 *
 * ```ts
 * describeChecks({ polite })
 * ```
 */
export function describeChecks(checks: Readonly<Record<string, AnyCheckFactory>>): void {
  describe.each(Object.entries(checks))('%s', (key, { definition }) => {
    const { name, description, params, examples } = definition

    it('is registered under its own name', () => {
      expect(name).toBe(key)
      expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/)
    })

    it('is described in sentences', () => {
      expect(description).toMatch(/^[A-Z].*\.$/s)
    })

    it('tells what it takes: each parameter has a description', () => {
      const { type, properties = {} } = paramsJsonSchema(params)
      expect(type).toBe('object')
      const silent = Object.keys(properties).filter((key) => properties[key]?.description === undefined)
      expect(silent).toEqual([])
      const taken = Object.keys(commonOptions.shape).filter((key) => Object.hasOwn(properties, key))
      expect({ 'options that every check has already': taken }).toEqual({
        'options that every check has already': [],
      })
    })

    it('refuses a parameter it does not know', () => {
      const options = { ...(examples[0]?.params as object), noSuchParameter: 1 }
      expect(() => checkOf(definition, options)).toThrow(/noSuchParameter/)
    })

    it('has an example that passes and one that fails', () => {
      const expected = examples.map((example) => example.expect)
      expect(expected).toContain('pass')
      expect(expected).toContain('fail')
      expect(new Set(examples.map((example) => example.title)).size).toBe(examples.length)
    })

    it.each(examples.map((example) => [example.title, example] as const))('%s', async (title, example) => {
      expect(title).toMatch(/\.$/)
      expect(evalCase.safeParse(example.subject.case).error).toBeUndefined()
      expect(outcome.safeParse(example.subject.outcome).error).toBeUndefined()
      const check = checkOf(definition, example.params)
      const { tools: _, ...looked } = example.subject
      const before = canonicalJson(looked)
      const [got] = await score(example.subject, [check])
      expect(scoreSchema.parse(got)).toEqual(got)
      expect({ word: wordOf(got), reason: got?.reason }).toMatchObject({ word: example.expect })
      expect(got?.reason ?? '').toContain(example.says ?? '')
      // A check leaves its subject as it is, and asked twice it answers the same.
      expect(canonicalJson(looked)).toBe(before)
      expect(await score(example.subject, [check])).toEqual([got])
    })

    it('is identified by what it asks', () => {
      const example = examples[0]
      const plain = checkOf(definition, example?.params)
      const other = { ...(example?.params as object), as: 'another name', gating: false }
      expect(plain).toMatchObject({ name, gating: true, identity: { check: name } })
      expect(checkOf(definition, example?.params).identity).toEqual(plain.identity)
      expect(checkOf(definition, other)).toMatchObject({ name: 'another name', gating: false })
      expect(checkOf(definition, other).identity).not.toEqual(plain.identity)
    })
  })
}

function wordOf(score: Score | undefined): string {
  if (score?.status !== 'scored') return 'unscored'
  return score.passed ? 'pass' : 'fail'
}
