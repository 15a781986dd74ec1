import { oneLine } from '../lib/text.ts'
import type { PlanReport } from '../schema/plan-report.ts'
import { count, modeOf, plural, tokens, usd } from './format.ts'

/** What an eval would do and could find, as a person reads it before anything is spent. */
export function showPlan(plan: PlanReport): string {
  const { cases, of, trials, total, units } = plan
  const part = cases === of ? '' : ` of ${count(of)}`
  const clustered = units === cases ? '' : `, in ${plural(units, 'unit')} (clusters count as one)`
  const rows: readonly (readonly [string, string])[] = [
    [
      'plays',
      `${plural(cases, 'case')}${part} × ${plural(trials, 'trial')} = ${plural(total, 'trial')}${clustered}`,
    ],
    ['calls', callsOf(plan)],
    ['tokens', tokensOf(plan)],
    ['costs', costOf(plan)],
    ...(plan.judges.length === 0 ? [] : [['judges', judgesOf(plan)] as const]),
    ...looksOf(plan),
    ['finds', findsOf(plan)],
    [`margin ${pointsOf(plan.wanted.margin)}`, wantedOf(plan)],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`)
  return [`${oneLine(plan.eval, 100)}: ${oneLine(modeOf(plan), 100)}`, ...lines, ''].join('\n')
}

function callsOf({ recorded: { modelCalls, toolCalls, userCalls, casesWithout } }: PlanReport): string {
  const user = userCalls === 0 ? '' : `, ${count(userCalls)} of the simulated user`
  const known = `${plural(modelCalls, 'model call')}, ${plural(toolCalls, 'tool call')}${user}, by what was recorded`
  return casesWithout === 0
    ? known
    : `${known}; ${plural(casesWithout, 'case')} without a recording not counted`
}

function tokensOf({ recorded: { usage } }: PlanReport): string {
  return usage === undefined ? 'not known' : tokens(usage)
}

function costOf({ recorded, asksModels, capUsd }: PlanReport): string {
  const { costUsd, unpriced, casesWithout } = recorded
  const gaps = [
    ...(unpriced === 0 ? [] : [`the price of ${plural(unpriced, 'call')} is not known`]),
    ...(casesWithout === 0 ? [] : [`${plural(casesWithout, 'case')} have no recording`]),
  ]
  const least = gaps.length === 0 ? 'about' : 'at least'
  const known = costUsd === undefined ? 'not known' : `${least} ${usd(costUsd)}`
  const amount = `${known}${gaps.length === 0 ? '' : ` (${gaps.join('; ')})`}`
  if (!asksModels) {
    const live = costUsd === undefined ? '' : `; with --llm live ${amount}`
    return `nothing for models: they answer from the recordings${live}`
  }
  const cap = capUsd === undefined ? '' : `; the cap is ${usd(capUsd)}`
  const over = capUsd !== undefined && (costUsd ?? 0) > capUsd ? ', which is not enough' : ''
  return `${amount}${cap}${over}`
}

function judgesOf({ judges, asksJudges, total }: PlanReport): string {
  const names = judges.map((name) => oneLine(name, 40)).join(', ')
  return asksJudges
    ? `${names}: each asked about up to ${plural(total, 'trial')}, at least once; recorded verdicts are not asked for again, and no cost is estimated`
    : `${names}: only recorded verdicts count, and nothing is asked`
}

/** At least the first look and at most all of them: what each would have used by then, and could find. */
function looksOf({ escalation, cases, asksModels, capUsd }: PlanReport): (readonly [string, string])[] {
  if (escalation === undefined) return []
  return escalation.looks.map(({ trials, total, recorded, detectable }, at): readonly [string, string] => {
    const { modelCalls, usage, costUsd, unpriced, casesWithout } = recorded
    const isLeast = unpriced > 0 || casesWithout > 0
    const cost =
      costUsd === undefined || !asksModels
        ? 'costs not known'
        : `${isLeast ? 'at least' : 'about'} ${usd(costUsd)}`
    const over = capUsd !== undefined && (costUsd ?? 0) > capUsd ? ', beyond the cap' : ''
    const used = casesWithout === cases ? 'calls not known' : plural(modelCalls, 'model call')
    const said = [
      `${plural(trials, 'trial')} a case, ${plural(total, 'trial')} in all`,
      used,
      ...(usage === undefined ? [] : [tokens(usage)]),
      `${cost}${over}`,
      detectable === undefined ? 'finds no drop reliably' : `finds a drop of ${pointsOf(detectable)}`,
    ].join(', ')
    return [`look ${at + 1}`, at === 0 ? `at least: ${said}` : `if still open: ${said}`]
  })
}

function findsOf({ detectable, variance, trials: planned, units, escalation }: PlanReport): string {
  const trials = escalation?.looks.at(-1)?.trials ?? planned
  if (detectable === undefined) return `no drop reliably: ${plural(units, 'case')} are too few`
  const by = {
    recorded: 'where nothing varies but the drop, as in recorded replays',
    baseline: `at ${plural(trials, 'trial')}, as flaky as the baseline was`,
    usual: `at ${plural(trials, 'trial')} of a mildly flaky agent`,
  }[variance.from]
  return `a drop of ${pointsOf(detectable)} or more 4 times in 5, ${by}`
}

function wantedOf({
  wanted: { fewest, cases, trials },
  units,
  variance,
  trials: first,
  escalation,
}: PlanReport): string {
  const planned = escalation?.looks.at(-1)?.trials ?? first
  if (units < fewest)
    return `cannot pass with ${plural(units, 'case')}, even when nothing changes: it takes ${count(fewest)}${variance.value === 0 || cases <= fewest ? '' : `, and ${count(cases)} to pass 4 times in 5`}`
  if (units >= cases)
    return variance.value === 0
      ? 'an agent that did not change passes'
      : 'an agent that did not change passes at least 4 times in 5'
  const more = trials === undefined || trials <= planned ? '' : `, or ${plural(trials, 'trial')} a case`
  return `an agent that did not change passes it 4 times in 5 from ${plural(cases, 'case')} on${more}; with fewer it is often inconclusive`
}

/** `5 points`, `1 point`, `12.5 points`; two significant digits. */
function pointsOf(drop: number): string {
  const value = Number((drop * 100).toPrecision(2))
  return `${value} point${value === 1 ? '' : 's'}`
}
