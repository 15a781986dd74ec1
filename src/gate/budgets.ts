import { confidenceOf, usualLevel } from '../lib/confidence.ts'
import { type RatioInterval, type RatioUnit, ratioInterval } from '../lib/stats/index.ts'
import { byCodeUnit } from '../lib/json.ts'
import { type CaseTally, onTape, type Tallies } from '../schema/run.ts'
import { type BudgetName, type BudgetPart, budgetName, type Policy } from '../schema/verdict.ts'
import type { Finding } from './finding.ts'
import { count, lowerFirst } from './words.ts'

/** Fewer cases or clusters than this say nothing by resampling. */
const fewest = 10

/** Of the random numbers; any other would do as well. */
const seed = 42

/** A case in which both runs know what the agent used: mean a trial. */
interface Spent {
  readonly cluster?: string
  readonly baseline: number
  readonly candidate: number
}

/**
 * What the agent used against the baseline, over the cases both runs hold with the same content, whether they were scored or
 * not. `pass` where a rise beyond the budget is ruled out, else `fail` where the rise is real, else `inconclusive`.
 * Rules that fail share the level among the budgets asked (Bonferroni).
 */
export function budgetParts(
  candidate: Tallies,
  baseline: Tallies,
  { budgets }: Policy,
  level?: number,
): BudgetPart[] {
  const asked = budgetName.options.flatMap((of) => {
    const rule = budgets?.[of]
    return rule === undefined ? [] : [{ of, maxRise: rule.maxRise }]
  })
  return asked.map(({ of, maxRise }) =>
    partOf(candidate, baseline, { of, maxRise, level, asked: asked.length }),
  )
}

/** What budgets do to the verdict: a real rise fails, what could not be asked is no pass, the rest is said. */
export function budgetFindings(parts: readonly BudgetPart[], { mode }: Pick<Tallies, 'mode'>): Finding[] {
  return parts.map((part) => {
    const limit = `limit +${written(part.maxRise * 100)} %`
    const noun = nouns[part.of]
    if (part.word === 'incomparable') {
      const what = `The budget of ${noun} is incomparable: ${part.why ?? 'nothing is known of it'}.`
      return {
        weight: 'inconclusive',
        code: 'budget-incomparable',
        what,
        hint: 'Accept a run that knows it, or take the budget out of the policy.',
        headline: `inconclusive: ${lowerFirst(what)}`,
      } as const
    }
    const { ratio = 1, lower = 1, upper = 1, level } = part
    // A recorded call brings the tokens and the price it was recorded with.
    const recorded = onTape(mode) && mode.llm === 'recorded' ? ', as recorded' : ''
    const numbers = `${percent(ratio)} (${confidenceOf(level)} ${percent(lower)} to ${percent(upper)}), ${limit}, ${count(part.cases, 'case')}${recorded}`
    if (part.word === 'fail') {
      return {
        weight: 'fail',
        code: 'budget-exceeded',
        what: `The rise of ${noun} is real, and one beyond the budget is not ruled out: ${numbers}.`,
        headline: `over budget: ${noun} ${numbers}`,
      } as const
    }
    if (part.word === 'pass') {
      return note('budget-held', `The budget of ${noun} holds: ${numbers}.`)
    }
    const why = part.why === undefined ? '' : ` (${part.why})`
    return note(
      'budget-undecided',
      `A rise of ${noun} beyond the budget is neither ruled out nor shown${why}: ${numbers}.`,
    )
  })
}

const nouns = {
  costUsd: 'cost',
  tokens: 'tokens',
  durationMs: 'time',
} as const satisfies Record<BudgetName, string>

/** One budget among so many, and the one-sided level of its bounds where it is not 0.05. */
interface AskedBudget {
  readonly of: BudgetName
  readonly maxRise: number
  readonly level: number | undefined
  readonly asked: number
}

function partOf(
  candidate: Tallies,
  baseline: Tallies,
  { of, maxRise, level: given, asked }: AskedBudget,
): BudgetPart {
  const level = given ?? usualLevel
  const { common, spent } = spentIn(candidate, baseline, of)
  const unknown = missing(candidate, baseline, of, common, spent.length)
  const units = unitsOf(spent)
  const interval = unknown === undefined ? ratioInterval(units, seed) : undefined
  if (interval === undefined) {
    const why = unknown ?? 'the baseline used nothing'
    return { of, maxRise, gates: true, word: 'incomparable', why, cases: spent.length }
  }
  const mean = (side: 'baseline' | 'candidate'): number =>
    spent.reduce((sum, one) => sum + one[side], 0) / spent.length
  const { ratio } = interval
  const settled = wordOf(interval, maxRise, level, level / asked)
  const few = units.length < fewest && ratio !== 1
  return {
    of,
    maxRise,
    gates: true,
    word: few ? 'inconclusive' : settled,
    ...(few
      ? {
          why: `${count(units.length, units.length < spent.length ? 'cluster' : 'case')} are too few to tell: it takes ${fewest}`,
        }
      : {}),
    cases: spent.length,
    baseline: mean('baseline'),
    candidate: mean('candidate'),
    ratio,
    lower: interval.lower(1 - level),
    upper: interval.upper(1 - level),
    ...(given === undefined ? {} : { level: given }),
  }
}

function wordOf(
  interval: RatioInterval,
  maxRise: number,
  level: number,
  share: number,
): 'pass' | 'fail' | 'inconclusive' {
  // A sum of decimals is no exact number: a rise of exactly the budget is within it.
  if (interval.upper(1 - level) <= 1 + maxRise + 1e-9) return 'pass'
  return interval.lower(1 - share) > 1 + 1e-9 ? 'fail' : 'inconclusive'
}

function spentIn(
  candidate: Tallies,
  baseline: Tallies,
  of: BudgetName,
): { readonly common: number; readonly spent: readonly Spent[] } {
  const before = new Map(baseline.cases.map((tally) => [tally.case, tally]))
  let common = 0
  const spent: Spent[] = []
  for (const tally of candidate.cases.toSorted((a, b) => byCodeUnit(a.case, b.case))) {
    const old = before.get(tally.case)
    if (old === undefined || old.hash !== tally.hash) continue
    common++
    const [now, then] = [meanOf(tally, of), meanOf(old, of)]
    if (now === undefined || then === undefined) continue
    const { cluster } = tally
    spent.push({ ...(cluster === undefined ? {} : { cluster }), baseline: then, candidate: now })
  }
  return { common, spent }
}

function meanOf({ spent }: CaseTally, of: BudgetName): number | undefined {
  const known = spent?.[of]
  return known === undefined ? undefined : known.sum / known.n
}

function unitsOf(spent: readonly Spent[]): RatioUnit[] {
  const alone: RatioUnit[] = []
  const clusters = new Map<string, { numerator: number; denominator: number }>()
  for (const { cluster, baseline: denominator, candidate: numerator } of spent) {
    const known = cluster === undefined ? undefined : clusters.get(cluster)
    if (cluster === undefined) alone.push({ numerator, denominator })
    else if (known === undefined) clusters.set(cluster, { numerator, denominator })
    else {
      known.numerator += numerator
      known.denominator += denominator
    }
  }
  return [...alone, ...clusters.values()]
}

/** What a budget may be blind to: one case in twenty. */
const mostUnknown = 0.05

/** Why a budget cannot be held against the baseline; `undefined` where it can. */
function missing(
  candidate: Tallies,
  baseline: Tallies,
  of: BudgetName,
  common: number,
  known: number,
): string | undefined {
  if (of === 'durationMs' && candidate.mode.llm !== 'live' && candidate.mode.llm !== 'imported')
    return 'replies that were recorded take no time'
  for (const [side, { cases }] of [
    ['baseline', baseline],
    ['run', candidate],
  ] as const) {
    if (cases.every((tally) => tally.spent?.[of] === undefined)) return `the ${side} does not know it`
  }
  if (common === 0) return 'no case is in both runs'
  return known < common * (1 - mostUnknown)
    ? `it is known in ${known} of ${count(common, 'common case')}`
    : undefined
}

/** `+12.3 %`, of a ratio. */
function percent(ratio: number): string {
  const rise = (ratio - 1) * 100
  const text = written(Math.abs(rise) < 0.05 ? 0 : Number(rise.toFixed(1)))
  return `${rise >= 0.05 ? '+' : ''}${text} %`
}

function written(value: number): string {
  return String(Number(value.toFixed(6)))
}

function note(code: string, what: string): Finding {
  return { weight: 'note', code, what, headline: what }
}
