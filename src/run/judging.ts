import { defined } from '../lib/defined.ts'
import { oneLine } from '../lib/text.ts'
import type { Usage } from '../schema/call.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import type { CanaryLine, Judgement, JudgementLine, Unjudged } from '../schema/judgement.ts'
import { sumOf } from '../score/judge/ask.ts'
import { type Canary, canariesFor, isAnswered, letPass } from '../score/judge/canaries.ts'
import type { Judging, Question, Verdict } from '../score/judge/judge.ts'
import { bothCanaries, canaryKey, keyText } from './judgements-file.ts'

export interface JudgingOptions {
  /** What is recorded already. */
  readonly recorded: readonly JudgementLine[]
  /** Asks a model. Left out: only what is recorded is answered. */
  readonly ask?: ((question: Question) => Promise<Verdict>) | undefined
  /** The command that records what is missing: named where something is. */
  readonly command: string
  /** Told of each line at once, before anybody hears of the verdict: what was paid for is kept before it is used. */
  readonly onLine?: ((line: JudgementLine) => void) | undefined
  /** An answer to another case than this one, for the canary that is one. */
  readonly otherAnswer?: ((caseId: string) => Json | undefined) | undefined
  /** Takes secrets out of what a judge said, which quotes what it was shown. Default: it is kept as it came. */
  readonly redact?: (<T>(value: T) => T) | undefined
  /** Questions that are asked at the same time. Default: 8. */
  readonly concurrency?: number | undefined
}

/** What judging came to. */
export interface JudgingStats {
  /** Verdicts that were asked for, and where they came from. */
  readonly asked: number
  readonly recorded: number
  readonly live: number
  /** Why there were none, and how often. */
  readonly unjudged: Readonly<Partial<Record<Unjudged, number>>>
  /** Live verdicts that took more than one request. */
  readonly retried: number
  /** Canaries that were asked live. */
  readonly canaries: number
  /** USD and tokens spent now, canaries included, as far as it is known; `unpriced`: answers whose cost is not. */
  readonly costUsd: number
  readonly unpriced: number
  readonly usage: Usage
  /** Judges that let a canary pass, with what it was. None of their verdicts count, those served before included. */
  readonly disabled: readonly { readonly judge: string; readonly passed: readonly string[] }[]
  readonly warnings: readonly string[]
}

export interface RunJudging extends Judging {
  /** Lines that were added, in the order they came. */
  added(): readonly JudgementLine[]
  stats(): JudgingStats
  /** What keeps models from being asked at all: a missing key or package, an unknown price, a spend cap, a full disk. */
  failure(): EvalkitError | undefined
}

const usualConcurrency = 8
/** Times that canaries are asked again because a provider did not answer them. */
const mostCanaryRounds = 3

/**
 * Answers judges in a run: recorded verdicts first, then, where they may be asked, models, each question once however often it
 * is asked meanwhile. Before the first live verdict of a judge it is put to canaries; one that lets any of them pass has no
 * verdicts. Throws nothing but what the caller's own signal throws: what stops everything is in `failure`.
 */
export function openJudging(options: JudgingOptions): RunJudging {
  const { ask, command, onLine, redact = (value) => value, concurrency = usualConcurrency } = options
  const verdicts = new Map<string, Judgement>()
  const canaries = new Map<string, CanaryLine>()
  for (const line of options.recorded) {
    if (line.kind === 'verdict') verdicts.set(keyText(line), line)
    else canaries.set(canaryKey(line), line)
  }
  const tally = newTally()
  const added: JudgementLine[] = []
  const underWay = new Map<string, Promise<Verdict>>()
  const tested = new Map<string, Tested>()
  const inTurn = limited(concurrency)
  let failure: EvalkitError | undefined

  const keep = (line: JudgementLine): void => {
    added.push(line)
    if (line.kind === 'verdict') verdicts.set(keyText(line), line)
    else canaries.set(canaryKey(line), line)
    try {
      onLine?.(line)
    } catch (error) {
      failure ??= asFailure(error)
    }
  }

  const askLive = async (question: Question): Promise<Verdict> => {
    if (ask === undefined) return notRecorded(question, command)
    return inTurn(async () => {
      if (failure !== undefined) return stopped(failure)
      try {
        return await ask(question)
      } catch (error) {
        if (!EvalkitError.is(error)) throw error
        failure ??= error
        return stopped(error)
      }
    })
  }

  /** Puts a judge to its canaries, once for all who wait for it. What it did not answer is asked again for the next. */
  const putToTest = async (question: Question): Promise<Verdict | undefined> => {
    const key = canaryKey(question)
    const known = tested.get(key) ?? { rounds: 0, running: undefined, isDone: false }
    tested.set(key, known)
    if (known.isDone) return disabledBy(canaries.get(key))
    if (known.running === undefined) {
      if (known.rounds === mostCanaryRounds) return untested('canaries were not answered')
      known.rounds++
      known.running = testOf(question, canariesFor(question, options.otherAnswer?.(question.case)))
      void known.running.then(
        (unanswered) => {
          known.isDone = unanswered === undefined
          known.running = undefined
        },
        () => {
          known.running = undefined
        },
      )
    }
    return (await known.running) ?? disabledBy(canaries.get(key))
  }

  const testOf = async (question: Question, asked: readonly Canary[]): Promise<Verdict | undefined> => {
    const answers = await Promise.all(
      asked.map(async (canary) => ({ name: canary.name, verdict: await askLive(canary.question) })),
    )
    for (const { verdict } of answers) tally.spent(verdict)
    tally.canaries(answers.length)
    const silent = answers.find(({ verdict }) => !isAnswered(verdict))
    const passed = answers.filter(({ verdict }) => letPass(verdict)).map(({ name }) => name)
    const told = answers.filter(({ verdict }) => isAnswered(verdict)).map(({ name }) => name)
    // What passed is kept though others were not answered: it is enough.
    if (silent === undefined || passed.length > 0) {
      const { judge, fingerprint, criterion } = question
      const line = { v: 1, kind: 'canary', judge, fingerprint, criterion, asked: told, passed } as const
      const earlier = canaries.get(canaryKey(line))
      keep(bothCanaries(earlier ?? line, line))
      return undefined
    }
    return silent.verdict
  }

  const live = async (question: Question, sample: number): Promise<Verdict> => {
    if (ask === undefined) return notRecorded(question, command)
    const kept = await putToTest(question)
    if (kept !== undefined) return kept
    const came = await askLive(question)
    const verdict =
      'verdict' in came ? { ...came, critique: redact(came.critique) } : { ...came, why: redact(came.why) }
    tally.spent(verdict)
    if ('verdict' in verdict) keep(lineOf(question, sample, verdict))
    return verdict
  }

  return {
    async verdict(question, sample) {
      const key = keyText({ ...question, sample })
      const disabled = disabledBy(canaries.get(canaryKey(question)))
      if (disabled !== undefined) return tally.served(question, disabled)
      const recorded = verdicts.get(key)
      if (recorded !== undefined) {
        if (!canaries.has(canaryKey(question))) tally.untested(question)
        return tally.served(question, recordedVerdict(recorded, question))
      }
      const running = underWay.get(key) ?? live(question, sample).finally(() => underWay.delete(key))
      underWay.set(key, running)
      return tally.served(question, await running)
    },
    added: () => [...added],
    stats: () => tally.stats([...canaries.values()]),
    failure: () => failure,
  }
}

interface Tested {
  rounds: number
  running: Promise<Verdict | undefined> | undefined
  isDone: boolean
}

function recordedVerdict(line: Judgement, { vocabulary }: Question): Verdict {
  const { verdict, critique, model, usage, tries } = line
  // A file says what it likes.
  if (!Object.values(vocabulary).includes(verdict)) {
    return { unjudged: 'schema', why: `"${verdict}" is recorded, and is no verdict of this judge` }
  }
  return { verdict, critique, model, tries, recorded: true, ...defined({ usage }) }
}

function lineOf(
  { judge, fingerprint, criterion, case: id, subject, trial }: Question,
  sample: number,
  { verdict, critique, model, usage, costUsd, tries }: Extract<Verdict, { verdict: unknown }>,
): Judgement {
  return {
    v: 1,
    kind: 'verdict',
    judge,
    fingerprint,
    criterion,
    case: id,
    subject,
    trial,
    sample,
    verdict,
    critique,
    model,
    ...defined({ usage, costUsd }),
    tries,
  }
}

function notRecorded({ case: id }: Question, command: string): Verdict {
  return { unjudged: 'not recorded', why: `no verdict on case ${id} is recorded; ${command} asks for it` }
}

function disabledBy(canary: CanaryLine | undefined): Verdict | undefined {
  if (canary === undefined || canary.passed.length === 0) return undefined
  const names = canary.passed.map((name) => `"${oneLine(name, 60)}"`).join(', ')
  return { unjudged: 'canary', why: `the judge passes what no judge may pass: ${names}` }
}

function untested(why: string): Verdict {
  return { unjudged: 'provider', why }
}

function stopped({ code, message }: EvalkitError): Verdict {
  return { unjudged: 'provider', why: `models cannot be asked: ${code} ${oneLine(message, 300)}` }
}

function asFailure(error: unknown): EvalkitError {
  if (EvalkitError.is(error)) return error
  const why = error instanceof Error ? oneLine(error.message, 300) : 'something that is no error was thrown'
  return new EvalkitError('EVK_FILE_UNUSABLE', `A verdict could not be kept: ${why}`, { cause: error })
}

interface Tally {
  served(question: Question, verdict: Verdict): Verdict
  spent(verdict: Verdict): void
  canaries(count: number): void
  untested(question: Question): void
  stats(canaries: readonly CanaryLine[]): JudgingStats
}

function newTally(): Tally {
  const unjudged: Partial<Record<Unjudged, number>> = {}
  const warned = new Map<string, string>()
  const judges = new Set<string>()
  let [asked, recorded, live, retried, canaryCount, costUsd, unpriced] = [0, 0, 0, 0, 0, 0, 0]
  let usage: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }
  return {
    served(question, verdict) {
      asked++
      judges.add(canaryKey(question))
      if ('unjudged' in verdict) unjudged[verdict.unjudged] = (unjudged[verdict.unjudged] ?? 0) + 1
      else if (verdict.recorded) recorded++
      else live++
      return verdict
    },
    spent(verdict) {
      costUsd += verdict.costUsd ?? 0
      if (verdict.usage !== undefined) usage = sumOf(usage, verdict.usage)
      if ('unjudged' in verdict) return
      if (verdict.costUsd === undefined) unpriced++
      if (verdict.tries > 1) retried++
    },
    canaries(count) {
      canaryCount += count
    },
    untested(question) {
      const name = oneLine(question.judge, 100)
      warned.set(
        canaryKey(question),
        `Judge "${name}" has recorded verdicts and no canaries: nobody knows whether it withstands what must not pass.`,
      )
    },
    stats: (canaries) => ({
      asked,
      recorded,
      live,
      unjudged: { ...unjudged },
      retried,
      canaries: canaryCount,
      costUsd,
      unpriced,
      usage,
      disabled: canaries
        .filter((line) => line.passed.length > 0 && judges.has(canaryKey(line)))
        .map(({ judge, passed }) => ({ judge, passed })),
      warnings: [...warned.values()],
    }),
  }
}

/** Runs at most so many bodies at the same time, in the order they come. */
function limited(most: number): <T>(body: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (body) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await body()
    } finally {
      const next = waiting.shift()
      // The place goes to who waits.
      if (next === undefined) running--
      else next()
    }
  }
}
