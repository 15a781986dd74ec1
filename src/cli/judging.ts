import { setTimeout } from 'node:timers/promises'
import { defined } from '../lib/defined.ts'
import { oneLine } from '../lib/text.ts'
import type { Budget } from '../replay/live/budget.ts'
import { calibrationFor, readCalibrations } from '../run/calibrations-file.ts'
import type { Eval } from '../run/define-eval.ts'
import { type JudgementsFile, openJudgementsFile } from '../run/judgements-file.ts'
import { belowDemand, type JudgeStandings, standingsOf } from '../run/judge-standings.ts'
import { openJudging, type RunJudging } from '../run/judging.ts'
import type { Calibration, JudgeStanding } from '../schema/calibration.ts'
import type { Json } from '../schema/json.ts'
import type { JudgementLine } from '../schema/judgement.ts'
import { successMetric } from '../schema/metric.ts'
import type { Run, Trial } from '../schema/run.ts'
import type { Policy } from '../schema/verdict.ts'
import type { Check } from '../score/check.ts'
import type { LiveJudges } from '../score/judge/live.ts'
import { judgeDoubts, refuseAliases } from '../score/judge/judge-warnings.ts'
import type { FixtureFacts } from '../run/plan.ts'
import type { Io } from './io.ts'
import { chance, type JudgesMode } from './modes.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'

/** An eval whose judges decide only where somebody measured that they can. */
export interface JudgedEval {
  /** The eval, with judges that may not gate shown only. */
  readonly of: Eval
  /** How its judges stand, by the name of their score. */
  readonly standings: ReadonlyMap<string, JudgeStanding>
  /** Of the judges that decide the metric. */
  readonly deciding: readonly Calibration[]
  /** Judges that could decide, and of which the policy demands more. */
  readonly refused: JudgeStandings['refused']
}

/**
 * What an eval's judges may do, by `evals/calibrations.json`; what is doubtful of them is said on stderr. Throws
 * `EVK_JUDGE_ALIAS` where the policy refuses a name that stands for another model tomorrow.
 */
export function judgedEval(
  io: Io,
  { config, path }: Project,
  of: Eval,
  policy: Policy,
  agentModels: readonly string[],
): JudgedEval {
  if (of.checks.every(({ judge }) => judge === undefined))
    return { of, standings: new Map(), deciding: [], refused: [] }
  const doubts = judgeDoubts(of.checks, agentModels)
  if (policy.judgeAliases === 'refuse') refuseAliases(doubts)
  for (const doubt of [...doubts.aliases, ...doubts.families]) io.err(`${doubt}\n`)
  const file = `${config.evals}/calibrations.json`
  const calibrations = readCalibrations(path(file), file)
  const today = new Date(io.now()).toISOString().slice(0, 10)
  const { gating, advisory, refused } = standingsOf(of.name, of.checks, calibrations, {
    demand: policy.judges,
    today,
  })
  const reasons = new Map(advisory.map(({ judge, why }) => [judge, why]))
  const checks = of.checks.map((check) => {
    const why = reasons.get(check.name)
    if (why === undefined || !check.gating) return check
    io.err(`Judge "${oneLine(check.name, 100)}" is shown only: ${oneLine(why, 500)}\n`)
    return shownOnly(check)
  })
  const standings = new Map(
    of.checks.flatMap(({ name, judge }): readonly (readonly [string, JudgeStanding])[] => {
      const found = judge && calibrationFor(calibrations, judge)
      return found === undefined ? [] : [[name, found.standing]]
    }),
  )
  const deciding = gating.filter(({ judge }) => policy.metric === successMetric || policy.metric === judge)
  return {
    of: { ...of, checks },
    standings,
    deciding: deciding.map(({ calibration }) => calibration),
    refused,
  }
}

/** What the judges of a run that is over may do: by what its scores say of them, and what is calibrated now. */
export function judgesOfRun(
  { config, path }: Pick<Project, 'config' | 'path'>,
  { startedAt }: Pick<Run, 'startedAt'>,
  trials: readonly Trial[],
  { metric, judges: demand }: Pick<Policy, 'metric' | 'judges'>,
): Pick<JudgedEval, 'deciding' | 'refused'> & { readonly advisory: ReadonlySet<string> } {
  const scores = trials.flatMap((trial) => trial.scores.filter(({ source }) => source === 'judge'))
  if (scores.length === 0) return { deciding: [], advisory: new Set(), refused: [] }
  const file = `${config.evals}/calibrations.json`
  const calibrations = readCalibrations(path(file), file)
  const deciding: Calibration[] = []
  const advisory = new Set<string>()
  const refused: { judge: string; why: readonly string[] }[] = []
  for (const [name, own] of Map.groupBy(scores, (one) => one.name)) {
    const told = own.flatMap(({ judged }) => (judged === undefined ? [] : [judged]))
    const [first] = told
    // Scores of two instruments under one name are those of none.
    const isOne = told.every(
      (one) => one.fingerprint === first?.fingerprint && one.criterion === first.criterion,
    )
    const found = first === undefined || !isOne ? undefined : calibrationFor(calibrations, first)
    const short =
      found?.standing === 'can gate' ? belowDemand(found, { demand, today: startedAt.slice(0, 10) }) : []
    if (short.length > 0) {
      refused.push({ judge: name, why: short })
      // It had a say in every success of this run, and nobody can take it out again.
      if (own.some(({ gating }) => gating)) advisory.add(successMetric)
    }
    if (found?.standing !== 'can gate' || short.length > 0) advisory.add(name)
    else if (metric === name || (metric === successMetric && own.some(({ gating }) => gating)))
      deciding.push(found)
  }
  return { deciding, advisory, refused }
}

/** The same question, that does not decide: as if the eval had said so. */
function shownOnly(check: Check): Check {
  return { ...check, gating: false, identity: { ...(check.identity as object), gating: false } }
}

/** What answers the judges of an eval, until it is closed. */
export interface OpenJudging {
  readonly judging: RunJudging
  /** Puts the file of verdicts in order, and says what was asked. */
  close(): Promise<void>
}

/** What opening judges needs to know. */
export interface JudgingSettings {
  readonly of: Pick<Eval, 'name' | 'checks'>
  readonly mode: JudgesMode
  readonly budget: Budget | undefined
  /** The command that records what is missing. */
  readonly command: string
  /** Recorded answers by case: what another case's answer is taken from, to see that a judge does not pass it. */
  readonly answers: ReadonlyMap<string, Json>
}

/** Verdicts that are recorded, and models that may be asked for others, which go to the file, redacted, as they come. */
export function judgingOn(
  io: Io,
  config: Project['config'],
  {
    file,
    recorded,
    command,
    answers,
    live,
  }: Pick<JudgingSettings, 'command' | 'answers'> & {
    readonly file: Pick<JudgementsFile, 'add'>
    readonly recorded: readonly JudgementLine[]
    readonly live: LiveJudges | undefined
  },
): RunJudging {
  return openJudging({
    recorded,
    command,
    onLine: (line) => file.add(line),
    otherAnswer: (id) => [...answers].find(([other]) => other !== id)?.[1],
    // A judge quotes what it reads, and what it says is committed.
    redact: redactorOf(io, config).json,
    ...defined({ ask: live && ((question) => live.ask(question)) }),
  })
}

/**
 * Recorded verdicts, and models where they may be asked; `undefined` where the eval has no judge. Throws what reading the
 * file throws.
 */
export async function openJudges(
  io: Io,
  { config, path }: Project,
  { of, mode, budget, command, answers }: JudgingSettings,
): Promise<OpenJudging | undefined> {
  if (of.checks.every(({ judge }) => judge === undefined)) return undefined
  const name = `${config.evals}/${of.name}.judgements.jsonl`
  const file = await openJudgementsFile(path(name), name)
  if (file.isTorn) io.err(`${name}: its last line was cut short, and is left out\n`)
  const live = mode === 'live' ? await openLive(io, config.prices, budget) : undefined
  const judging = judgingOn(io, config, { file, recorded: file.lines, command, answers, live })
  return {
    judging,
    async close() {
      await file.close()
      const { live: asked, recorded, disabled, warnings } = judging.stats()
      for (const warning of warnings) io.err(`${oneLine(warning, 500)}\n`)
      for (const { judge, passed } of disabled) {
        io.err(
          `Judge "${oneLine(judge, 100)}" is disabled: it passes ${passed.map((one) => oneLine(one, 60)).join(', ')}\n`,
        )
      }
      if (asked > 0)
        io.err(
          `${of.name}: ${asked} verdicts were asked for and are kept in ${name}; ${recorded} were there\n`,
        )
    },
  }
}

/** Models that may be asked: their clients, prices and patience. */
export async function openLive(io: Io, prices: Project['config']['prices'], budget: Budget | undefined) {
  const [{ liveJudges }, { loadPrices }] = await Promise.all([
    import('../score/judge/live.ts'),
    import('../lib/price.ts'),
  ])
  return liveJudges({
    env: io.env,
    now: io.now,
    secret: () => Array.from({ length: 4 }, () => io.random()).join(''),
    random: () => chance(io),
    sleep: async (ms, signal) => setTimeout(ms, undefined, defined({ signal })),
    priceOf: await loadPrices(prices),
    signal: io.signal,
    ...defined({ cap: budget }),
  })
}

/** Models the agent of an eval is known to ask: by its target, and by what was recorded of it. */
export function agentModelsOf(
  { target }: Eval,
  fixtures: ReadonlyMap<string, FixtureFacts>,
): readonly string[] {
  const recorded = [...fixtures.values()].flatMap(({ models = [] }) => [...models])
  return [...new Set([...(target.versions?.model === undefined ? [] : [target.versions.model]), ...recorded])]
}

/** What came out of recorded runs, by case. */
export function answersIn(fixtures: ReadonlyMap<string, FixtureFacts>): ReadonlyMap<string, Json> {
  return new Map(
    [...fixtures].flatMap(([id, { output }]) => (output === undefined ? [] : [[id, output] as const])),
  )
}
