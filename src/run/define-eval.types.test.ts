import { describe, expectTypeOf, it } from 'vitest'
import type { PlayContext, User } from '../replay/target.ts'
import { loop } from '../replay/targets/loop.ts'
import { none } from '../replay/users/none.ts'
import { script } from '../replay/users/script.ts'
import { simulated } from '../replay/users/simulated.ts'
import { contains, equals } from '../score/checks/index.ts'
import type { Check } from '../score/check.ts'
import { asCheck, type PlainSubject } from '../score/plain-check.ts'
import { defineEval, type Eval, type EvalInput } from './define-eval.ts'

/** What these say is said by the compiler: the file is a part of `tsc`'s tree, and a wrong type fails `npm run types`. */
describe('the types of an eval', () => {
  it('let a target say what its input is, and know what it gets beside it', () => {
    const target = async (input: { q: string }, { user, signal, trial }: PlayContext) => {
      await user.next(undefined)
      return { a: input.q, trial, stopped: signal.aborted }
    }
    expectTypeOf(target).toExtend<EvalInput['target']>()
    const made = defineEval({
      name: 'desk',
      dataset: 'desk',
      target: async (input: { q: string }, { user, signal, case: given, trial }) => {
        expectTypeOf(user).toEqualTypeOf<User>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        expectTypeOf(given.id).toEqualTypeOf<string>()
        expectTypeOf(trial).toEqualTypeOf<number>()
        return input.q
      },
      checks: [equals()],
    })
    expectTypeOf(made).toEqualTypeOf<Eval>()
  })

  it('take targets of every kind', () => {
    type Target = EvalInput['target']
    expectTypeOf((name: string) => `Hello ${name}!`).toExtend<Target>()
    expectTypeOf(() => 1).toExtend<Target>()
    expectTypeOf(async (input: unknown) => input).toExtend<Target>()
    expectTypeOf((ticket: { id: number; lines?: string[] }) => ticket.lines).toExtend<Target>()
    expectTypeOf(loop).returns.toExtend<Target>()
    expectTypeOf('agent').not.toExtend<Target>()
    expectTypeOf({ play: 1 }).not.toExtend<Target>()
    expectTypeOf((input: string, other: number) => `${input}${other}`).not.toExtend<Target>()
  })

  it('tell a plain check what it gets', () => {
    const polite = ({ output }: { output: unknown }) => String(output).includes('please')
    const { checks } = {
      checks: [
        equals(),
        contains({ text: 'Momo', gating: false }),
        polite,
        ({ input, output, expected, trace }) => {
          expectTypeOf(input).toBeUnknown()
          expectTypeOf(output).toEqualTypeOf<PlainSubject['output']>()
          expectTypeOf(trace.spans.length).toBeNumber()
          return output === expected ? 1 : { score: 0, reason: 'not the same' }
        },
      ],
    } satisfies Pick<EvalInput, 'checks'>
    expectTypeOf(checks).toExtend<EvalInput['checks']>()
    expectTypeOf([{ name: 'no check' }]).not.toExtend<EvalInput['checks']>()
    expectTypeOf(['equals']).not.toExtend<EvalInput['checks']>()
  })

  it('tell a plain check that is given a name as well', () => {
    const check = asCheck(
      ({ output, trace }) => {
        expectTypeOf(output).toEqualTypeOf<PlainSubject['output']>()
        return trace.spans.length < 9
      },
      { as: 'brief', gating: false },
    )
    expectTypeOf(check).toExtend<EvalInput['checks'][number]>()
    // Scorers of other libraries ask for narrower arguments.
    const levenshtein = (given: { output: string; expected?: string }) => given.output.length
    expectTypeOf(asCheck(levenshtein)).toEqualTypeOf<Check>()
  })

  it('take cases as people have them, interfaces included', () => {
    interface Ticket {
      readonly id: number
      readonly lines?: readonly string[]
    }
    const ticket: Ticket = { id: 7 }
    expectTypeOf([
      { input: ticket, expected: ticket },
      { id: 'named', input: 'text', tags: ['a'], category: 'edge' as const, cluster: 'c' },
      { messages: [{ role: 'user' as const, parts: [{ type: 'text' as const, content: 'Momo?' }] }] },
      {
        input: 1,
        reference: { toolCalls: [{ name: 'find_book', arguments: { title: 'Momo' } }], contains: ['x'] },
      },
    ]).toExtend<EvalInput['dataset']>()
    expectTypeOf([{ input: 1, tags: 'a' }]).not.toExtend<EvalInput['dataset']>()
    expectTypeOf([{ input: 1, category: 'nice' }]).not.toExtend<EvalInput['dataset']>()
  })

  it('know the words there are', () => {
    expectTypeOf(script).returns.toExtend<EvalInput['user']>()
    expectTypeOf(none).returns.toExtend<EvalInput['user']>()
    expectTypeOf(simulated).returns.toExtend<EvalInput['user']>()
    expectTypeOf({ metric: 'equals', margin: 0.1, onInconclusive: 'fail' as const }).toExtend<
      EvalInput['gate']
    >()
    expectTypeOf({ onInconclusive: 'shout' }).not.toExtend<EvalInput['gate']>()
    expectTypeOf<EvalInput>().toHaveProperty('trials').toEqualTypeOf<number | undefined>()
  })
})
