import * as z from 'zod'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { canonicalJson, jsonCopy } from '../../lib/json.ts'
import { sha256 } from '../../lib/hash.ts'
import { thrownAs } from '../../lib/thrown.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Json, json } from '../../schema/json.ts'
import { type KnownTools, knownTools } from '../../schema/known-tools.ts'
import type { Answer, Check, Subject } from '../check.ts'
import { checkOf, type CommonOptions, defineCheck } from '../define-check.ts'
import { effectsIn, hasEffect, type MadeEffect } from '../effects.ts'
import { lastWrites } from '../last-writes.ts'
import { within } from '../match-arguments.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

/** One write, as it is folded into a state. `response` is absent in the writes of a reference. */
export interface StateWrite {
  readonly name: string
  readonly arguments: Json
  readonly response?: Json
}

/** The state after a write. It is handed copies, and may change them. */
export type Reduce<S = Json> = (state: S, write: StateWrite) => S | Promise<S>

const mostShown = 4
const params = z.strictObject({
  expected: json
    .optional()
    .describe(
      "The state at the end. Default: the case's `reference.state`, else the state that the writes among its " +
        '`reference.toolCalls` lead to.',
    ),
  initial: json.default({}).describe('The state at the beginning. Without a `reduce` it is left as it is.'),
  ignoreTools: z.array(z.string()).default([]).describe('Tools whose writes do not count on either side.'),
  tolerance: z.number().nonnegative().default(0).describe('By how much two numbers may differ.'),
})
type Params = z.output<typeof params>

const facts = {
  set_address: { effect: 'write', resource: ['/order'] },
  cancel: { effect: 'write', resource: ['/order'] },
} as const
const move = (order: string, city: string) => ({ name: 'set_address', arguments: { order, city } })

const snapshot = defineCheck({
  name: 'stateEquals',
  group: 'trajectory',
  description:
    'The world is at the end as it should be. `reduce(state, write) => state`, a function, folds the writes of the run, in ' +
    'order, into a state. Without it the state is the last write of each tool to each resource: ' +
    '`{ set_address: { W12: { order, city } } }`; of a tool that does not say its resource, and of one that acts outside, ' +
    'all its different writes: `{ send_mail: [{ to }] }`. Where writes of one tool add up (payments), give a `reduce`.',
  usesTools: true,
  params,
  examples: [
    {
      title: 'Another way to the same end: what was written over does not count.',
      params: {},
      subject: subjectOf({
        calls: [move('W12', 'Riga'), move('W12', 'Oslo')],
        reference: { toolCalls: [move('W12', 'Oslo')] },
        tools: facts,
      }),
      expect: 'pass',
      says: 'after 2 writes',
    },
    {
      title: 'The reason names the place that differs.',
      params: {},
      subject: subjectOf({
        calls: [move('W12', 'Oslo')],
        reference: { toolCalls: [move('W12', 'Riga')] },
        tools: facts,
      }),
      expect: 'fail',
      says: 'set_address.W12.city is "Oslo", not "Riga"',
    },
    {
      title: 'The case may say the state itself.',
      params: {},
      subject: subjectOf({
        calls: [move('W12', 'Oslo'), { name: 'cancel', arguments: { order: 'W13' } }],
        reference: { state: { set_address: { W12: { order: 'W12', city: 'Oslo' } } } },
        tools: facts,
      }),
      expect: 'fail',
      says: 'cancel is { "W13": { "order": "W13" } }, not nothing',
    },
    {
      title: 'What came back with an error changed nothing.',
      params: { expected: {} },
      subject: subjectOf({
        calls: [{ ...move('W12', 'Oslo'), isError: true, response: 'Error: it has left' }],
        tools: facts,
      }),
      expect: 'pass',
    },
    {
      title: 'Whether the write was done, nobody knows.',
      params: { expected: {} },
      subject: subjectOf({
        calls: [{ ...move('W12', 'Oslo'), isError: true, response: 'timeout' }],
        tools: facts,
      }),
      expect: 'unscored',
      says: 'whether set_address was done is not known',
    },
    {
      title: 'Nothing says what the state should be.',
      params: {},
      subject: subjectOf({ calls: [move('W12', 'Oslo')], tools: facts }),
      expect: 'unscored',
      says: 'no "reference.state"',
    },
  ],
  answer: (subject, given) => answered(subject, given),
})

export interface StateOptions<S = Json> extends CommonOptions {
  /** A pure function; its source is a part of what the check asks. */
  readonly reduce?: Reduce<S>
  readonly initial?: S
  readonly expected?: Json
  readonly ignoreTools?: readonly string[]
  readonly tolerance?: number
}

/**
 * The state after replaying the writes of a run, compared with the one that should be. What `reduce` throws, and a state
 * that is no JSON, is unscored. Throws `EVK_CHECK_INVALID` where it is made with what it cannot take.
 *
 * ```ts
 * stateEquals({
 *   initial: { refunded: 0 },
 *   reduce: (state, { name, arguments: { usd } }) =>
 *     name === 'refund' ? { refunded: state.refunded + usd } : state,
 * })
 * ```
 */
export const stateEquals = Object.assign(
  function stateEquals<S = Json>({ reduce, ...options }: StateOptions<S> = {}): Check {
    const { definition } = snapshot
    if (reduce === undefined) return checkOf(definition, options)
    if (typeof reduce !== 'function') {
      throw new EvalkitError('EVK_CHECK_INVALID', 'The "reduce" of the check "stateEquals" is no function.', {
        hint: 'Write reduce: (state, write) => … or leave it out.',
      })
    }
    const fold = reduce as unknown as Reduce
    const check = checkOf(
      { ...definition, answer: (subject, given) => answered(subject, given, fold) },
      options,
    )
    const source = sha256(Function.prototype.toString.call(reduce)).slice(0, 16)
    return { ...check, identity: { ...(check.identity as object), reduce: source } }
  },
  { definition: snapshot.definition },
)

async function answered(
  { case: of, outcome, tools = knownTools() }: Subject,
  { expected, initial, ignoreTools, tolerance }: Params,
  reduce?: Reduce,
): Promise<Answer> {
  const counts = (name: string) => !ignoreTools.includes(name) && hasEffect(name, tools)
  const stateAfter = (writes: readonly StateWrite[]) => folded(writes, initial, tools, reduce)
  const told = expected === undefined ? of.reference?.state : expected
  const calls = of.reference?.toolCalls?.filter(({ name }) => counts(name))
  if (told === undefined && calls === undefined) {
    return {
      unscored: 'the check names no state and the case has no "reference.state" and no "reference.toolCalls"',
    }
  }
  const wanted = told === undefined ? await stateAfter(calls ?? []) : { state: told }
  if ('why' in wanted) return { unscored: `of the reference: ${wanted.why}` }
  const made = effectsIn(outcome, tools, counts)
  const sure = made.filter(({ done }) => done === 'yes')
  const [all, least] = [await stateAfter(made.map(writeIn)), await stateAfter(sure.map(writeIn))]
  if ('why' in all) return { unscored: all.why }
  if ('why' in least) return { unscored: least.why }
  const differences = differencesOf(wanted.state, all.state, tolerance)
  if ((differences.length === 0) !== (differencesOf(wanted.state, least.state, tolerance).length === 0)) {
    const names = [...new Set(made.filter(({ done }) => done === 'maybe').map(({ call }) => call.name))]
    return { unscored: `whether ${names.join(', ')} was done is not known, and the state hangs on it` }
  }
  const writes = count(made.length, 'write')
  if (differences.length === 0) return { value: 1, reason: `the state is as it should be after ${writes}` }
  const texts = differences.map(({ path, expected: was, got }) => {
    return `${path === '' ? 'the state' : short(path)} is ${shown(got)}, not ${shown(was)}`
  })
  return { value: 0, reason: `after ${writes}: ${listed(texts, mostShown)}` }
}

function writeIn({ call, response }: MadeEffect): StateWrite {
  return { name: call.name, arguments: call.arguments, ...(response === undefined ? {} : { response }) }
}

function differencesOf(wanted: Json, got: Json, tolerance: number) {
  const most = tolerance > 0 ? Number.POSITIVE_INFINITY : mostShown + 1
  return jsonDifferences(wanted, got, most).filter((difference) => !within(difference, tolerance))
}

/** The state after writes, or why there is none. */
async function folded(
  writes: readonly StateWrite[],
  initial: Json,
  tools: KnownTools,
  reduce: Reduce | undefined,
): Promise<{ readonly state: Json } | { readonly why: string }> {
  if (reduce === undefined) return { state: lastWrites(writes, tools) }
  let state = initial
  for (const [index, write] of writes.entries()) {
    try {
      const next: unknown = await reduce(jsonCopy(state) as Json, jsonCopy(write) as StateWrite)
      if (next === undefined) throw new TypeError('it returned nothing')
      state = JSON.parse(canonicalJson(next)) as Json
    } catch (error) {
      const why = thrownAs(error).message
      return { why: `"reduce" failed at write ${index + 1}, ${short(write.name, 60)}: ${short(why, 200)}` }
    }
  }
  return { state }
}
