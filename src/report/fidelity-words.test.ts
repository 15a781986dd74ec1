import { describe, expect, it } from 'vitest'
import type { Report } from '../schema/report.ts'
import type { Mode, Trial } from '../schema/run.ts'
import { buildReport } from './build.ts'
import {
  comparedOn,
  fidelityLine,
  missLine,
  offTapeCases,
  offTapeFrom,
  offTapeLine,
} from './fidelity-words.ts'
import { sampleRun, samples, sampleTrial } from './report.sample.ts'

const recorded: Mode = { llm: 'recorded', tools: 'recorded' }
const live: Mode = { llm: 'live', tools: 'recorded' }

describe('fidelityLine', () => {
  it.each<[string, Mode, Trial['fidelity']['counts'], string]>([
    ['a replay', recorded, { exact: 4, normalized: 1 }, 'fidelity 100 %: 4 exact, 1 normalized'],
    ['nothing asked', recorded, {}, 'fidelity 100 %: no reply had to be served'],
    [
      'a reply that a rule let through live',
      recorded,
      { exact: 1, live: 2 },
      'fidelity 100 %: 2 live, 1 exact',
    ],
    ['a live model', live, { exact: 2, live: 3 }, 'fidelity 100 %: 2 exact · not from the recording: 3 live'],
    [
      'a cached model',
      { llm: 'cached', tools: 'recorded' },
      { exact: 2, live: 3, cached: 1 },
      'fidelity 100 %: 2 exact · not from the recording: 3 live, 1 cached (25.0 % cache hits)',
    ],
    ['nothing recorded', { llm: 'live', tools: 'live' }, { live: 3 }, 'not from the recording: 3 live'],
    [
      'an imported run',
      { llm: 'imported', tools: 'imported' },
      {},
      'fidelity 100 %: no reply had to be served',
    ],
  ])('%s', (_what, mode, counts, line) => {
    expect(
      fidelityLine(reportOf([sampleTrial('a', 0, true, { fidelity: { share: 1, steps: 5, counts } })], mode)),
    ).toBe(line)
  })
})

describe('where a run left its recordings', () => {
  const left = (id: string, trial: number, step: number): Trial =>
    sampleTrial(id, trial, true, {
      fidelity: { share: 0.5, steps: 9, firstOffTape: step, counts: { exact: 1, simulated: 1 } },
      divergences: [{ step, kind: 'miss', what: `asked otherwise at ${step}`, differences: [] }],
    })

  it('is said of one trial, and of several at the earliest and the median', () => {
    const one = reportOf([left('a', 0, 4), sampleTrial('a', 1, true)])
    expect(offTapeLine(one)).toBe('1 of 2 trials off tape: from step 4 of 9 (a, trial 0)')
    const some = reportOf([left('a', 0, 7), left('b', 0, 4), left('c', 0, 5)])
    expect(offTapeLine(some)).toBe(
      '3 of 3 trials off tape: from step 4 of 9 at the earliest (b, trial 0), step 5 at the median',
    )
    expect(offTapeLine(reportOf([sampleTrial('a', 0, true)]))).toBe('')
  })

  it('is said of each case, lowest fidelity first, with what was different', () => {
    const report = reportOf([
      left('b', 0, 7),
      left('b', 1, 4),
      sampleTrial('c', 0, true),
      sampleTrial('a', 0, true),
      left('a', 1, 3),
    ])
    expect(offTapeCases(report)).toEqual([
      {
        case: 'b',
        what: 'fidelity 50.0 %',
        why: 'off tape from step 4 of 9 in 2 of 2 trials: asked otherwise at 4',
      },
      {
        case: 'a',
        what: 'fidelity 75.0 %',
        why: 'off tape from step 3 of 9 in 1 of 2 trials: asked otherwise at 3',
      },
    ])
  })

  it('names cases that a side left without ever going off tape', () => {
    const found = offTapeCases(drifted())
    expect(found.map(({ case: id, what, why }) => `${id}: ${what}, ${why}`)).toEqual([
      'rebook: fidelity 50.0 %, off tape from step 4 of 8 in 2 of 2 trials, not compared: tool search_flights was asked for another day than in the recording',
      'pet: fidelity 75.0 %, not compared',
    ])
  })

  it('counts a step that never ended', () => {
    expect(offTapeFrom({ fidelity: { share: 0, steps: 2, firstOffTape: 3, counts: { miss: 1 } } })).toBe(
      'off tape from step 3 of 3',
    )
  })
})

describe('comparedOn', () => {
  it('says how many of the common cases are left, and nothing where that is all', () => {
    expect(comparedOn(drifted())).toBe('compared on 10 of 12 common cases')
    expect(comparedOn(sample('green'))).toBe('')
    expect(comparedOn(sample('first'))).toBe('')
  })
})

describe('missLine', () => {
  it('is there where a command is', () => {
    expect(missLine(sample('aborted'))).toMatch(/^2 trials asked for what the recording does not hold/)
    expect(missLine(sample('green'))).toBe('')
  })
})

function reportOf(trials: readonly Trial[], mode: Mode = recorded): Report {
  return buildReport({ run: sampleRun({ mode }), trials, metric: 'success' })
}

function drifted(): Report {
  return sample('drifted')
}

function sample(name: string): Report {
  const found = samples()[name]
  if (found === undefined) throw new Error(`no sample ${name}`)
  return found.report
}
