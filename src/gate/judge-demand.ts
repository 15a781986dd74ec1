import type { Finding } from './finding.ts'
import { named } from './words.ts'

/** A judge that could gate, and that the policy wants more of. */
export interface RefusedJudge {
  readonly judge: string
  /** Each thing that is missing, in sentences. */
  readonly why: readonly string[]
}

/** Judges that are only shown because the policy demands more than they have shown: said whatever the verdict is. */
export function judgesBelowDemand(refused: readonly RefusedJudge[]): Finding[] {
  return refused.map(({ judge, why }) => {
    const what = `The judge "${judge.slice(0, 100)}" is shown only, because the policy demands more: ${named(why)}`
    const hint = 'Label more outcomes, mend the judge, or calibrate it again: evalkit judge calibrate.'
    return { weight: 'note', code: 'judge-below-demand', what, hint, headline: what }
  })
}
