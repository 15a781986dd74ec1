import type { Calibration, RateShare } from '../../schema/calibration.ts'
import { wilson } from '../../lib/stats/index.ts'

/** A calibration of which only what matters is said: of 50 passes 48 were seen, of 50 fails 45. */
export function calibrationOf(
  sketch: Partial<Omit<Calibration, 'tpr' | 'tnr' | 'j'>> & {
    readonly tpr?: readonly [number, number]
    readonly tnr?: readonly [number, number]
  } = {},
): Calibration {
  const { tpr = [48, 50], tnr = [45, 50], ...rest } = sketch
  return {
    v: 1,
    eval: 'support',
    judge: 'accuracy',
    fingerprint: 'f'.repeat(16),
    criterion: 'c'.repeat(16),
    model: 'gpt-4o-2024-11-20',
    instruments: [],
    labels: { pass: tpr[1], fail: tnr[1], unscored: 0, hash: '0'.repeat(16) },
    kappa: 0.86,
    alpha: 0.86,
    standing: 'can gate',
    why: ['both rates are high enough'],
    at: '2026-11-28T09:00:00.000Z',
    by: 'Ann',
    ...rest,
    tpr: shareOf(...tpr),
    tnr: shareOf(...tnr),
    j: tpr[0] / tpr[1] + tnr[0] / tnr[1] - 1,
  }
}

function shareOf(passed: number, of: number): RateShare {
  return { passed, of, rate: passed / of, ...wilson(passed, of) }
}
