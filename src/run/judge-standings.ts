import { shellWord } from '../lib/shell-word.ts'
import type { Calibration, CalibrationsFile } from '../schema/calibration.ts'
import type { JudgeDemand } from '../schema/verdict.ts'
import type { Check } from '../score/check.ts'
import { changesSince, instrumentsOf } from '../score/judge/instruments.ts'
import type { JudgeFacts } from '../score/judge/judge.ts'
import { calibrationFor, earlierCalibration } from './calibrations-file.ts'

/** Which judges of an eval may decide, and which are shown only. Checks that no model answers are in neither. */
export interface JudgeStandings {
  readonly gating: readonly { readonly judge: string; readonly calibration: Calibration }[]
  readonly advisory: readonly { readonly judge: string; readonly why: string }[]
  /** Of those that are advisory: judges that could decide, and of which the policy demands more, with each thing that is missing. */
  readonly refused: readonly { readonly judge: string; readonly why: readonly string[] }[]
}

/** What a team demands beyond the bar of every judge that gates, and the day (UTC) a calibration's age is counted to. */
export interface Demanded {
  readonly demand?: JudgeDemand | undefined
  readonly today: string
}

/**
 * A judge decides only where the eval lets it, and a calibration of this very instrument and criterion says that it can.
 * Otherwise it is advisory, whatever the eval says, with the reason. Pure.
 */
export function standingsOf(
  evalName: string,
  checks: readonly Pick<Check, 'name' | 'gating' | 'judge'>[],
  file: CalibrationsFile,
  demanded?: Demanded,
): JudgeStandings {
  const gating: { judge: string; calibration: Calibration }[] = []
  const advisory: { judge: string; why: string }[] = []
  const refused: { judge: string; why: readonly string[] }[] = []
  for (const { name, gating: wanted, judge } of checks) {
    if (judge === undefined) continue
    const calibration = calibrationFor(file, judge)
    if (wanted && calibration?.standing === 'can gate') {
      const short = demanded === undefined ? [] : belowDemand(calibration, demanded)
      if (short.length === 0) gating.push({ judge: name, calibration })
      else {
        refused.push({ judge: name, why: short })
        advisory.push({
          judge: name,
          why: `the policy demands more of it: ${short.join(' ').replace(/\.$/, '')}`,
        })
      }
    } else advisory.push({ judge: name, why: whyAdvisory(wanted, calibration, judge, evalName, name, file) })
  }
  return { gating, advisory, refused }
}

/**
 * What a calibration that lets its judge gate lacks of what the policy demands; empty where nothing is. Rates are held to it
 * by the lower end of their interval, as the bar of every judge is. A day that cannot be read is too old.
 */
export function belowDemand(
  { labels, tpr, tnr, j, at }: Calibration,
  { demand = {}, today }: Demanded,
): string[] {
  const measured = labels.pass + labels.fail
  const { minLabels = 0, minFails = 0, minTpr = 0, minTnr = 0, minJ = -1, maxAgeDays = Infinity } = demand
  const days = Math.floor((Date.parse(today) - Date.parse(at.slice(0, 10))) / 86_400_000)
  return [
    ...(measured < minLabels ? [`It was measured on ${measured} labels, not ${minLabels}.`] : []),
    ...(labels.fail < minFails ? [`People failed ${labels.fail} of them, not ${minFails}.`] : []),
    ...(tpr.low < minTpr ? [`Its true pass rate may be as low as ${rate(tpr.low)}, not ${minTpr}.`] : []),
    ...(tnr.low < minTnr ? [`Its true fail rate may be as low as ${rate(tnr.low)}, not ${minTnr}.`] : []),
    ...(j < minJ ? [`Its J is ${rate(j)}, not ${minJ}.`] : []),
    ...(days <= maxAgeDays || maxAgeDays === Infinity
      ? []
      : [
          Number.isNaN(days)
            ? 'When it was calibrated cannot be read.'
            : `It was calibrated ${days} days before, not ${maxAgeDays}.`,
        ]),
  ]
}

/** Rounded down: what is below a demand never reads as equal to it. */
function rate(value: number): string {
  return (Math.floor(value * 1000 + 1e-9) / 1000).toString()
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
