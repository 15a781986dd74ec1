import { confidenceOf } from '../lib/confidence.ts'
import type { Usage } from '../schema/call.ts'
import type { Report } from '../schema/report.ts'
import type { Verdict, VerdictWord } from '../schema/verdict.ts'

/** Numbers and words as all reporters print them. No locale: the same report is the same text everywhere. */

/** `1,234`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 case`, `2 cases`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** What the intervals of a verdict are called: `90 % CI`, or wider where the gate looked several times. */
export function confidenceIn({ verdict }: Pick<Report, 'verdict'>): string {
  return confidenceOf(verdict?.comparison?.level ?? verdict?.escalation?.level)
}

/** A share as `42.0 %`; `100 %` and `0 %` only for what is exactly so. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`
  const text = (share * 100).toFixed(1)
  if (text === '100.0') return '> 99.9 %'
  if (text === '0.0') return '< 0.1 %'
  return `${text} %`
}

/** The mean of a case over a few trials: `67 %`; more digits would not mean more. */
export function share(mean: number): string {
  return `${(mean * 100).toFixed(0)} %`
}

/** A difference of shares in percentage points with its sign: `-12.0`, `+3.5`, `0.0`. */
export function points(difference: number): string {
  const text = Math.abs(difference * 100).toFixed(1)
  if (text === '0.0') return text
  return `${difference < 0 ? '-' : '+'}${text}`
}

/** `between -12.0 and +3.5 points`, as a table cell: `-12.0 … +3.5`. */
export function interval(lower: number, upper: number): string {
  return `${points(lower)} … ${points(upper)}`
}

/** Milliseconds as a person reads them: `340 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${ms < 10 && !Number.isInteger(ms) ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `$1.84`; four digits below ten cents. */
export function usd(value: number): string {
  return `$${value.toFixed(value > 0 && value < 0.1 ? 4 : 2)}`
}

/** `12,040 tokens in (2,000 of them cached), 830 out`. */
export function tokens(usage: Usage): string {
  const input = usage.input + usage.cacheRead + usage.cacheWrite
  const cached = usage.cacheRead === 0 ? '' : ` (${count(usage.cacheRead)} of them from the cache)`
  return `${count(input)} tokens in${cached}, ${count(usage.output)} out`
}

export interface Sign {
  /** Says it without colour. */
  readonly mark: string
  readonly word: string
  readonly emoji: string
  readonly tone: 'good' | 'bad' | 'unsure'
}

const signs: Readonly<Record<VerdictWord, Sign>> = {
  pass: { mark: '✓', word: 'PASS', emoji: '✅', tone: 'good' },
  fail: { mark: '✗', word: 'FAIL', emoji: '❌', tone: 'bad' },
  inconclusive: { mark: '?', word: 'INCONCLUSIVE', emoji: '⚪', tone: 'unsure' },
  invalid: { mark: '!', word: 'INVALID', emoji: '⚠️', tone: 'bad' },
  'not gated': { mark: '–', word: 'NOT GATED', emoji: '⚪', tone: 'unsure' },
}

export function signOf(verdict: Verdict | undefined): Sign {
  return signs[verdict?.word ?? 'not gated']
}

/**
 * The verdict's own sentence, without the word that the sign beside it says already; or what can be said of a run
 * that nothing judged.
 */
export function sentenceOf({ verdict, metric, stats }: Report): string {
  if (verdict !== undefined) {
    const { word, sentence } = verdict
    return sentence.startsWith(`${word}: `) ? sentence.slice(word.length + 2) : sentence
  }
  if (stats.passRate === undefined)
    return 'The run was not compared with a baseline, and no trial was scored.'
  const { passed, of, rate } = stats.passRate
  return `The run was not compared with a baseline; ${metric} in ${count(passed)} of ${plural(of, 'trial')} (${percent(rate)}).`
}

/** `50 cases × 4 trials`, or both counts where cases differ in trials. */
export function sizeOf({ stats, cases }: Report): string {
  const each = cases[0]?.trials.length ?? 0
  const even = cases.every(({ trials }) => trials.length === each)
  if (stats.cases === 0) return 'no cases'
  if (!even) return `${plural(stats.cases, 'case')}, ${plural(stats.trials, 'trial')}`
  return `${plural(stats.cases, 'case')} × ${plural(each, 'trial')}`
}

/** `198 completed, 1 failed, 1 aborted`, without what did not happen. */
export function outcomesOf({ outcomes }: Report): string {
  const parts = [
    [outcomes.completed, 'completed'],
    [outcomes.failed, 'failed'],
    [outcomes.aborted, 'aborted'],
  ] as const
  const said = parts.filter(([n]) => n > 0).map(([n, word]) => `${count(n)} ${word}`)
  return said.length === 0 ? 'nothing ran' : said.join(', ')
}

/** `model recorded, tools recorded`. */
export function modeOf({ mode }: Pick<Report, 'mode'>): string {
  return `model ${mode.llm}, tools ${mode.tools}`
}

/** Cost and tokens, as far as they are known; empty where nothing is. */
export function spentOf({ usage, costUsd }: Report): string {
  const parts = [
    costUsd === undefined ? [] : [usd(costUsd)],
    usage === undefined ? [] : [tokens(usage)],
  ].flat()
  return parts.join(' · ')
}
