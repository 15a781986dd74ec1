import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { transcript } from '../evidence.ts'
import { type Fact, factFrom, mentionsOf } from '../facts-in-text.ts'
import { longestText } from '../search.ts'
import { listed, shown, withThousands } from '../show.ts'
import { subjectOf } from '../subject.ts'

const mostShown = 4

export const mentions = defineCheck({
  name: 'mentions',
  group: 'answer',
  description:
    'The answer mentions a number, an amount of money or a date, however it is written: `1.234,56 €`, `€1,234.56`, `EUR 1234.56`; `12 March 2026`, `2026-03-12`, `12.03.2026`. No language is assumed: what can be read in two ways counts for both. Number words ("twelve"), multiples ("1.2k"), dates without a year and words for currencies are not read.',
  params: z
    .strictObject({
      number: z.number().optional().describe('The number. `5 %` is 5, and `-5` is not 5.'),
      money: z
        .strictObject({
          amount: z.number().describe('How much.'),
          currency: z
            .string()
            .regex(/^[A-Z]{3}$/, 'use a code of ISO 4217, such as "EUR"')
            .describe(
              'Its code (ISO 4217). Signs such as `€` and `US$` are known; `$` stands for every dollar.',
            ),
          words: z
            .array(z.string().min(1).max(20))
            .optional()
            .describe('More words that may stand for it: `euros`, `bucks`.'),
        })
        .optional()
        .describe('An amount, `{ amount, currency, words? }`, with its currency right before or after it.'),
      date: z.iso.date().optional().describe('The date, as `YYYY-MM-DD`.'),
      tolerance: z
        .number()
        .nonnegative()
        .default(0)
        .describe('By how much a number or an amount may differ.'),
      dates: z
        .enum(['dmy', 'mdy'])
        .optional()
        .describe('How `03/04/2026` is read: day or month first. Default: either.'),
      in: z
        .enum(['output', 'transcript'])
        .default('output')
        .describe('Where to look: the final output, or everything the agent said on the way to it.'),
    })
    .superRefine(({ number, money, date }, context) => {
      if ([number, money, date].filter((fact) => fact !== undefined).length < 2) return
      context.addIssue({ code: 'custom', message: 'give one of "number", "money" and "date"' })
    }),
  examples: [
    {
      title: 'An amount as Germans write it.',
      params: { money: { amount: 1234.56, currency: 'EUR' } },
      subject: subjectOf({ output: 'Wir erstatten 1.234,56 €.' }),
      expect: 'pass',
    },
    {
      title: 'A date in words of any of some thirty languages.',
      params: { date: '2026-03-12' },
      subject: subjectOf({ output: 'Llegará el 12 de marzo de 2026.' }),
      expect: 'pass',
    },
    {
      title: 'A date that can be read in two ways counts for both, unless it is said which.',
      params: { date: '2026-04-03', dates: 'mdy' },
      subject: subjectOf({ output: 'It arrives on 03/04/2026.' }),
      expect: 'fail',
      says: 'its dates: "03/04/2026"',
    },
    {
      title: "Without a fact, the case's `expected` number, date or `{ amount, currency }` is looked for.",
      params: {},
      subject: subjectOf({ expected: 42, output: 'There are 42 left.' }),
      expect: 'pass',
    },
    {
      title: 'The digits of an order number are no number.',
      params: { number: 2378156 },
      subject: subjectOf({ output: 'Order #W2378156 has 3 items.' }),
      expect: 'fail',
      says: 'its numbers: "3"',
    },
    {
      title: 'The same amount of another currency is another amount.',
      params: { money: { amount: 20, currency: 'EUR' } },
      subject: subjectOf({ output: 'You get $20 back.' }),
      expect: 'fail',
      says: 'the output does not mention 20 EUR; its numbers: "$ 20"',
    },
    {
      title: 'Nothing is asked for, so nothing can be said.',
      params: {},
      subject: subjectOf({ output: 'There are 42 left.', expected: 'many' }),
      expect: 'unscored',
      says: 'no number, date or amount',
    },
  ],
  answer({ case: of, outcome }, params) {
    const fact: Fact | undefined =
      params.number !== undefined || params.money !== undefined || params.date !== undefined
        ? { number: params.number, money: params.money, date: params.date }
        : factFrom(of.expected)
    if (fact === undefined)
      return { unscored: 'the check names no number, date or amount and the case has none as "expected"' }
    const place = params.in
    const said = place === 'output' ? outcome.output : transcript(outcome)
    const found = mentionsOf(said, fact, params.tolerance, params.dates)
    if (found.mentioned) return { value: 1 }
    if (found.cut) {
      return {
        unscored: `the ${place} does not mention ${found.wanted} in its first ${withThousands(longestText)} characters`,
      }
    }
    const others = listed(
      found.others.slice(0, mostShown + 1).map((text) => shown(text, 40)),
      mostShown,
    )
    const tell = others === '' ? `it has no ${found.kind}` : `its ${found.kind}: ${others}`
    return { value: 0, reason: `the ${place} does not mention ${found.wanted}; ${tell}` }
  },
})
