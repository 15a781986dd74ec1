import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../dataset/testing/folder.ts'
import { loop } from '../replay/targets/loop.ts'
import { none } from '../replay/users/none.ts'
import { script } from '../replay/users/script.ts'
import { simulated } from '../replay/users/simulated.ts'
import { type PolicyInput, policy } from '../schema/verdict.ts'
import { contains, equals } from '../score/checks/index.ts'
import { defineEval, type EvalInput, isEval, policyOf } from './define-eval.ts'

const minimal: EvalInput = {
  name: 'desk',
  dataset: 'desk',
  target: (asked: string) => asked,
  checks: [equals()],
}
const wrong = (over: object) => failureOf(() => defineEval({ ...minimal, ...over }))

describe('defineEval', () => {
  it('takes a function without a name as a check, and calls it by its place', () => {
    const { checks } = defineEval({
      ...minimal,
      checks: [({ output }: { output: unknown }) => output === 1, equals()],
    })
    expect(checks.map(({ name }) => name)).toEqual(['check-1', 'equals'])
  })

  it('fills in what is left out', () => {
    expect(defineEval(minimal)).toMatchObject({
      name: 'desk',
      dataset: 'desk',
      user: { kind: 'script' },
      trials: undefined,
      gate: {},
      timeoutMs: 300_000,
      concurrency: 8,
    })
  })

  it('keeps what is said', () => {
    const given = { trials: 4, timeoutMs: 5, concurrency: 1, description: 'At the desk.' }
    expect(defineEval({ ...minimal, ...given })).toMatchObject(given)
  })

  it('takes a user, or the word for one that needs to be told nothing', () => {
    const user = simulated({ persona: 'Terse.', model: 'small' })
    expect(defineEval({ ...minimal, user }).user).toBe(user)
    expect(defineEval({ ...minimal, user: 'none' }).user.kind).toBe(none().kind)
    expect(defineEval({ ...minimal, user: 'script' }).user.kind).toBe(script().kind)
  })

  it('makes a target of a function, and takes a target as it is', () => {
    const target = loop()
    expect(defineEval({ ...minimal, target }).target).toBe(target)
    const answer = (asked: string) => asked
    expect(defineEval({ ...minimal, target: answer }).target).toMatchObject({
      kind: 'function',
      name: 'answer',
    })
  })

  it('makes a check of a plain function, under its name', () => {
    const polite = ({ output }: { output: unknown }) => String(output).includes('please')
    expect(defineEval({ ...minimal, checks: [polite, equals()] }).checks.map(({ name }) => name)).toEqual([
      'polite',
      'equals',
    ])
  })

  it.each<[string, object, string]>([
    ['a misspelt key', { cheks: [] }, 'there is no "cheks"; did you mean "checks"?'],
    [
      'a misspelt key of the gate',
      { gate: { marging: 0.1 } },
      'there is no "gate.marging"; did you mean "margin"?',
    ],
    ['a strange key', { zzzzzz: 1 }, 'it takes name, description, dataset, target'],
    ['no name', { name: undefined }, 'name: '],
    ['a name that is no file’s', { name: 'My Eval' }, 'name: use lower-case letters'],
    ['a name that leads out', { name: '../desk' }, 'name: use lower-case letters'],
    ['no dataset', { dataset: undefined }, 'dataset: expected the name of a dataset'],
    ['a dataset that is a path', { dataset: '../desk.jsonl' }, 'dataset: use lower-case letters'],
    ['cases that are none', { dataset: ['Momo?'] }, 'dataset[0]: '],
    ['no target', { target: undefined }, 'target: expected a function, or a target such as loop({ … })'],
    ['a target that was not made', { target: { kind: 'loop' } }, 'target: expected a function'],
    ['no checks', { checks: [] }, 'checks: an eval without checks proves nothing'],
    ['one check alone', { checks: equals() }, 'checks: expected a list of checks'],
    ['a user nobody knows', { user: 'simulated' }, 'user: expected script(), simulated({ … }) or none()'],
    ['a user that was not made', { user: { kind: 'none' } }, 'user: expected'],
    ['no trial', { trials: 0 }, 'trials: '],
    ['half a trial', { trials: 1.5 }, 'trials: '],
    ['no time', { timeoutMs: 0 }, 'timeoutMs: '],
    ['more time than a timer has', { timeoutMs: 2 ** 31 }, 'timeoutMs: '],
    ['nobody at work', { concurrency: 0 }, 'concurrency: '],
    ['a margin that is none', { gate: { margin: 5 } }, 'gate.margin: '],
    ['a rule of another word', { gate: { onInconclusive: 'shout' } }, 'gate.onInconclusive: '],
  ])('refuses %s', async (_, over, says) => {
    const error = await wrong(over)
    expect(error.code).toBe('EVK_EVAL_INVALID')
    expect(error.message).toContain('This is not a valid eval: ')
    expect(error.message).toContain(says)
    expect(error.exit).toBe(2)
  })

  it('says the misspelt key before what is missing because of it', async () => {
    const { checks: _, ...rest } = minimal
    const error = await failureOf(() => defineEval({ ...rest, cheks: [] } as unknown as EvalInput))
    expect(error.message).toBe('This is not a valid eval: there is no "cheks"; did you mean "checks"?')
    expect(error.details).toEqual(['checks: expected a list of checks'])
  })

  it.each([[undefined], [null], ['desk'], [[]], [7]])('refuses %j in its place', async (given) => {
    expect((await failureOf(() => defineEval(given as unknown as EvalInput))).code).toBe('EVK_EVAL_INVALID')
  })

  it('refuses two checks of one name, and a check that is none', async () => {
    const twice = await wrong({ checks: [contains({ text: 'a' }), equals(), contains({ text: 'b' })] })
    expect([twice.code, twice.message]).toEqual(['EVK_EVAL_INVALID', 'Two checks are called "contains".'])
    expect(twice.hint).toContain('as:')
    expect(
      defineEval({ ...minimal, checks: [contains({ text: 'a' }), contains({ text: 'b', as: 'b' })] }).checks,
    ).toHaveLength(2)
    expect((await wrong({ checks: [equals] })).code).toBe('EVK_CHECK_INVALID')
    expect((await wrong({ checks: [{ name: 'x' }] })).code).toBe('EVK_CHECK_INVALID')
  })

  it('refuses a secondary metric nobody measures', async () => {
    const error = await wrong({ gate: { secondary: { equal: { margin: 0.1 } } } })
    expect([error.message, error.at.path]).toEqual(['No check is called "equal".', 'gate.secondary'])
  })

  it('refuses a gate on a metric nobody measures, and names the nearest', async () => {
    const error = await wrong({ gate: { metric: 'equal' } })
    expect([error.code, error.message, error.at.path]).toEqual([
      'EVK_EVAL_INVALID',
      'No check is called "equal".',
      'gate.metric',
    ])
    expect(error.details).toEqual(['did you mean "equals"?'])
    expect((await wrong({ gate: { metric: 'zzz' } })).details).toEqual(['it can be success, equals'])
    expect(defineEval({ ...minimal, gate: { metric: 'equals' } }).gate).toEqual({ metric: 'equals' })
    expect(defineEval({ ...minimal, gate: { metric: 'success' } }).gate).toEqual({ metric: 'success' })
  })
})

describe('isEval', () => {
  it('knows an eval, of another copy of the package too', () => {
    const made = defineEval(minimal)
    expect(isEval(made)).toBe(true)
    // Another copy shares nothing with this one but the registry of symbols.
    expect(isEval({ ...made, [Symbol.for('evalkit.eval')]: true })).toBe(true)
    const nameless = Object.fromEntries(Object.entries(made))
    for (const other of [nameless, minimal, null, undefined, 'desk', () => made])
      expect(isEval(other)).toBe(false)
  })
})

describe('policyOf', () => {
  it('is the defaults where nobody says anything', () => {
    expect(policyOf({}, {}, {})).toEqual(policy.parse({}))
    expect(policyOf()).toEqual(policy.parse({}))
  })

  it('takes each rule from the first layer that names it', () => {
    const line = { margin: 0.2 }
    const evals = { margin: 0.1, metric: 'equals' }
    const config = { margin: 0.01, metric: 'contains', onInconclusive: 'fail' } as const
    expect(policyOf(line, evals, config)).toEqual({
      ...policy.parse({}),
      margin: 0.2,
      metric: 'equals',
      onInconclusive: 'fail',
    })
  })

  it('lets an eval that does not name a rule leave it to the config', () => {
    const config: PolicyInput = { margin: 0.2, fidelityFloor: 0.5, maxUnscored: 0.5, onInconclusive: 'fail' }
    expect(defineEval(minimal).gate).toEqual({})
    expect(policyOf({}, defineEval(minimal).gate, config)).toMatchObject(config)
    const { gate } = defineEval({ ...minimal, gate: { metric: 'equals' } })
    expect(policyOf({}, gate, config)).toMatchObject({ ...config, metric: 'equals' })
  })

  it('takes a rule that is undefined for one that is not named', () => {
    const { gate } = defineEval({ ...minimal, gate: { margin: undefined } })
    expect(policyOf({ metric: undefined }, gate, { margin: 0.2, metric: 'equals' })).toMatchObject({
      margin: 0.2,
      metric: 'equals',
    })
  })

  it('refuses rules nobody checked', async () => {
    const error = await failureOf(() => policyOf({ margin: 7 }))
    expect(error.code).toBe('EVK_USAGE')
    expect(error.message).toContain('margin')
  })

  it('law: a rule of the result is the first that is named, else the default', () => {
    const rules = fc.record(
      {
        metric: fc.constantFrom('success', 'equals', undefined),
        margin: fc.constantFrom(0.01, 0.1, undefined),
        floor: fc.constantFrom(0, 1, undefined),
        hardBreaks: fc.constantFrom('report' as const, 'fail' as const, undefined),
        onInconclusive: fc.constantFrom('warn' as const, 'fail' as const, undefined),
      },
      { requiredKeys: [] },
    )
    const defaults: PolicyInput = policy.parse({})
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 4 }), (layers) => {
        const made = policyOf(...layers)
        for (const name of ['metric', 'margin', 'floor', 'hardBreaks', 'onInconclusive'] as const) {
          const named = layers.map((layer) => layer[name]).find((value) => value !== undefined)
          expect(made[name]).toEqual(named ?? defaults[name])
        }
      }),
      { seed: 42 },
    )
  })
})
