import type { Confusion } from './agreement.ts'
import { youdenJ } from './attenuation.ts'
import { normalQuantile } from './normal.ts'
import type { Bounds } from './proportion.ts'

/** A pass rate that a judge measured, corrected by what is known of its errors. */
export interface CorrectedLevel {
  /** The share the judge passed. */
  readonly apparent: number
  readonly truePassRate: number
  readonly trueFailRate: number
  readonly j: number
  /** The corrected share. Chance can take it below 0 or above 1. */
  readonly level: number
  /** The same, within [0,1]. */
  readonly clipped: number
  readonly standardError: number
  /** By the delta method, not clipped. Too short where labels are few. */
  readonly delta: Bounds
  /** Lang and Reiczigel's, within [0,1]: the one to show. */
  readonly interval: Bounds
}

/**
 * Rogan and Gladen's estimator (1978, American Journal of Epidemiology 107:71): π = (p + TNR − 1) / (TPR + TNR − 1),
 * with the interval of Lang & Reiczigel (2014, Preventive Veterinary Medicine 113:13), which covers what it promises
 * with few labels; formula as in R's `asht::prevSeSp`. `judged` is what the judge passed of what nobody labelled,
 * `labelled` how it does on labels. `undefined` where it is no better than chance on these, or where all labels are of
 * one kind: nothing can be corrected then.
 */
export function roganGladen(
  judged: { readonly passed: number; readonly of: number },
  labelled: Confusion,
  confidence = 0.95,
): CorrectedLevel | undefined {
  const passes = labelled.tp + labelled.fn
  const fails = labelled.tn + labelled.fp
  if (!(judged.of > 0)) return undefined
  const truePassRate = labelled.tp / passes
  const trueFailRate = labelled.tn / fails
  const apparent = judged.passed / judged.of
  const j = youdenJ(truePassRate, trueFailRate)
  // Not a number where all labels are of one kind.
  if (!(j > 0)) return undefined
  const level = (apparent + trueFailRate - 1) / j
  const standardError =
    Math.sqrt(
      (apparent * (1 - apparent)) / judged.of +
        (level ** 2 * truePassRate * (1 - truePassRate)) / passes +
        ((1 - level) ** 2 * trueFailRate * (1 - trueFailRate)) / fails,
    ) / j
  const z = normalQuantile(0.5 + confidence / 2)
  return {
    apparent,
    truePassRate,
    trueFailRate,
    j,
    level,
    clipped: clip(level),
    standardError,
    delta: { low: level - z * standardError, high: level + z * standardError },
    interval: langReiczigel(judged, labelled, z),
  }
}

/**
 * Agresti and Coull's pseudo-counts for the apparent rate, one of each kind for the judge's, and a shift of the centre. The centre is
 * kept within [0,1]; the authors' script (CI4TruePrevalence) leaves it, and is then certain: 198 of 200 at TPR 45/50 and
 * TNR 18/20 would be [1,1].
 */
function langReiczigel(
  judged: { readonly passed: number; readonly of: number },
  { tp, fn, fp, tn }: Confusion,
  z: number,
): Bounds {
  const of = judged.of + z * z
  const passes = tp + fn + 2
  const fails = tn + fp + 2
  const apparent = (judged.passed + (z * z) / 2) / of
  const truePassRate = (tp + 1) / passes
  const trueFailRate = (tn + 1) / fails
  const j = youdenJ(truePassRate, trueFailRate)
  // With one more of each kind a weak judge may be no better than chance: then it tells nothing.
  if (!(j > 0)) return { low: 0, high: 1 }
  const level = clip((apparent + trueFailRate - 1) / j)
  const ofPasses = (truePassRate * (1 - truePassRate)) / passes
  const ofFails = (trueFailRate * (1 - trueFailRate)) / fails
  const shift = 2 * z * z * (level * ofPasses - (1 - level) * ofFails)
  const half =
    (z * Math.sqrt((apparent * (1 - apparent)) / of + level ** 2 * ofPasses + (1 - level) ** 2 * ofFails)) / j
  return { low: clip(level + shift - half), high: clip(level + shift + half) }
}

function clip(share: number): number {
  return Math.min(1, Math.max(0, share))
}
