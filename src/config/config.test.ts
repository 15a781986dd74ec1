import { describe, expect, it } from 'vitest'
import { failureOf } from '../dataset/testing/folder.ts'
import { policyOf } from '../run/define-eval.ts'
import { type ConfigInput, configFrom, configKeys, defineConfig } from './config.ts'

const read = (input: unknown) => configFrom(input, 'evalkit.config.ts')

describe('configFrom', () => {
  it('fills in what is left out, and no rule that nobody wrote', () => {
    expect(read({})).toEqual({
      evals: 'evals',
      datasets: 'datasets',
      fixtures: 'fixtures',
      tools: 'evals/tools.json',
      store: '.evalkit/evalkit.db',
      reporters: ['terminal'],
      redaction: { pii: false, keys: [], allowKeys: [] },
      prices: {},
      retention: { olderThan: 'forever', tags: {}, keepLast: 0 },
      filters: {},
      policy: {},
    })
  })

  it('keeps what is said', () => {
    const said = { evals: 'tests/evals', reporters: ['json'], policy: { margin: 0.1 } }
    expect(read(said)).toMatchObject(said)
    expect(read({ policy: { margin: 0.1 } }).policy).toEqual({ margin: 0.1 })
  })

  it('leaves rules it does not name to the defaults', () => {
    expect(policyOf({}, {}, read({ policy: { margin: 0.1, floor: undefined } }).policy)).toEqual({
      ...policyOf(),
      margin: 0.1,
    })
  })

  it.each<[unknown, string]>([
    [{ dataset: 'x' }, 'there is no "dataset"; did you mean "datasets"?'],
    [
      { policy: { onInconclusiv: 'warn' } },
      'there is no "policy.onInconclusiv"; did you mean "onInconclusive"?',
    ],
    [{ prices: { house: { input: -1, output: 1 } } }, 'prices.house.input'],
    [{ prices: { house: { input: 1 } } }, 'prices.house.output'],
    [
      { zzzzzz: 1 },
      'it takes evals, datasets, fixtures, tools, store, reporters, redaction, prices, retention, filters, policy',
    ],
    [{ evals: '' }, 'evals: '],
    [{ reporters: 'json' }, 'reporters: '],
    [{ policy: { margin: 1 } }, 'policy.margin: '],
    [{ redaction: { pii: 'yes' } }, 'redaction.pii: '],
    [[], 'expected object'],
    [null, 'expected object'],
    [undefined, 'expected object'],
    ['evals', 'expected object'],
  ])('refuses %j', async (input, says) => {
    const error = await failureOf(() => read(input))
    expect([error.code, error.exit, error.at.file]).toEqual(['EVK_CONFIG_INVALID', 2, 'evalkit.config.ts'])
    expect(error.message).toContain(says)
  })
})

describe('defineConfig', () => {
  it('gives back what it was given, once it is right', async () => {
    const input: ConfigInput = { policy: { margin: 0.1, onInconclusive: 'fail' } }
    expect(defineConfig(input)).toBe(input)
    expect((await failureOf(() => defineConfig({ evls: 'x' } as ConfigInput))).code).toBe(
      'EVK_CONFIG_INVALID',
    )
  })
})

describe('configKeys', () => {
  it('describes every key, and every rule of the policy', () => {
    const keys = configKeys()
    const names = [
      ...Object.keys(read({})),
      ...Object.keys(read({}).redaction).map((name) => `redaction.${name}`),
      ...Object.keys(read({}).retention).map((name) => `retention.${name}`),
      'retention.maxSize',
      'retention.maxTraces',
      ...Object.keys(policyOf()).map((name) => `policy.${name}`),
      'policy.floor',
      'policy.secondary',
      'policy.categories',
      'policy.budgets',
      'policy.spend',
      'policy.drift',
      'policy.escalation',
      'policy.judges',
      'policy.judges.maxAgeDays',
      'policy.judges.minFails',
      'policy.judges.minJ',
      'policy.judges.minLabels',
      'policy.judges.minTnr',
      'policy.judges.minTpr',
    ]
    expect(keys.map(({ name }) => name).sort()).toEqual(names.sort())
    for (const { name, description, takes } of keys) {
      expect(`${name}: ${description}`).toMatch(/: [A-Z].*[.]$/)
      expect(`${name} takes ${takes}`).not.toMatch(/undefined|NaN/)
    }
  })

  it('says what a key takes, in words', () => {
    const takes = Object.fromEntries(configKeys().map((one) => [one.name, one.takes]))
    expect(takes).toMatchObject({
      evals: 'text',
      reporters: 'list of text',
      'redaction.pii': '`true` or `false`',
      'policy.margin': 'number from more than 0 to less than 1',
      'policy.floor': 'number from 0 to 1',
      'policy.hardBreaks': '"report" or "fail"',
    })
  })
})
