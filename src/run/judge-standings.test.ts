import { describe, expect, it } from 'vitest'
import type { Calibration, CalibrationsFile } from '../schema/calibration.ts'
import type { Check } from '../score/check.ts'
import { type JudgeDemand, judgeDemand } from '../schema/verdict.ts'
import { instrumentsOf } from '../score/judge/instruments.ts'
import { gatingNeeds } from '../score/judge/standing.ts'
import { belowDemand, standingsOf } from './judge-standings.ts'
import { calibrationOf } from './testing/calibrations.ts'
import { scriptedJudge } from './testing/scripted-judge.ts'

const calibrated = (
  over: Partial<Pick<Calibration, 'standing' | 'why'>> = {},
  of = scriptedJudge(),
): CalibrationsFile => {
  const { fingerprint, criterion } = of.judge
  return {
    v: 1,
    calibrations: [
      calibrationOf({ fingerprint, criterion, instruments: [...instrumentsOf(of.judge)], ...over }),
    ],
  }
}
const whyOf = (check: Check, file: CalibrationsFile): string | undefined =>
  standingsOf('support', [check], file).advisory[0]?.why

describe('standings of judges', () => {
  it('lets gate what is calibrated as it is, and leaves checks out', () => {
    const file = calibrated()
    const check: Check = { name: 'equals', gating: true, identity: 'equals', answer: () => ({ value: 1 }) }
    expect(standingsOf('support', [check, scriptedJudge()], file)).toEqual({
      gating: [{ judge: 'accuracy', calibration: file.calibrations[0] }],
      advisory: [],
      refused: [],
    })
  })

  it.each<[string, Check, CalibrationsFile, string]>([
    [
      'nobody calibrated',
      scriptedJudge(),
      { v: 1, calibrations: [] },
      'it was never calibrated: evalkit judge calibrate accuracy',
    ],
    [
      'the eval does not let gate',
      scriptedJudge({ gating: false }),
      calibrated(),
      'the eval says that it does not gate',
    ],
    [
      'is not good enough',
      scriptedJudge(),
      calibrated({ standing: 'advisory', why: ['20 labels are too few.'] }),
      'its calibration does not let it gate: 20 labels are too few',
    ],
    [
      'sees nothing',
      scriptedJudge(),
      calibrated({ standing: 'refuse', why: ['TPR + TNR is at most 1.'] }),
      'its calibration refuses it: TPR + TNR is at most 1',
    ],
    [
      'has another model',
      scriptedJudge({ model: 'gpt-5-2026-01-01' }),
      calibrated(),
      'it is another judge than the calibrated one: the model was gpt-4o-2024-11-20, and is gpt-5-2026-01-01: evalkit judge calibrate accuracy',
    ],
    ['has another prompt', scriptedJudge({ prompt: 'Be strict.' }), calibrated(), 'the prompt changed'],
    [
      'has other parameters',
      scriptedJudge({ parameters: { temperature: 1 } }),
      calibrated(),
      'the parameters were {}, and are {"temperature":1}',
    ],
    [
      'is asked something else',
      scriptedJudge({ criterion: 'It is kind.' }),
      calibrated(),
      'the criterion changed',
    ],
  ])('is advisory where a judge %s', (_, check, file, why) => {
    expect(whyOf(check, file)).toContain(why)
  })

  it('says that something else changed where all that can be named is the same', () => {
    const [one] = calibrated().calibrations
    if (one === undefined) throw new Error('no calibration')
    const file: CalibrationsFile = { v: 1, calibrations: [{ ...one, fingerprint: '0'.repeat(16) }] }
    expect(whyOf(scriptedJudge(), file)).toContain('how it is asked, or how its answers are read, changed')
  })

  it('lets nothing gate that the policy demands more of, and says each thing that is missing', () => {
    const file = calibrated()
    const [one] = file.calibrations
    if (one === undefined) throw new Error('no calibration')
    const asked = (demand: JudgeDemand, today = one.at.slice(0, 10)) =>
      standingsOf('support', [scriptedJudge()], file, { demand, today })
    const { labels, tpr, tnr, j } = one
    const met: JudgeDemand = {
      minLabels: labels.pass + labels.fail,
      minFails: labels.fail,
      minTpr: tpr.low,
      minTnr: tnr.low,
      minJ: j,
      maxAgeDays: 30,
    }
    expect(asked(met)).toMatchObject({ gating: [{ judge: 'accuracy' }], advisory: [], refused: [] })
    for (const [demand, says] of [
      [{ minLabels: labels.pass + labels.fail + 1 }, 'It was measured on'],
      [{ minFails: labels.fail + 1 }, 'People failed'],
      [{ minTpr: tpr.low + 0.001 }, 'Its true pass rate may be as low as'],
      [{ minTnr: tnr.low + 0.001 }, 'Its true fail rate may be as low as'],
      [{ minJ: Math.min(1, j + 0.001) }, 'Its J is'],
    ] as const) {
      const { gating, refused, advisory } = asked(demand)
      expect(gating).toEqual([])
      expect(refused).toMatchObject([{ judge: 'accuracy', why: [expect.stringContaining(says)] }])
      expect(advisory[0]?.why).toContain('the policy demands more of it: ')
    }
    const later = new Date(Date.parse(one.at) + 31 * 86_400_000).toISOString().slice(0, 10)
    expect(asked(met, later).refused[0]?.why).toEqual(['It was calibrated 31 days before, not 30.'])
    expect(belowDemand({ ...one, at: 'once' }, { demand: met, today: later })).toEqual([
      'When it was calibrated cannot be read.',
    ])
  })

  it('never demand less than the bar of every judge', () => {
    const { labels, fails, tpr, tnr, j } = gatingNeeds
    const bar = { minLabels: labels, minFails: fails, minTpr: tpr, minTnr: tnr, minJ: j }
    expect(judgeDemand.parse(bar)).toEqual(bar)
    for (const [name, value] of Object.entries(bar))
      expect({ [name]: judgeDemand.safeParse({ [name]: value - (value > 1 ? 1 : 0.01) }).success }).toEqual({
        [name]: false,
      })
  })
})
