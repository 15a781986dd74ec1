import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appendSummary, fence, mostSummaryBytes, outputsText, setOutputs, summaryRoom } from './step-files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'github-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the summary of a step', () => {
  it('is added to what stands there', () => {
    const path = join(folder, 'summary.md')
    writeFileSync(path, 'before\n')
    expect(appendSummary(path, '### PASS\n')).toEqual({ written: true })
    expect(appendSummary(path, 'more')).toEqual({ written: true })
    expect(readFileSync(path, 'utf8')).toBe('before\n### PASS\n\nmore\n\n')
  })

  it('never grows beyond what GitHub shows: what stands there would be lost with it', () => {
    const path = join(folder, 'summary.md')
    writeFileSync(path, 'ü'.repeat(500_000))
    expect(summaryRoom(path)).toBe(mostSummaryBytes - 1_000_000 - 2)
    expect(appendSummary(path, 'ü'.repeat(30_000))).toMatchObject({ written: false })
    expect(readFileSync(path, 'utf8')).toHaveLength(500_000)
    expect(appendSummary(path, 'x'.repeat(summaryRoom(path)))).toEqual({ written: true })
    expect(readFileSync(path)).toHaveLength(mostSummaryBytes)
  })

  it('is not written where there is none, or where it cannot be', () => {
    expect(appendSummary(undefined, 'x')).toMatchObject({ written: false })
    expect(appendSummary(join(folder, 'no', 'such', 'folder'), 'x')).toMatchObject({ written: false })
  })
})

describe('outputs of a step', () => {
  it('stand between delimiters', () => {
    const path = join(folder, 'output')
    expect(setOutputs(path, { verdict: 'pass', sentence: 'two\nlines' }, 't0k3n')).toEqual({ written: true })
    expect(readFileSync(path, 'utf8')).toBe(
      'verdict<<evalkit_t0k3n\npass\nevalkit_t0k3n\nsentence<<evalkit_t0k3n\ntwo\nlines\nevalkit_t0k3n\n',
    )
    expect(setOutputs(undefined, { verdict: 'pass' }, 't0k3n')).toMatchObject({ written: false })
  })

  it('are read back as they were, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('x=1', 'y<<EOF', 'EOF', '::error::x', 'evalkit_'))),
        (lines) => {
          const value = lines.join('\n')
          expect(asTheRunnerReads(outputsText({ value, exit: '0' }, 't0k3n'))).toEqual({ value, exit: '0' })
        },
      ),
      { seed: 42 },
    )
  })

  it('are refused where a value knows the token, or a name is none', () => {
    expect(() => outputsText({ value: 'x\nevalkit_t0k3n\nexit=0' }, 't0k3n')).toThrow(RangeError)
    expect(() => outputsText({ 'value<<x\n': '' }, 't0k3n')).toThrow(RangeError)
  })
})

describe('a fenced log', () => {
  it('stops commands until the token comes', () => {
    expect(fence('t0k3n')).toEqual({ open: '::stop-commands::t0k3n\n', close: '::t0k3n::\n' })
  })
})

/** As actions/runner reads it (`src/Runner.Worker/FileCommandManager.cs`, `EnvFileKeyValuePairs`). */
function asTheRunnerReads(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  const lines = text.split('\n')
  while (lines.length > 0) {
    const line = lines.shift() ?? ''
    const at = line.indexOf('<<')
    if (at === -1) continue
    const end = lines.indexOf(line.slice(at + 2))
    found[line.slice(0, at)] = lines
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n')
  }
  return found
}
