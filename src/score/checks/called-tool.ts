import * as z from 'zod'
import { json, type Json } from '../../schema/json.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade, type MadeCall, toolSpans } from '../evidence.ts'
import { holdsPart } from '../json-part.ts'
import { argumentDifferences, argumentsFit } from '../match-arguments.ts'
import { count, listed, short, shown } from '../show.ts'
import { subjectOf } from '../subject.ts'

const times = z.number().int().nonnegative()
const refund = { name: 'refund', arguments: { order: 'W12', usd: 40 }, response: { status: 'paid', id: 7 } }

export const calledTool = defineCheck({
  name: 'calledTool',
  group: 'trajectory',
  description: 'The agent called a tool: so often, with such arguments, with such a result.',
  params: z
    .strictObject({
      name: z.string().min(1).describe('The tool.'),
      arguments: json.optional().describe('What the call is to be made with. Default: anything.'),
      args: z
        .enum(['exact', 'subset', 'superset', 'ignore'])
        .default('superset')
        .describe(
          'How `arguments` are compared, by top-level key: `exact`, `subset` (no more than these), `superset` (all ' +
            'of these, more are allowed), or `ignore`.',
        ),
      times: times.optional().describe('How often exactly. Default: at least once.'),
      atLeast: times.optional().describe('How often at least.'),
      atMost: times.optional().describe('How often at most.'),
      result: json
        .optional()
        .describe(
          'What its result is to hold: these members of an object, an item like each of these of a list, this text.',
        ),
      isError: z
        .boolean()
        .optional()
        .describe('Counts only the calls that failed (`true`), or only those that did not (`false`).'),
    })
    .refine(({ times, atLeast, atMost }) => times === undefined || (atLeast ?? atMost) === undefined, {
      error: '"times" says all; leave out "atLeast" and "atMost"',
    })
    .refine(({ atLeast = 0, atMost }) => atMost === undefined || atLeast <= atMost, {
      error: '"atLeast" is more than "atMost"',
    }),
  examples: [
    {
      title: 'It was called with these arguments, and more.',
      params: { name: 'refund', arguments: { order: 'W12' } },
      subject: subjectOf({ calls: [refund] }),
      expect: 'pass',
      says: 'refund was called once like this, at least once wanted',
    },
    {
      title: 'The reason names the argument that differs.',
      params: { name: 'refund', arguments: { order: 'W13' } },
      subject: subjectOf({ calls: [refund] }),
      expect: 'fail',
      says: 'order is "W12", not "W13"',
    },
    {
      title: 'It paid twice.',
      params: { name: 'refund', times: 1 },
      subject: subjectOf({ calls: [refund, refund] }),
      expect: 'fail',
      says: 'refund was called 2 times, exactly once wanted',
    },
    {
      title: 'Looking up is allowed three times.',
      params: { name: 'search', atMost: 3 },
      subject: subjectOf({ calls: [{ name: 'search' }, { name: 'search' }] }),
      expect: 'pass',
    },
    {
      title: 'The result says that it worked.',
      params: { name: 'refund', result: { status: 'paid' }, isError: false },
      subject: subjectOf({ calls: [refund] }),
      expect: 'pass',
    },
    {
      title: 'It was called, and failed.',
      params: { name: 'refund', isError: false },
      subject: subjectOf({ calls: [{ name: 'refund', response: 'Error: no such order', isError: true }] }),
      expect: 'fail',
      says: 'its result is an error: "Error: no such order"',
    },
    {
      title: 'It was asked for, and nothing recorded what came of it.',
      params: { name: 'refund', result: 'paid' },
      subject: subjectOf({
        spans: [
          {
            parent: null,
            name: 'chat',
            status: 'ok',
            kind: 'llm',
            request: { messages: [] },
            reply: {
              message: {
                role: 'assistant',
                parts: [{ type: 'tool_call', id: 'c1', name: 'refund', arguments: {} }],
              },
            },
          },
        ],
      }),
      expect: 'unscored',
      says: 'the result of refund was not recorded',
    },
  ],
  answer({ outcome }, params) {
    const { name } = params
    const all = callsOf(outcome)
    const named = all.filter(({ call }) => call.name === name)
    const faults = named.map((one) => faultOf(one, params))
    const right = faults.filter((fault) => fault === undefined).length
    const unknown = faults.filter((fault) => fault === unrecorded).length
    const least = params.times ?? params.atLeast ?? (params.atMost === undefined ? 1 : 0)
    const most = params.times ?? params.atMost ?? Number.POSITIVE_INFINITY
    // Whether it passes must not hang on what nobody recorded.
    if (unknown > 0 && (right < least ? right + unknown >= least : right <= most && right + unknown > most)) {
      return { unscored: `the result of ${short(name, 60)} was not recorded` }
    }
    const passed = right >= least && right <= most
    const value = passed ? 1 : right < least ? right / least : most / right
    const any = params.arguments === undefined && params.result === undefined && params.isError === undefined
    const made = right === 0 ? 'not called' : `called ${timesText(right)}`
    const wanted = `${wantedText(params, least, most)} wanted`
    const line = `${short(name, 60)} was ${made}${any ? '' : ' like this'}, ${wanted}`
    if (passed || right > most) return { value, passed, reason: line }
    const others = faults.filter((fault) => fault !== undefined)
    if (others.length > 0) return { value, passed, reason: `${line}; ${listed(others, 3)}` }
    const called = [...new Set(all.map(({ call }) => short(call.name, 60)))]
    return { value, passed, reason: called.length === 0 ? line : `${line}; called: ${listed(called, 8)}` }
  },
})

interface Made {
  readonly call: MadeCall
  /** Absent where nothing recorded it. */
  readonly result?: { readonly response: Json; readonly isError: boolean }
}

function callsOf(outcome: Parameters<typeof callsMade>[0]): readonly Made[] {
  const spans = toolSpans(outcome)
  if (spans.length === 0) return callsMade(outcome).map((call) => ({ call }))
  return spans.map(({ request, reply, status }) => ({
    call: request,
    ...(reply === undefined
      ? {}
      : { result: { response: reply.response, isError: reply.isError || status === 'error' } }),
  }))
}

const unrecorded = 'its result was not recorded'

/** What is not as wanted in a call of the tool. */
function faultOf(
  { call, result }: Made,
  wanted: {
    readonly arguments?: Json | undefined
    readonly args: 'exact' | 'subset' | 'superset' | 'ignore'
    readonly result?: Json | undefined
    readonly isError?: boolean | undefined
  },
): string | undefined {
  if (wanted.arguments !== undefined) {
    const reference = { name: call.name, arguments: wanted.arguments }
    if (!argumentsFit(call, reference, wanted.args, 0)) {
      if (call.malformed === true) return `its arguments are not JSON, ${shown(call.arguments, 60)}`
      const differences = argumentDifferences(call, reference, wanted.args, 0)
      const texts = differences.map(({ path, expected, got }) => {
        return `${path === '' ? 'the arguments are' : `${short(path, 60)} is`} ${shown(got, 60)}, not ${shown(expected, 60)}`
      })
      return listed(texts, 2)
    }
  }
  if (wanted.result === undefined && wanted.isError === undefined) return undefined
  if (result === undefined) return unrecorded
  if (wanted.isError !== undefined && result.isError !== wanted.isError) {
    return `its result is ${result.isError ? 'an' : 'no'} error: ${shown(result.response, 80)}`
  }
  if (wanted.result === undefined || holdsPart(result.response, wanted.result)) return undefined
  return `its result ${shown(result.response, 80)} does not hold ${shown(wanted.result, 60)}`
}

function timesText(number: number): string {
  return number === 1 ? 'once' : count(number, 'time')
}

function wantedText({ times }: { readonly times?: number | undefined }, least: number, most: number): string {
  if (times !== undefined) return times === 0 ? 'none' : `exactly ${timesText(times)}`
  if (most === Number.POSITIVE_INFINITY) return `at least ${timesText(least)}`
  return least === 0 ? `at most ${timesText(most)}` : `${least} to ${count(most, 'time')}`
}
