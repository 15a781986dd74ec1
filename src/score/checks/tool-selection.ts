import * as z from 'zod'
import type { Reference } from '../../schema/case.ts'
import { defineCheck } from '../define-check.ts'
import { callsMade } from '../evidence.ts'
import { listed, short } from '../show.ts'
import { subjectOf } from '../subject.ts'

const search = { name: 'search', arguments: { q: 'momo' } }
const book = { name: 'book', arguments: { id: 7 } }

export const toolSelection = defineCheck({
  name: 'toolSelection',
  group: 'trajectory',
  description:
    'The agent chose the tools of the reference calls, each as often as they do; arguments and order do not count. The ' +
    'value is F1, so one minus it is the tool-selection error.',
  params: z.strictObject({
    expected: z
      .array(z.string().min(1))
      .optional()
      .describe(
        "Names of the tools to be called, one for each call. Default: those of the case's `reference.toolCalls`, else " +
          'of its `reference.functionCalls`.',
      ),
    ignoreTools: z.array(z.string()).default([]).describe('Tools whose calls do not count on either side.'),
    minF1: z.number().min(0).max(1).default(1).describe('The F1 that passes.'),
  }),
  examples: [
    {
      title: 'The right tools; their arguments are the business of other checks.',
      params: {},
      subject: subjectOf({
        calls: [{ name: 'book' }, { name: 'search' }],
        reference: { toolCalls: [search, book] },
      }),
      expect: 'pass',
      says: 'precision 1, recall 1',
    },
    {
      title: 'One tool too many, and one missing.',
      params: {},
      subject: subjectOf({
        calls: [search, { name: 'search' }, { name: 'cancel' }],
        reference: { toolCalls: [search, book] },
      }),
      expect: 'fail',
      says: 'precision 0.33, recall 0.5, F1 0.4; missing: book; superfluous: search; wrong: cancel',
    },
    {
      title: 'No tool was to be called, and none was.',
      params: { expected: [] },
      subject: subjectOf({ says: ['Hello!'] }),
      expect: 'pass',
    },
    {
      title: 'There is no reference, so nothing can be said.',
      params: {},
      subject: subjectOf({ calls: [search] }),
      expect: 'unscored',
      says: 'no "reference.toolCalls"',
    },
  ],
  answer({ case: of, outcome }, { expected, ignoreTools, minF1 }) {
    const given = expected ?? namesIn(of.reference)
    if (given === undefined) {
      return { unscored: 'the check names no tools and the case has no "reference.toolCalls"' }
    }
    const counts = (name: string) => !ignoreTools.includes(name)
    const wanted = given.filter(counts)
    const called = callsMade(outcome)
      .map((call) => call.name)
      .filter(counts)
    const missing = without(wanted, called)
    const more = without(called, wanted)
    const right = wanted.length - missing.length
    const precision = called.length === 0 ? (wanted.length === 0 ? 1 : 0) : right / called.length
    const recall = wanted.length === 0 ? (called.length === 0 ? 1 : 0) : right / wanted.length
    const f1 = called.length + wanted.length === 0 ? 1 : (2 * right) / (called.length + wanted.length)
    const rates = `precision ${figure(precision)}, recall ${figure(recall)}, F1 ${figure(f1)}`
    const parts = [
      rates,
      ...told('missing', missing),
      ...told(
        'superfluous',
        more.filter((name) => wanted.includes(name)),
      ),
      ...told(
        'wrong',
        more.filter((name) => !wanted.includes(name)),
      ),
    ]
    return { value: f1, passed: f1 >= minF1, reason: parts.join('; ') }
  },
})

function namesIn(reference: Reference | undefined): readonly string[] | undefined {
  return (reference?.toolCalls ?? reference?.functionCalls)?.map(({ name }) => name)
}

/** What is left of the names when each of the others has taken one of its own. */
function without(names: readonly string[], others: readonly string[]): readonly string[] {
  const taken = new Map<string, number>()
  for (const name of others) taken.set(name, (taken.get(name) ?? 0) + 1)
  return names.filter((name) => {
    const left = taken.get(name) ?? 0
    taken.set(name, left - 1)
    return left <= 0
  })
}

function told(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  return [
    `${what}: ${listed(
      names.map((name) => short(name, 60)),
      8,
    )}`,
  ]
}

function figure(rate: number): string {
  return String(Number(rate.toFixed(2)))
}
