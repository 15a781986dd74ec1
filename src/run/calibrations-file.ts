import { existsSync, readFileSync } from 'node:fs'
import { fileError } from '../dataset/file-error.ts'
import { writeWhole } from '../dataset/write-whole.ts'
import { byCodeUnit } from '../lib/json.ts'
import { prettyJson } from '../lib/pretty-json.ts'
import { shellWord } from '../lib/shell-word.ts'
import { inertJson } from '../lib/text.ts'
import { type Calibration, type CalibrationsFile, calibrationsFile } from '../schema/calibration.ts'
import { EvalkitError } from '../schema/errors.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'

/** A judge as it is now: the instrument, and what it is asked. */
export type Instrument = Pick<Calibration, 'fingerprint' | 'criterion'>

/** Bytes. Thousands of calibrations are less. */
const largest = 16 * 1024 * 1024

/**
 * `evals/calibrations.json`; empty where there is no file. Throws the readers' codes and `EVK_SCHEMA`, also where rates and J are
 * not those of the counts beside them: the gate rests on them.
 */
export function readCalibrations(path: string, shownAs: string): CalibrationsFile {
  const at = { file: shownAs }
  if (!existsSync(path)) return { v: 1, calibrations: [] }
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw fileError(error, shownAs)
  }
  if (bytes.length > largest)
    throw new EvalkitError('EVK_FILE_TOO_LARGE', 'The file has more than 16 MiB.', { at })
  const file = recordFrom(calibrationsFile, jsonFrom(textFrom(bytes, at), at), at, 'file of calibrations')
  for (const [index, one] of file.calibrations.entries()) {
    if (isConsistent(one)) continue
    throw new EvalkitError('EVK_SCHEMA', 'The rates are not those of the counts beside them.', {
      at: { ...at, path: `calibrations[${index}]` },
      hint: `Restore the file, or calibrate again: evalkit judge calibrate ${shellWord(one.judge)} --accept`,
    })
  }
  return file
}

/** Puts a calibration into a file of them, in place of an earlier one of the same instrument and criterion. Pure. */
export function withCalibration(file: CalibrationsFile, given: Calibration): CalibrationsFile {
  const others = file.calibrations.filter(
    (one) =>
      one.eval !== given.eval ||
      one.judge !== given.judge ||
      one.fingerprint !== given.fingerprint ||
      one.criterion !== given.criterion,
  )
  return { v: 1, calibrations: [...others, given] }
}

/** Throws `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`; the file is then what it was. */
export function writeCalibrations(path: string, file: CalibrationsFile): void {
  writeWhole(path, calibrationsText(file))
}

/** The text of the file: sorted by eval, judge and time. The same calibrations give the same bytes, in whatever order they came. */
export function calibrationsText({ calibrations }: CalibrationsFile): string {
  const sorted = calibrations
    .map((one) => ({ one, text: prettyJson(one) }))
    .sort((a, b) => inOrder(a.one, b.one) || byCodeUnit(a.text, b.text))
    .map(({ one }) => one)
  return inertJson(`${prettyJson({ v: 1, calibrations: sorted })}\n`)
}

/** How a judge was found to do, where somebody accepted that of this very instrument and criterion: the newest. */
export function calibrationFor(
  { calibrations }: CalibrationsFile,
  { fingerprint, criterion }: Instrument,
): Calibration | undefined {
  return calibrations
    .filter((one) => one.fingerprint === fingerprint && one.criterion === criterion)
    .toSorted((a, b) => byCodeUnit(a.at, b.at))
    .at(-1)
}

/** Of a judge that was another one before: the newest calibration of that. */
export function earlierCalibration(
  { calibrations }: CalibrationsFile,
  { eval: of, judge }: Pick<Calibration, 'eval' | 'judge'>,
): Calibration | undefined {
  return calibrations
    .filter((one) => one.eval === of && one.judge === judge)
    .toSorted((a, b) => byCodeUnit(a.at, b.at))
    .at(-1)
}

function inOrder(a: Calibration, b: Calibration): number {
  return byCodeUnit(a.eval, b.eval) || byCodeUnit(a.judge, b.judge) || byCodeUnit(a.at, b.at)
}

function isConsistent({ tpr, tnr, j }: Calibration): boolean {
  const rateIs = ({ passed, of, rate, low, high }: Calibration['tpr']): boolean =>
    passed <= of && near(rate, shareOf(passed, of)) && low <= rate + slack && rate <= high + slack
  return rateIs(tpr) && rateIs(tnr) && near(j, shareOf(tpr.passed, tpr.of) + shareOf(tnr.passed, tnr.of) - 1)
}

function shareOf(passed: number, of: number): number {
  return of === 0 ? 0 : passed / of
}

const slack = 1e-6

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= slack
}
