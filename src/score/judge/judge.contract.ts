import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../lib/json.ts'
import { evalCase } from '../../schema/case.ts'
import { outcome } from '../../schema/outcome.ts'
import { score as scoreSchema } from '../../schema/score.ts'
import type { Subject } from '../check.ts'
import { commonOptions } from '../define-check.ts'
import { paramsJsonSchema } from '../params.ts'
import { score } from '../score.ts'
import { canariesFor } from './canaries.ts'
import { type AnyJudgeFactory, judgeOf } from './define-judge.ts'
import type { Question } from './judge.ts'
import { promptOf } from './prompt.ts'
import { scripted } from './testing/scripted-judging.ts'

const secret = '0123456789abcdef0123456789abcdef'
const dated = { model: 'claude-sonnet-4-5-20250929' }
const threeModels = { models: [dated, { model: 'gpt-4o-2024-11-20' }, { model: 'gemini-2.5-pro' }] }

/**
 * What every kind of judge keeps to: it tells what it takes, its examples are true, and what it asks is pure, complete, and
 * never an instruction where it comes from an agent.
 */
export function describeJudges(judges: Readonly<Record<string, AnyJudgeFactory>>): void {
  describe.each(Object.entries(judges))('%s', (key, { definition }) => {
    const { name, description, params, examples, isPanel } = definition
    const options = (given: object): object => ({ ...given, ...(isPanel === true ? threeModels : dated) })
    const made = (given: object) => judgeOf(definition, options(given))
    const asked = examples.flatMap(
      (example) => made(example.params).judge?.questionsOf(example.subject) ?? [],
    )

    it('is registered under its own name and described in sentences', () => {
      expect(name).toBe(key)
      expect(description).toMatch(/^[A-Z].*\.$/s)
    })

    it('tells what it takes: each parameter has a description', () => {
      const { properties = {} } = paramsJsonSchema(params)
      expect(Object.keys(properties).filter((one) => properties[one]?.description === undefined)).toEqual([])
      expect(Object.keys(commonOptions.shape).filter((one) => Object.hasOwn(properties, one))).toEqual([])
    })

    it('refuses a parameter it does not know, and parameters of the model that are a part of the question', () => {
      const given = options(examples[0]?.params ?? {})
      expect(() => judgeOf(definition, { ...given, noSuchParameter: 1 })).toThrow(/noSuchParameter/)
      const reserved = { model: 'gpt-4o-2024-11-20', parameters: { messages: [] } }
      const models = { models: [reserved, reserved, reserved] }
      expect(() => judgeOf(definition, { ...given, ...(isPanel === true ? models : reserved) })).toThrow(
        /parameter "messages"/,
      )
    })

    it('has an example that passes, one that fails and one that is unscored', () => {
      const expected = examples.map((example) => example.expect)
      expect(expected).toEqual(expect.arrayContaining(['pass', 'fail', 'unscored']))
      expect(new Set(examples.map(({ title }) => title)).size).toBe(examples.length)
    })

    it.each(examples.map((example) => [example.title, example] as const))('%s', async (title, example) => {
      expect(title).toMatch(/\.$/)
      expect(evalCase.safeParse(example.subject.case).error).toBeUndefined()
      expect(outcome.safeParse(example.subject.outcome).error).toBeUndefined()
      const judging = scripted(example.verdicts)
      const subject: Subject = { ...example.subject, judging }
      const [got] = await score(subject, [made(example.params)])
      expect(scoreSchema.parse(got)).toEqual(got)
      const word = got?.status === 'scored' ? (got.passed ? 'pass' : 'fail') : 'unscored'
      expect({ word, reason: got?.reason }).toMatchObject({ word: example.expect })
      expect(got?.reason ?? '').toContain(example.says ?? '')
      expect(got?.source).toBe('judge')
      // All that was scripted was asked for, and nothing else.
      expect(judging.left()).toBe(0)
    })

    it('has no verdict where nothing answers judges', async () => {
      const [example] = examples
      const [got] = await score(example?.subject as Subject, [made(example?.params ?? {})])
      expect(got).toMatchObject({ status: 'unscored', reason: expect.stringContaining('not recorded') })
    })

    it('asks the same of the same', () => {
      const again = examples.flatMap(
        (example) => made(example.params).judge?.questionsOf(example.subject) ?? [],
      )
      expect(canonicalJson(again)).toBe(canonicalJson(asked))
      expect(asked.length).toBeGreaterThan(0)
    })

    it('keeps all that is shown out of its instruction, and shows what is judged as data', () => {
      for (const question of asked) {
        const { system, user } = promptOf(question, secret)
        for (const { content } of question.shown) {
          if (content === null || content === '' || canonicalJson(content).length < 4) continue
          expect(system).not.toContain(canonicalJson(content))
          expect(user).toContain(JSON.stringify(content))
        }
        expect(question.shown.some(({ judged }) => judged === true)).toBe(true)
      }
    })

    it('has words for a verdict either way and for none', () => {
      for (const { vocabulary } of asked) {
        const means = new Set(Object.values(vocabulary))
        expect(means.has('abstain')).toBe(true)
        expect(means.has('pass') || means.has('better')).toBe(true)
        expect(means.has('fail') || means.has('worse')).toBe(true)
      }
    })

    it('is put to the test with canaries that stand where the outcome stood', () => {
      const [question] = asked as [Question]
      const canaries = canariesFor(question, 'Another answer.')
      expect(canaries.map((canary) => canary.name)).toHaveLength(5)
      for (const { question: canary } of canaries) {
        expect({ ...canary, shown: [] }).toEqual({ ...question, shown: [] })
        expect(canary.shown).not.toEqual(question.shown)
      }
    })

    it('is another instrument with another model or parameter, and asks something else with other words', () => {
      const given = { ...examples[0]?.params, text: 'The answer rhymes.' }
      const plain = made(given)
      const other =
        isPanel === true
          ? { models: [...threeModels.models.slice(1), { model: 'qwen3' }] }
          : { model: 'qwen3' }
      const hot = { ...dated, parameters: { temperature: 1 } }
      const withHot = isPanel === true ? { models: [hot, ...threeModels.models.slice(1)] } : hot
      const elsewhere = { ...dated, baseUrl: 'http://127.0.0.1:1' }
      const withElsewhere =
        isPanel === true ? { models: [elsewhere, ...threeModels.models.slice(1)] } : elsewhere
      const prints = [other, withHot].map(
        (one) => judgeOf(definition, { ...given, ...one }).judge?.fingerprint,
      )
      expect(new Set([plain.judge?.fingerprint, ...prints]).size).toBe(3)
      expect(judgeOf(definition, { ...given, ...withElsewhere }).judge?.fingerprint).toBe(
        plain.judge?.fingerprint,
      )
      const asksOther = made({ ...given, text: 'The answer is polite.' })
      expect(asksOther.judge?.fingerprint).toBe(plain.judge?.fingerprint)
      expect(asksOther.judge?.criterion).not.toBe(plain.judge?.criterion)
      expect(plain.identity).toMatchObject({ judge: name, fingerprint: plain.judge?.fingerprint })
      expect(plain.identity).toMatchObject({ criterion: plain.judge?.criterion })
    })
  })
}
