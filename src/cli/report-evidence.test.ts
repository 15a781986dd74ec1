import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeFixture } from '../dataset/fixture-file.ts'
import { buildReport } from '../report/build.ts'
import { sampleRun, sampleTrace, sampleTrial } from '../report/report.sample.ts'
import { EvalkitError } from '../schema/errors.ts'
import { packRecording, recordingOf } from '../schema/recording.ts'
import type { Report } from '../schema/report.ts'
import type { Trial } from '../schema/run.ts'
import type { Project } from './project.ts'
import { gatherEvidence } from './report-evidence.ts'

const folder = mkdtempSync(join(tmpdir(), 'evidence-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hash = '0123456789abcdef'

/** A project whose store has every trace that is asked for: of a desk that refunds too much. */
function project(asked: string[] = []): Project {
  return {
    folder,
    config: { fixtures: 'fixtures', evals: 'evals', tools: 'evals/tools.json' },
    path: (name: string) => join(folder, name),
    store: {
      getTrace: async (id: string) => {
        asked.push(id)
        return sampleTrace(id, false)
      },
    },
  } as unknown as Project
}

function reportOf(trials: readonly Trial[]): Report {
  return buildReport({ run: sampleRun(), trials, metric: 'success' })
}

function record(id: string): void {
  const recording = packRecording({ ...recordingOf(sampleTrace('t_recorded', true)), trial: 0 })
  mkdirSync(join(folder, 'fixtures', 'refunds'), { recursive: true })
  writeFixture(join(folder, 'fixtures'), { v: 1, dataset: 'refunds', case: id, recordings: [recording] })
}

function verdict(change: object): string {
  return `${JSON.stringify({
    v: 1,
    kind: 'verdict',
    judge: 'polite',
    fingerprint: hash,
    criterion: hash,
    case: 'rebook',
    subject: hash,
    trial: 0,
    sample: 0,
    verdict: 'fail',
    critique: 'It is curt.',
    model: 'gpt-4o-2024-11-20',
    tries: 1,
    ...change,
  })}\n`
}

describe('gatherEvidence', () => {
  it('sets beside a trace the recording it was played against, and where they part', async () => {
    record('rebook')
    const { traces, evidence } = await gatherEvidence(
      project(),
      reportOf([sampleTrial('rebook', 0, false), sampleTrial('cancel', 0, true)]),
    )
    expect(Object.keys(traces)).toEqual(['t_rebook-0', 't_cancel-0'])
    // The other case has no recording: it is shown alone.
    expect(Object.keys(evidence.recorded)).toEqual(['t_rebook-0'])
    const { trace, diff } = evidence.recorded['t_rebook-0'] ?? {}
    expect(trace?.id).toBe('t_recorded')
    expect(diff?.rows[diff.firstDivergence ?? -1]).toMatchObject({ class: 'write drift' })
  })

  it('does without a fixture that cannot be read any more', async () => {
    record('seat')
    writeFileSync(join(folder, 'fixtures', 'refunds', 'seat.json'), '{ "v": 1 ')
    const { traces, evidence } = await gatherEvidence(project(), reportOf([sampleTrial('seat', 0, false)]))
    expect(Object.keys(traces)).toHaveLength(1)
    expect(evidence.recorded).toEqual({})
  })

  it('finds what judges said of the trials it shows, and nothing else', async () => {
    mkdirSync(join(folder, 'evals'), { recursive: true })
    writeFileSync(
      join(folder, 'evals', 'refund-desk.judgements.jsonl'),
      [
        verdict({}),
        verdict({ sample: 1, critique: 'Curt again.' }),
        verdict({ trial: 1 }),
        verdict({ judge: 'other' }),
        verdict({ criterion: 'fedcba9876543210' }),
        verdict({ case: 'cancel' }),
      ].join(''),
    )
    const judged = {
      fingerprint: hash,
      criterion: hash,
      subject: hash,
      model: 'gpt-4o-2024-11-20',
      samples: 2,
      agreeing: 2,
      recorded: 2,
    }
    const score = {
      name: 'polite',
      source: 'judge',
      gating: false,
      status: 'scored',
      value: 0,
      passed: false,
      judged,
    } as const
    const { evidence } = await gatherEvidence(
      project(),
      reportOf([sampleTrial('rebook', 0, false, { scores: [score] })]),
    )
    expect(Object.keys(evidence.verdicts)).toEqual(['rebook'])
    expect(evidence.verdicts['rebook']?.map(({ critique }) => critique)).toEqual([
      'It is curt.',
      'Curt again.',
    ])
  })

  it('does without traces that are not in the store, and hides nothing else that is wrong with it', async () => {
    const failing = (code: 'EVK_TRACE_NOT_FOUND' | 'EVK_STORE_CORRUPT'): Project => ({
      ...project(),
      store: { getTrace: () => Promise.reject(new EvalkitError(code, 'no')) } as unknown as Project['store'],
    })
    const report = reportOf([sampleTrial('pet', 0, false)])
    expect((await gatherEvidence(failing('EVK_TRACE_NOT_FOUND'), report)).traces).toEqual({})
    await expect(gatherEvidence(failing('EVK_STORE_CORRUPT'), report)).rejects.toThrow('no')
  })

  it('stops at 400 traces, those of cases that fail first', async () => {
    const asked: string[] = []
    const trials = Array.from({ length: 1_000 }, (_, at) => sampleTrial(`c${at}`, 0, at % 4 > 0))
    const { traces } = await gatherEvidence(project(asked), reportOf(trials))
    expect(Object.keys(traces)).toHaveLength(400)
    expect(asked).toHaveLength(400)
    expect(asked.slice(0, 250).every((id) => Number(id.slice(3, -2)) % 4 === 0)).toBe(true)
  })
})
