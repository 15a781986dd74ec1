import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { calibration } from '../src/schema/calibration.ts'
import { evalCase } from '../src/schema/case.ts'
import { fixture, packedCall, recording } from '../src/schema/fixture.ts'
import { judgementLine } from '../src/schema/judgement.ts'
import { label } from '../src/schema/label.ts'
import { quarantined, quarantineFile } from '../src/schema/quarantine.ts'
import { baseline, caseTally, decision, hashes, metricTally, spentTally } from '../src/schema/run.ts'
import { shardEnd, shardHeader, shardTrial } from '../src/schema/shard-file.ts'
import { dialogue } from '../src/schema/trace.ts'

const page = readFileSync(join(dirname(import.meta.dirname), 'docs', 'files.md'), 'utf8')
const words = new Set(Array.from(page.matchAll(/[\w$]+/g), ([word]) => word))

describe('docs/files.md', () => {
  it.each<[string, object]>([
    ['a case', evalCase.shape],
    ['a fixture', fixture.shape],
    ['a recording', recording.shape],
    ['a dialogue', dialogue.shape],
    ...packedCall.options.map(
      (option) => [`a ${option.shape.kind.value} call`, option.shape] as [string, object],
    ),
    ['a baseline', baseline.shape],
    ['a tally', caseTally.shape],
    ['a metric', metricTally.shape],
    ['what was spent', spentTally.shape],
    ['hashes', hashes.shape],
    ['a quarantine', { ...quarantineFile.shape, ...quarantined.shape }],
    ...decision.options.map((option) => [`a ${option.shape.action.value}`, option.shape] as [string, object]),
    ...judgementLine.options.map(
      (option) => [`a ${option.shape.kind.value} line`, option.shape] as [string, object],
    ),
    ['the first line of a shard', shardHeader.shape],
    ['a trial of a shard', shardTrial.shape],
    ['the last line of a shard', shardEnd.shape],
    ['a label', label.shape],
    ['a calibration', calibration.shape],
  ])('names every key of %s', (_, shape) => {
    expect(Object.keys(shape).filter((key) => !words.has(key))).toEqual([])
  })
})
