import { describe, expect, it } from 'vitest'
import type { DoctorReport, Finding, SourceReport } from '../schema/doctor.ts'
import { showDoctor } from './show-doctor.ts'

const style = { colour: false, width: 100 }
const source: SourceReport = {
  kind: 'tool',
  name: 'search',
  path: 'arguments.id',
  shape: 'uuid',
  evidence: 'runs',
  recorded: 'a',
  first: 'b',
  second: 'c',
  cure: { kind: 'tool', tool: 'search', path: 'arguments.id' },
  status: 'cured',
  cases: ['refund'],
}
const empty: DoctorReport = { findings: [], sources: [], lines: { tools: [] }, cases: 1, healthy: true }

describe('showDoctor', () => {
  it('shows a source with its values and the line that cures it', () => {
    const lines = {
      tools: ['"search": { "volatile": ["arguments.id"] }'],
      model: '"model": { "volatile": [] }',
    }
    expect(showDoctor({ ...empty, sources: [source], lines, healthy: false }, style)).toMatchInlineSnapshot(`
      "
      1 source of nondeterminism in 1 replay, each run twice:

        tool search arguments.id
          what      a UUID; differs between two runs
          recorded  "a"
          run 1     "b"
          run 2     "c"
          cases     refund
          cure      volatile in evals/tools.json, below: tried, the replay passes

      into evals/tools.json:
        under "tools"
          "search": { "volatile": ["arguments.id"] }
        beside "tools"
          "model": { "volatile": [] }
      then: evalkit doctor --freeze writes what is volatile into the fixtures that are there

      not healthy: something breaks a replay
      "
    `)
  })

  it('says of a line that was tried that it does not help, and offers none', () => {
    const shown = showDoctor({ ...empty, sources: [{ ...source, status: 'not-cured' }] }, style)
    expect(shown).toContain('was tried, and does not help')
    expect(shown).not.toContain('into evals/tools.json')
  })

  it('counts what is alike and too much to read', () => {
    const findings = Array.from({ length: 30 }, (_, at): Finding => {
      return { about: 'replay', level: 'error', what: 'It leaves.', at: `case-${at}` }
    })
    const shown = showDoctor({ ...empty, findings }, style)
    expect(shown).toContain('… and 22 more like this')
    expect(shown.split('\n').length).toBeLessThan(20)
  })

  it('makes hostile text inert', () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\n::error::x \u202e'
    const shown = showDoctor(
      {
        ...empty,
        findings: [{ about: 'replay', level: 'error', what: evil, at: evil, cure: [evil] }],
        sources: [
          { ...source, name: evil, path: evil, recorded: evil, first: evil, second: [evil], cases: ['a'] },
          { ...source, name: evil, path: evil, status: 'held' },
        ],
        lines: { tools: [evil], model: evil },
      },
      style,
    )
    for (const steering of ['\u001b', '\u0007', '\u202e']) expect(shown).not.toContain(steering)
    expect(shown).not.toMatch(/^\s*::error/m)
  })
})
