import { defined } from '../../lib/defined.ts'
import { oneLine } from '../../lib/text.ts'
import type { Judged, VerdictWord } from '../../schema/judgement.ts'
import type { Answer } from '../check.ts'
import { sumOf } from './ask.ts'
import type { Judging, Question, Verdict } from './judge.ts'
import { isCut } from './prompt.ts'

/** One matter put to judges: by model and then by exhibit (of a pair both orders), each so many times. */
export interface Matter {
  readonly questions: readonly (readonly Question[])[]
  readonly samples: number
  readonly fingerprint: string
  readonly criterion: string
  readonly isPanel: boolean
}

/** What one judge says once: a word, or why there is none. Of a pair both orders together. */
interface Vote {
  readonly said: VerdictWord | undefined
  readonly critique: string
  readonly why: string
  readonly isFlipped: boolean
  readonly verdicts: readonly Verdict[]
}

const values: Readonly<Record<VerdictWord, number>> = { pass: 1, fail: 0, better: 1, tie: 0.5, worse: 0 }

/**
 * Asks, and decides by what more than half of those say who say anything, where more than half of all do. Where no word has
 * that many it is unscored: never a pass, and never 0 for a judge that failed.
 */
export async function decided(matter: Matter, judging: Judging | undefined): Promise<Answer> {
  const { questions, samples, isPanel } = matter
  if (judging === undefined) return { unscored: 'not recorded: nothing answers judges here' }
  const votes = await Promise.all(
    questions.flatMap((ofOne) =>
      Array.from({ length: samples }, (_, sample) => voteOf(ofOne, sample, judging)),
    ),
  )
  const said = votes.filter((vote) => vote.said !== undefined)
  const word = [...Map.groupBy(said, (vote) => vote.said)].find(([, of]) => of.length * 2 > said.length)?.[0]
  const judged = judgedOf(matter, votes, word)
  const [silent] = votes.filter((vote) => vote.said === undefined)
  if (said.length * 2 <= votes.length && silent !== undefined) {
    const several = votes.length === 1 ? '' : ` (${said.length} of ${votes.length} gave a verdict)`
    return { unscored: `${silent.why}${several}`, judged }
  }
  if (word === undefined) return { unscored: `abstain: no verdict has a majority: ${tallyOf(said)}`, judged }
  const speaker = said.find((vote) => vote.said === word)
  const notes = [
    votes.length > 1 ? `${tallyOf(votes)}${isPanel ? ' of the panel' : ''}` : undefined,
    votes.some(({ isFlipped }) => isFlipped)
      ? 'its verdict turned with the order, which is a tie'
      : undefined,
    questions.some((ofOne) => ofOne.some(({ shown }) => isCut(shown)))
      ? 'the judge was shown a part only'
      : undefined,
  ].filter((note) => note !== undefined)
  const reason = `${oneLine(speaker?.critique ?? '', 1500)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
  return { value: values[word], passed: word !== 'fail' && word !== 'worse', reason, judged }
}

/** Several parts of a run, each judged as if it were the whole. */
export type JudgedParts = { readonly name: string; readonly answer: Answer }[]

/** The value is the mean, and it passes where all do; where one cannot be told of, nothing is. */
export function joined(parts: JudgedParts): Answer {
  const judged = parts.flatMap(({ answer }) => (answer.judged === undefined ? [] : [answer.judged]))
  const together = defined({ judged: judged.length === 0 ? undefined : judged.reduce(bothJudged) })
  let sum = 0
  let failed: string | undefined
  let first: string | undefined
  for (const { name, answer } of parts) {
    if ('unscored' in answer) return { unscored: `${name}: ${answer.unscored}`, ...together }
    sum += answer.value
    const reason = `${name}: ${answer.reason ?? ''}`
    first ??= reason
    if (answer.passed !== true) failed ??= reason
  }
  return {
    value: sum / parts.length,
    passed: failed === undefined,
    ...defined({ reason: failed ?? first }),
    ...together,
  }
}

async function voteOf(orders: readonly Question[], sample: number, judging: Judging): Promise<Vote> {
  const verdicts = await Promise.all(orders.map((question) => judging.verdict(question, sample)))
  const [silent] = verdicts.flatMap((verdict) => ('unjudged' in verdict ? [verdict] : []))
  if (silent !== undefined) {
    const why = `${silent.unjudged}: ${silent.why}`
    return { said: undefined, critique: '', why, isFlipped: false, verdicts }
  }
  const spoken = verdicts.flatMap((verdict) => ('verdict' in verdict ? [verdict] : []))
  const words = new Set(spoken.map(({ verdict }) => verdict))
  const [first] = spoken
  const isFlipped = words.size > 1
  const critique = isFlipped
    ? spoken.map((one) => one.critique).join(' / In the other order: ')
    : (first?.critique ?? '')
  return { said: isFlipped ? 'tie' : first?.verdict, critique, why: '', isFlipped, verdicts }
}

function tallyOf(votes: readonly Vote[]): string {
  const groups = [...Map.groupBy(votes, ({ said }) => said ?? 'no verdict')]
  return groups.map(([word, of]) => `${of.length} ${word}`).join(', ')
}

function judgedOf(
  { questions, fingerprint, criterion }: Matter,
  votes: readonly Vote[],
  word: VerdictWord | undefined,
): Judged {
  const spoken = votes.flatMap(({ verdicts }) => verdicts).filter((one) => 'verdict' in one)
  const now = votes.flatMap(({ verdicts }) => verdicts).filter((one) => !('recorded' in one && one.recorded))
  const costs = now.flatMap(({ costUsd }) => (costUsd === undefined ? [] : [costUsd]))
  const usages = now.flatMap((one) => (one.usage === undefined ? [] : [one.usage]))
  const models = new Set(spoken.map(({ model }) => model))
  const [first] = questions[0] ?? []
  const asked = new Set(questions.flatMap((ofOne) => ofOne.map(({ model }) => model.model)))
  return {
    fingerprint,
    criterion,
    subject: first?.subject ?? '0'.repeat(16),
    model: [...(models.size === 0 ? asked : models)].toSorted().join(', '),
    samples: votes.filter(({ said }) => said !== undefined).length,
    agreeing: votes.filter(({ said }) => said !== undefined && said === word).length,
    recorded: votes.filter(({ verdicts }) => verdicts.every((one) => 'recorded' in one && one.recorded))
      .length,
    ...defined({
      usage: usages.length === 0 ? undefined : usages.reduce(sumOf),
      costUsd: costs.length === 0 ? undefined : costs.reduce((one, other) => one + other),
    }),
    ...((questions[0]?.length ?? 1) > 1 ? { flipped: votes.some(({ isFlipped }) => isFlipped) } : {}),
  }
}

function bothJudged(one: Judged, other: Judged): Judged {
  const usage = one.usage && other.usage ? sumOf(one.usage, other.usage) : (one.usage ?? other.usage)
  const costUsd =
    one.costUsd === undefined && other.costUsd === undefined
      ? undefined
      : (one.costUsd ?? 0) + (other.costUsd ?? 0)
  const flipped =
    one.flipped === undefined && other.flipped === undefined
      ? undefined
      : one.flipped === true || other.flipped === true
  const { usage: _, costUsd: __, flipped: ___, ...rest } = one
  return {
    ...rest,
    samples: one.samples + other.samples,
    agreeing: one.agreeing + other.agreeing,
    recorded: one.recorded + other.recorded,
    ...defined({ usage, costUsd, flipped }),
  }
}
