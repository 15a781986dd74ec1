import { confidenceOf, usualLevel } from '../lib/confidence.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { Tallies } from '../schema/run.ts'
import type { CategoryPart, Policy } from '../schema/verdict.ts'
import { type Answered, answer, corrections, dropsOf, type Question, viewsOf } from './drop.ts'
import type { Finding } from './finding.ts'
import { type JudgeScale, marginForJudges } from './judge-margin.ts'
import type { Pair, Pairing } from './pair.ts'
import { count, limitOf, lowerFirst, named, pointsOf } from './words.ts'

/**
 * The primary metric in each category, by name. Categories that gate are named in the policy, or all of them are: both
 * stand before the run, in the policy and in the baseline. A named one without a common case is `incomparable`.
 */
export function categoryParts(
  candidate: Tallies,
  baseline: Tallies,
  policy: Policy,
  judges: readonly JudgeScale[] = [],
  level?: number,
): CategoryPart[] {
  const { categories: rule, metric, fidelityFloor } = policy
  if (rule === undefined) return []
  const margin = marginForJudges(rule.margin, judges).value
  const { asScored, worst, best } = viewsOf(candidate, baseline, metric, fidelityFloor)
  const now = byCategory(asScored)
  // Where all is known the three are one.
  const [low, high] = worst === asScored ? [now, now] : [byCategory(worst), byCategory(best)]
  const names = [...new Set([...(rule.names ?? []), ...low.keys(), ...now.keys()])].sort(byCodeUnit)
  const all = names.map((category) => {
    const views = dropsOf(now.get(category) ?? [], low.get(category) ?? [], high.get(category) ?? [], level)
    const question: Question = { margin, views }
    return { category, gates: rule.names?.includes(category) ?? true, question }
  })
  const answered = new Map<string, Answered>()
  for (const [gates, correct] of [
    [true, corrections.holm],
    [false, corrections.benjaminiHochberg],
  ] as const) {
    const family = all.filter((one) => one.gates === gates && one.question.views.worst.cases > 0)
    const answers = answer(
      family.map(({ question }) => question),
      correct,
      level,
    )
    for (const [index, { category }] of family.entries()) {
      const said = answers[index]
      if (said !== undefined) answered.set(category, said)
    }
  }
  return all.map(({ category, gates, question }): CategoryPart => {
    const told = answered.get(category)
    const { p: _raw, ...numbers } = question.views.asScored
    const base = { category, gates, margin, ...numbers, ...(level === undefined ? {} : { level }) }
    return told === undefined
      ? { ...base, word: 'incomparable', why: 'no case of it is in both runs', p: 1 }
      : { ...base, ...told }
  })
}

/** What the categories do to the verdict: a real drop of one that gates fails, the rest is said. */
export function categoryFindings(parts: readonly CategoryPart[]): Finding[] {
  const gating = parts.filter(({ gates }) => gates)
  const held = gating.filter(({ word }) => word === 'pass').map(({ category }) => category)
  const open = gating.filter(({ word }) => word === 'inconclusive')
  const shown = parts.filter(
    ({ gates, p, difference, level = usualLevel }) => !gates && p < level && difference < 0,
  )
  return [
    ...gating.flatMap(failOf),
    ...(open.length === 0
      ? []
      : [
          note(
            'category-undecided',
            `In ${open.length} ${open.length === 1 ? 'category' : 'categories'} a drop beyond the limit is neither ruled out nor shown: ${named(open.map(toldOf))}.`,
          ),
        ]),
    ...(held.length === 0 ? [] : [note('category-held', `No drop beyond the limit in ${named(held)}.`)]),
    ...(shown.length === 0
      ? []
      : [
          note(
            'category-dropped',
            `Shown, and not gated: ${named(shown.map((part) => `${part.category} ${numbersOf(part)}`))}.`,
          ),
        ]),
  ]
}

function failOf(part: CategoryPart): Finding[] {
  const { category, word, why } = part
  if (word === 'incomparable') {
    const what = `The category "${category}" is incomparable: ${why ?? 'nothing is known of it'}.`
    return [
      {
        weight: 'inconclusive',
        code: 'category-incomparable',
        what,
        hint: 'Name categories that the dataset has, or accept a run that has it.',
        headline: `inconclusive: ${lowerFirst(what)}`,
      },
    ]
  }
  if (word !== 'fail') return []
  const numbers = numbersOf(part)
  return [
    {
      weight: 'fail',
      code: 'category-regression',
      what: `The drop in the category "${category}" is real, and one beyond the limit is not ruled out: ${numbers}.`,
      hint: 'Look at its broken cases, worst first.',
      headline: `regression in the category "${category}": ${numbers}`,
    },
  ]
}

function toldOf(part: CategoryPart): string {
  return `${part.category} (${part.why ?? numbersOf(part)})`
}

function numbersOf(part: CategoryPart): string {
  const points = pointsOf(part)
  const { difference, lower, upper, level, margin, cases } = part
  return `${points(difference)} pp (${confidenceOf(level)} ${points(lower)} to ${points(upper)}), limit ${limitOf(margin, points)}, ${count(cases, 'case')}`
}

function byCategory({ pairs }: Pairing): Map<string, Pair[]> {
  const groups = new Map<string, Pair[]>()
  for (const one of pairs) {
    if (one.category === undefined) continue
    const known = groups.get(one.category)
    if (known === undefined) groups.set(one.category, [one])
    else known.push(one)
  }
  return groups
}

function note(code: string, what: string): Finding {
  return { weight: 'note', code, what, headline: what }
}
