import { shellWord } from '../lib/shell-word.ts'
import type { Calibration, CalibrationsFile } from '../schema/calibration.ts'
import type { Check } from '../score/check.ts'
import { changesSince, instrumentsOf } from '../score/judge/instruments.ts'
import type { JudgeFacts } from '../score/judge/judge.ts'
import { calibrationFor, earlierCalibration } from './calibrations-file.ts'

/** Which judges of an eval may decide, and which are shown only. Checks that no model answers are in neither. */
export interface JudgeStandings {
  readonly gating: readonly { readonly judge: string; readonly calibration: Calibration }[]
  readonly advisory: readonly { readonly judge: string; readonly why: string }[]
}

/**
 * A judge decides only where the eval lets it, and a calibration of this very instrument and criterion says that it can.
 * Otherwise it is advisory, whatever the eval says, with the reason. Pure.
 */
export function standingsOf(
  evalName: string,
  checks: readonly Pick<Check, 'name' | 'gating' | 'judge'>[],
  file: CalibrationsFile,
): JudgeStandings {
  const gating: { judge: string; calibration: Calibration }[] = []
  const advisory: { judge: string; why: string }[] = []
  for (const { name, gating: wanted, judge } of checks) {
    if (judge === undefined) continue
    const calibration = calibrationFor(file, judge)
    if (wanted && calibration?.standing === 'can gate') gating.push({ judge: name, calibration })
    else advisory.push({ judge: name, why: whyAdvisory(wanted, calibration, judge, evalName, name, file) })
  }
  return { gating, advisory }
}

function whyAdvisory(
  wanted: boolean,
  calibration: Calibration | undefined,
  facts: JudgeFacts,
  evalName: string,
  name: string,
  file: CalibrationsFile,
): string {
  if (!wanted) return 'the eval says that it does not gate'
  if (calibration === undefined) return uncalibrated(facts, evalName, name, file)
  const [first = ''] = calibration.why
  const told = first === '' ? '' : `: ${first.replace(/\.$/, '')}`
  return calibration.standing === 'refuse'
    ? `its calibration refuses it${told}`
    : `its calibration does not let it gate${told}`
}

/** Why there is no calibration of a judge as it is: there never was one, or it is another judge now. */
export function uncalibrated(
  facts: JudgeFacts,
  evalName: string,
  name: string,
  file: CalibrationsFile,
): string {
  const again = `evalkit judge calibrate ${shellWord(name)}`
  const earlier = earlierCalibration(file, { eval: evalName, judge: name })
  if (earlier === undefined) return `it was never calibrated: ${again}`
  const changes = changesSince(earlier, { ...facts, instruments: instrumentsOf(facts) })
  return `it is another judge than the calibrated one: ${changes.join('; ')}: ${again}`
}
