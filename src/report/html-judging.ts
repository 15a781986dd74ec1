import type { Judgement } from '../schema/judgement.ts'
import type { JudgeReport, Report } from '../schema/report.ts'
import type { Score } from '../schema/score.ts'
import { plural, tokens, usd } from './format.ts'
import { fact, nameOf } from './html-names.ts'
import { type Html, html, longText, nothing } from './html-markup.ts'
import type { TrialReport } from './lists.ts'

/** Votes of one score that are shown. */
const mostVotes = 30

/** What the judges of a trial said and why, each with the instrument it is and how far that may be trusted. */
export function judging(report: Report, trial: TrialReport, verdicts: readonly Judgement[]): readonly Html[] {
  return trial.scores
    .filter(({ source }) => source === 'judge')
    .map((score) => {
      const standing = report.judges?.find(({ name }) => name === score.name)
      return judgeBlock(score, standing, votesFor(score, trial, verdicts))
    })
}

/** Verdicts a score rests on: those of its instrument; of a panel, whose members are instruments of their own, all. */
function votesFor(
  score: Score,
  { trial }: TrialReport,
  verdicts: readonly Judgement[],
): readonly Judgement[] {
  const { judged } = score
  if (judged === undefined) return []
  const own = verdicts.filter(
    (one) => one.judge === score.name && one.trial === trial && one.criterion === judged.criterion,
  )
  const ofInstrument = own.filter(({ fingerprint }) => fingerprint === judged.fingerprint)
  const several = ofInstrument.length === 0 ? own : ofInstrument
  const ofSubject = several.filter(({ subject }) => subject === judged.subject)
  // A pair is shown in two orders, parts of a run one by one: each is a subject of its own.
  return ofSubject.length < judged.samples || judged.flipped !== undefined ? several : ofSubject
}

function judgeBlock(score: Score, standing: JudgeReport | undefined, votes: readonly Judgement[]): Html {
  const { judged } = score
  const said = score.status === 'unscored' ? 'no verdict' : score.passed ? 'pass' : 'fail'
  const tone = score.status === 'unscored' ? 'unsure' : score.passed ? 'good' : 'bad'
  const value = score.status === 'unscored' ? '' : ` (${Number(score.value.toFixed(4))})`
  const list = votes.slice(0, mostVotes).map(vote)
  const more = votes.length - list.length
  return html`<section class="judge"><h4>judge ${nameOf(score.name)} <span class="badge ${tone}">${said}${value}</span> ${
    score.gating ? nothing : html`<span class="badge calm">shown only</span>`
  }</h4>${score.reason === undefined ? nothing : html`<p class="reasoning">${longText(score.reason)}</p>`}<dl class="facts">${
    judged === undefined ? nothing : html`${fact('votes', votesOf(judged))}${fact('model', judged.model)}`
  }${fact('standing', standingOf(standing))}${
    judged === undefined
      ? nothing
      : html`${fact('instrument', html`<code>${judged.fingerprint}</code>`)}${fact('criterion', html`<code>${judged.criterion}</code>`)}${fact(
          'shown to it',
          html`<code>${judged.subject}</code> <span class="quiet">hash of input, reference and what of the outcome it was shown</span>`,
        )}${fact('spent', spent(judged))}`
  }</dl>${
    list.length === 0
      ? nothing
      : html`<ol class="votes">${list}</ol>${more > 0 ? html`<p class="quiet">… and ${plural(more, 'more verdict')}</p>` : nothing}`
  }</section>`
}

function vote({ verdict, critique, model, sample, tries, fingerprint }: Judgement): Html {
  const tone = verdict === 'pass' || verdict === 'better' ? 'good' : verdict === 'tie' ? 'unsure' : 'bad'
  const retried = tries === 1 ? '' : ` · asked ${tries} times`
  return html`<li><p><span class="badge ${tone}">${verdict}</span> <span class="quiet">${nameOf(model)} · answer ${sample + 1} · instrument <code>${fingerprint}</code>${retried}</span></p><p class="critique">${longText(
    critique,
  )}</p></li>`
}

function votesOf({ samples, agreeing, recorded, flipped }: NonNullable<Score['judged']>): string {
  return [
    `${agreeing} of ${plural(samples, 'verdict')} say so`,
    `${recorded} recorded before`,
    ...(flipped === undefined ? [] : [flipped ? 'turned with the order' : 'the same in both orders']),
  ].join(' · ')
}

function spent({ usage, costUsd }: NonNullable<Score['judged']>): string {
  return [usage === undefined ? [] : [tokens(usage)], costUsd === undefined ? [] : [usd(costUsd)]]
    .flat()
    .join(' · ')
}

const standings = {
  'can gate': 'calibrated on labels of people: it may gate',
  advisory: 'measured on labels of people, and not sure enough to gate: advisory',
  refuse: 'measured on labels of people, and no better than chance: refused',
} as const

function standingOf(judge: JudgeReport | undefined): string {
  return judge?.standing === undefined
    ? 'not calibrated: nobody measured it on labels of people'
    : standings[judge.standing]
}
