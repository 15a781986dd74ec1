import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CalibrationsFile } from '../schema/calibration.ts'
import {
  calibrationFor,
  calibrationsText,
  earlierCalibration,
  readCalibrations,
  withCalibration,
  writeCalibrations,
} from './calibrations-file.ts'
import { calibrationOf } from './testing/calibrations.ts'

const empty: CalibrationsFile = { v: 1, calibrations: [] }
let file = ''
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'calibrations-')), 'calibrations.json')
})

describe('calibrations file', () => {
  it('is empty where there is none, and gives back what was written', () => {
    expect(readCalibrations(file, file)).toEqual(empty)
    const given = withCalibration(withCalibration(empty, calibrationOf()), calibrationOf({ judge: 'tone' }))
    writeCalibrations(file, given)
    expect(readCalibrations(file, file)).toEqual(given)
    expect(readFileSync(file, 'utf8').endsWith('}\n')).toBe(true)
  })

  it('holds one of each instrument and criterion, and finds it', () => {
    const later = calibrationOf({ at: '2026-11-29T09:00:00.000Z', standing: 'advisory' })
    const other = calibrationOf({ fingerprint: 'e'.repeat(16), at: '2026-11-30T09:00:00.000Z' })
    const given = [calibrationOf(), later, other].reduce(withCalibration, empty)
    expect(given.calibrations).toEqual([later, other])
    expect(calibrationFor(given, later)).toBe(later)
    expect(calibrationFor(given, { ...later, criterion: 'b'.repeat(16) })).toBeUndefined()
    expect(earlierCalibration(given, { eval: 'support', judge: 'accuracy' })).toBe(other)
  })

  it('is the same bytes in whatever order they came', () => {
    const some = fc.record({
      judge: fc.constantFrom('accuracy', 'tone'),
      eval: fc.constantFrom('support', 'sales'),
      at: fc.constantFrom('2026-11-28', '2026-11-29'),
    })
    fc.assert(
      fc.property(fc.array(some), (sketches) => {
        const calibrations = sketches.map((sketch) => calibrationOf(sketch))
        const turned = calibrationsText({ v: 1, calibrations: calibrations.toReversed() })
        expect(turned).toBe(calibrationsText({ v: 1, calibrations }))
      }),
      { seed: 42 },
    )
  })

  it.each([
    ['rates that are not those of the counts', { tnr: { ...calibrationOf().tnr, rate: 0.99 } }],
    ['a J above what it was', { j: 0.99 }],
    ['a J out of its range', { j: 5 }],
    ['another word for a standing', { standing: 'perfect' }],
    ['a key that does not exist', { gate: true }],
  ])('refuses %s', (_, wrong) => {
    writeFileSync(file, JSON.stringify({ v: 1, calibrations: [{ ...calibrationOf(), ...wrong }] }))
    expect(() => readCalibrations(file, 'evals/calibrations.json')).toThrow(
      expect.objectContaining({
        code: 'EVK_SCHEMA',
        at: expect.objectContaining({ file: 'evals/calibrations.json' }),
      }),
    )
  })
})
