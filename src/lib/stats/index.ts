/** Statistics without dependencies. Pure; every number is checked against independent implementations. */
export {
  type CohenKappa,
  type Confusion,
  cohenKappa,
  confusion,
  crossTable,
  krippendorffAlpha,
  tableOf,
} from './agreement.ts'
export { apparentDifference, marginOnJudgeScale, youdenJ } from './attenuation.ts'
export { betaQuantile, regularizedBeta } from './beta.ts'
export { binomialCdf, binomialPmf, binomialUpperTail } from './binomial.ts'
export { allResamples, type BootstrapInterval, bcaBootstrap, bcaInterval } from './bootstrap.ts'
export { chiSquareUpperTail } from './chi-square.ts'
export { type ClusteredError, clusteredError, clusteredInterval } from './clustered-error.ts'
export { fisherDrop, type PassCount } from './fisher.ts'
export { logChoose, logGamma, upperGamma } from './gamma.ts'
export { type McNemar, mcnemar } from './mcnemar.ts'
export { correlation, mean, variance } from './moments.ts'
export { mulberry32 } from './mulberry32.ts'
export { benjaminiHochberg, holm } from './multiplicity.ts'
export { type NonInferiority, nonInferiorityT } from './non-inferiority.ts'
export { normalCdf, normalQuantile, z80, z95 } from './normal.ts'
export { type PairedInterval, pairedInterval, type Unit } from './paired-interval.ts'
export { type PairedTrials, pairedTrials, tInterval } from './paired-trials.ts'
export { meanOverCases, passAtK, passHatK } from './pass-k.ts'
export { casesNeeded, minimumDetectableEffect, type PairedVariance, type TestDesign } from './power.ts'
export { type PredictionPoweredMean, ppiMean, ppiPlusPlusMean } from './ppi.ts'
export { agrestiCoull, type Bounds, clopperPearson, wilson, wilsonLower } from './proportion.ts'
export { quantile, quantileOfSorted } from './quantile.ts'
export { type RatioInterval, type RatioUnit, ratioInterval } from './ratio-interval.ts'
export { type CorrectedLevel, roganGladen } from './rogan-gladen.ts'
export { sequentialLevel } from './sequential-level.ts'
export { type SignFlip, signFlip } from './sign-flip.ts'
export { studentTCdf, studentTQuantile, studentTUpperTail } from './student-t.ts'
