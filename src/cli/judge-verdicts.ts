import { budgetOf } from '../replay/live/budget.ts'
import { openJudgementsFile } from '../run/judgements-file.ts'
import { openJudging, type RunJudging } from '../run/judging.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { JudgementLine } from '../schema/judgement.ts'
import type { Json } from '../schema/json.ts'
import type { Judging } from '../score/judge/judge.ts'
import { type Io, inCi } from './io.ts'
import { judgingOn, openLive } from './judging.ts'
import { spendFrom } from './modes.ts'
import type { Project } from './project.ts'

/** How judges are asked, as the command line says it. */
export interface JudgeFlags {
  readonly judges?: string
  readonly spend?: string
}

/** Verdicts on labelled outcomes: recorded ones, and live ones where they are asked for. */
export interface Verdicts {
  readonly lines: readonly JudgementLine[]
  readonly judging: RunJudging
  /** What is recorded, alone. */
  readonly recorded: Judging
  /** Puts what was added in its place in the file. Throws what kept models from being asked. */
  close(): Promise<void>
}

/** Reads the flags. Throws `EVK_USAGE` for a mode there is not, an amount that is none, and live judges in CI without a cap. */
export function judgesAsked(
  io: Io,
  flags: JudgeFlags,
  cap: number | undefined,
): { live: boolean; spendUsd: number | undefined } {
  const { judges = 'recorded', spend } = flags
  if (judges !== 'recorded' && judges !== 'live') {
    throw new EvalkitError('EVK_USAGE', `--judges is recorded or live, not "${judges.slice(0, 40)}".`)
  }
  const live = judges === 'live'
  const spendUsd = spendFrom(spend) ?? cap
  if (spend !== undefined && !live) throw new EvalkitError('EVK_USAGE', '--spend goes with --judges live.')
  if (live && spendUsd === undefined && inCi(io)) {
    throw new EvalkitError('EVK_USAGE', 'Live judges are not asked in CI without a spend cap.', {
      hint: 'Set policy.spend in evalkit.config.ts, or add --spend <usd>.',
    })
  }
  return { live, spendUsd }
}

/** The verdicts of an eval's judges: of `evals/<eval>.judgements.jsonl`, and of `more` lines that stand elsewhere. */
export async function openVerdicts(
  io: Io,
  project: Project,
  evalName: string,
  {
    live,
    spendUsd,
    command,
    answers = new Map(),
    more = [],
  }: {
    readonly live: boolean
    readonly spendUsd: number | undefined
    /** What asks for verdicts that are missing. */
    readonly command: string
    /** Answers that are at hand, by case: what another case's answer is taken from, to see that a judge does not pass it. */
    readonly answers?: ReadonlyMap<string, Json>
    readonly more?: readonly JudgementLine[]
  },
): Promise<Verdicts> {
  const shownAs = `${project.config.evals}/${evalName}.judgements.jsonl`
  const file = await openJudgementsFile(project.path(shownAs), shownAs)
  const lines = [...file.lines, ...more]
  const budget = spendUsd === undefined ? undefined : budgetOf(spendUsd)
  const models = live ? await openLive(io, project.config.prices, budget) : undefined
  const judging = judgingOn(io, project.config, { file, recorded: lines, command, answers, live: models })
  const recorded = openJudging({ recorded: lines, command })
  return {
    lines,
    judging,
    recorded,
    async close() {
      await file.close()
      const failure = judging.failure()
      if (failure !== undefined) throw failure
      const asked = judging.stats().live
      if (asked > 0) io.err(`${asked} verdicts were asked for, and are kept in ${shownAs}\n`)
    },
  }
}
