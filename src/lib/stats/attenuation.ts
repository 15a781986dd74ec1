/**
 * Youden's J (1950, Cancer 3:32): true pass rate plus true fail rate minus 1. What is left of a difference that is seen
 * through a judge: 1 of a perfect one, 0 of a coin.
 */
export function youdenJ(truePassRate: number, trueFailRate: number): number {
  return truePassRate + trueFailRate - 1
}

/**
 * A true difference of two pass rates as a judge shows it, where it errs alike on both: the apparent rate is
 * π·TPR + (1 − π)(1 − TNR), linear in π with slope J (Rogan & Gladen 1978, American Journal of Epidemiology 107:71).
 */
export function apparentDifference(difference: number, j: number): number {
  return j * difference
}

/**
 * A margin on the judge's scale: a true drop of `margin` shows as a drop of `j * margin`, so a gate that holds the
 * apparent drop against the whole margin lets larger ones pass. Needs 0 < j ≤ 1: a judge no better than chance has no
 * scale.
 */
export function marginOnJudgeScale(margin: number, j: number): number {
  if (!(j > 0 && j <= 1)) throw new RangeError(`a margin is scaled by a J above 0 and at most 1, not ${j}`)
  return j * margin
}
