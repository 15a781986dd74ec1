import { type LoadedEval, loadEvals } from '../config/load.ts'
import { nearestWord } from '../lib/nearest.ts'
import { oneLine } from '../lib/text.ts'
import type { JudgeCheck } from '../run/judge-labels.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Project } from './project.ts'

/** A judge and the eval it stands in. */
export interface FoundJudge {
  readonly loaded: LoadedEval
  readonly check: JudgeCheck
}

/** The judges of an eval, in its order. */
export function judgesOf({ eval: of }: LoadedEval): readonly JudgeCheck[] {
  return of.checks.filter((check): check is JudgeCheck => check.judge !== undefined)
}

/** The judges of all evals, or of one. */
export async function judgesIn(
  { folder, config }: Project,
  evalName: string | undefined,
): Promise<readonly FoundJudge[]> {
  const loaded = await loadEvals(folder, config, evalName === undefined ? [] : [evalName])
  return loaded.flatMap((one) => judgesOf(one).map((check) => ({ loaded: one, check })))
}

/**
 * The judge that is meant: by its score's name, or `<eval>/<name>` where several evals have one of that name. Throws
 * `EVK_JUDGE_NOT_FOUND` with the nearest name, and `EVK_USAGE` where it may be several.
 */
export function judgeNamed(judges: readonly FoundJudge[], asked: string): FoundJudge {
  const found = judges.filter(({ check, loaded }) => check.name === asked || nameOf(loaded, check) === asked)
  const [first, second] = found
  if (first === undefined) {
    const known = judges.map(({ check }) => check.name)
    const near = nearestWord(asked, known)
    const listed = known.length === 0 ? 'no eval has a judge' : `there is ${known.slice(0, 10).join(', ')}`
    throw new EvalkitError('EVK_JUDGE_NOT_FOUND', `There is no judge "${oneLine(asked, 100)}".`, {
      details: [near === undefined ? listed : `did you mean "${near}"?`],
    })
  }
  if (second === undefined) return first
  throw new EvalkitError('EVK_USAGE', `Several evals have a judge "${oneLine(asked, 100)}".`, {
    details: found.map(({ loaded, check }) => nameOf(loaded, check)),
    hint: 'Name the eval: --eval <name>, or <eval>/<judge>.',
  })
}

function nameOf({ eval: of }: LoadedEval, { name }: JudgeCheck): string {
  return `${of.name}/${name}`
}
