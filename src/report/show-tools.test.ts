import { describe, expect, it } from 'vitest'
import type { ToolAuditReport, ToolChange, ToolCheckReport, UnfitCall } from '../schema/tool-contract.ts'
import { showToolAudit } from './show-tool-audit.ts'
import { showSnapshot, showToolCheck } from './show-tools.ts'

const style = { colour: false, width: 100 }
const hostile = 'pay\u001b[31m\n::error::gone\u202e'

/** What a terminal or a CI runner would obey. */
function inForce(shown: string): readonly string[] {
  return [...['\u001b', '\u202e'].filter((mark) => shown.includes(mark)), ...(/^\s*::/m.exec(shown) ?? [])]
}

const change: ToolChange = {
  tool: 'pay',
  side: 'input',
  path: 'iban',
  kind: 'required',
  class: 'breaking',
  what: '"iban" must be given now',
}
const unfit: UnfitCall = {
  dataset: 'desk',
  case: 'w12',
  trial: 0,
  step: 3,
  tool: 'pay',
  side: 'input',
  problems: [{ path: 'lines[0].sku', what: 'must be string' }],
}
const holds: ToolCheckReport = {
  sources: ['code'],
  compared: ['pay'],
  changes: [],
  added: [],
  notSeen: [],
  fixtures: { fixtures: 2, fit: 4, unfit: [], neverFit: 0, notChecked: 0, unusable: [] },
}

describe('showToolCheck', () => {
  it('says what holds', () => {
    expect(showToolCheck(holds, 'evals/tools.json', style)).toBe(`1 tool compared with evals/tools.json (code)

4 recorded arguments and results of 2 fixtures fit

the contracts hold
`)
  })

  it('says what broke, what cannot be told, and what no longer fits, worst first', () => {
    const changes: ToolChange[] = [
      { ...change, class: 'note', side: 'tool', path: 'description', what: 'other words' },
      { ...change, class: 'compatible', path: 'zip', what: '"zip" may be given now' },
      change,
      { ...change, class: 'unknown', side: 'result', path: '', what: 'pattern differs' },
    ]
    const fixtures = {
      ...holds.fixtures,
      fit: 1,
      unfit: [unfit, { ...unfit, rerecorded: true as const }],
      neverFit: 2,
      notChecked: 1,
    }
    const unusable = [{ tool: 'ask', side: 'result' as const, why: 'no schema' }]
    const report = {
      ...holds,
      changes,
      added: ['ask'],
      notSeen: ['mail'],
      fixtures: { ...fixtures, unusable },
    }
    expect(showToolCheck(report, 'evals/tools.json', style)).toMatchInlineSnapshot(`
      "1 tool compared with evals/tools.json (code)

      breaking
        pay input iban  "iban" must be given now

      cannot be decided, and counts as breaking until it is accepted
        pay result  pattern differs

      compatible
        pay input zip  "zip" may be given now

      said otherwise
        pay tool description  other words

      without a contract yet (evalkit tools snapshot): ask

      in the file, with a schema that no source tells: mail

      1 recorded argument or result of 2 fixtures fit; 2 never did, 1 cannot be checked
        not checked: ask result: no schema
        no longer fits: desk/w12 trial 0 step 3, pay input
          arguments lines[0].sku: must be string
        no longer fits: desk/w12 trial 0 (recorded again) step 3, pay input
          arguments lines[0].sku: must be string

      broken: 2 changes that break or cannot be decided, 2 recorded calls that no longer fit. If it is meant: evalkit tools snapshot accepts it; what no longer fits is recorded anew (evalkit run --llm live --record, or promote).
      "
    `)
  })

  it('leaves nothing in force that a schema or a fixture says, and is bounded', () => {
    const changes = Array.from(
      { length: 500 },
      (): ToolChange => ({ ...change, tool: hostile, what: hostile, path: hostile }),
    )
    const problems = [{ path: hostile, what: hostile }]
    const calls = Array.from({ length: 500 }, () => ({ ...unfit, case: hostile, tool: hostile, problems }))
    const shown = showToolCheck(
      {
        ...holds,
        changes,
        added: [hostile],
        notSeen: [hostile],
        sources: [hostile],
        fixtures: {
          ...holds.fixtures,
          unfit: calls,
          unusable: [{ tool: hostile, side: 'input', why: hostile }],
        },
      },
      hostile,
      style,
    )
    expect(inForce(shown)).toEqual([])
    expect(shown.split('\n').length).toBeLessThan(120)
  })
})

describe('showSnapshot', () => {
  it('shows the file as it would be, and what that accepts', () => {
    const snapshot = {
      file: 'evals/tools.json',
      sources: ['code'],
      added: ['ask'],
      updated: ['pay'],
      unchanged: [],
      changes: [change],
    }
    const differences = [
      {
        path: 'tools.ask',
        got: {
          inputSchema: {
            type: 'object',
            properties: { question: { type: 'string', description: 'What to ask a person, in a sentence.' } },
          },
        },
      },
      { path: 'tools.pay.description', expected: 'Pays.', got: hostile },
    ]
    expect(showSnapshot({ ...snapshot, written: false, differences }, style)).toMatchInlineSnapshot(`
      "evals/tools.json: 1 tool added, 1 updated, 0 as before (from code)
        added: ask
        updated: pay

      tools.ask
        + {
        +   "inputSchema": {
        +     "properties": { "question": { "description": "What to ask a person, in a sentence.", "type": "s…
        +     "type": "object"
        +   }
        + }
      tools.pay.description
        - "Pays."
        + "pay\\u001b[31m\\n::error::gone⟨U+202E⟩"

      breaking
        pay input iban  "iban" must be given now

      To be accepted with this file: 1 change that breaks or cannot be decided. evalkit tools check says which fixtures to record anew.

      Nothing was written.
      "
    `)
    expect(showSnapshot({ ...snapshot, written: true }, style)).toContain(
      'Accepted with this file: 1 change that breaks',
    )
  })
})

describe('showToolAudit', () => {
  const report: ToolAuditReport = {
    traces: 3,
    agents: [
      {
        agent: 'desk',
        traces: 3,
        offersKnown: true,
        tools: [
          { tool: 'read', calls: 12, errors: 1, usedIn: 3, offeredIn: 3, lastUsed: '2026-11-03T10:00:00Z' },
          { tool: 'mail', calls: 1, errors: 0, usedIn: 1, offeredIn: 0, granted: false },
          { tool: 'refund', calls: 0, errors: 0, usedIn: 0, offeredIn: 3 },
        ],
        neverUsed: ['refund'],
        neverGranted: ['mail'],
      },
      { agent: 'boss', traces: 1, offersKnown: false, tools: [], neverUsed: [], neverGranted: [] },
    ],
    models: [
      {
        eval: 'desk',
        model: 'large',
        cheaper: 'small',
        runs: ['a', 'b'],
        usd: [0.04, 0.01],
        cases: 50,
        verdict: { word: 'pass', sentence: 'no regression: 0.0 pp' },
      },
      {
        eval: 'desk',
        model: 'large',
        cheaper: 'tiny',
        runs: ['a', 'c'],
        usd: [0.04, 0],
        cases: 5,
        verdict: { word: 'inconclusive', sentence: 'inconclusive: between -30 and +30 pp' },
      },
    ],
    modelNotes: ['desk: what huge costs is not known (run d)'],
  }

  it('says who uses what, who may and does not, and what a cheaper model did', () => {
    expect(showToolAudit(report, style)).toMatchInlineSnapshot(`
      "3 traces, 2 agents

      desk, in 3 traces
      tool  calls  errors  used in  offered in  granted  last used
      ───────────────────────────────────────────────────────────────────────
      read     12       1        3           3           2026-11-03T10:00:00Z
      mail      1       0        1           0  no
      granted and never used: refund
      used and never granted: mail

      boss, in 1 trace
      used no tool
      what it was granted is not known: no request tells its tools, and evals/tools.json has no "granted"

      models
        desk: small does as well as large: $0.0100 a trial, not $0.0400 (75 % less), on 50 cases
          no regression: 0.0 pp (runs b and a)
        desk: whether tiny does as well as large is inconclusive: $0.00 a trial, not $0.0400 (100 % less), …
          inconclusive: between -30 and +30 pp (runs c and a)
        desk: what huge costs is not known (run d)
      "
    `)
  })

  it('leaves nothing in force that a trace says', () => {
    const agents = report.agents.map((agent) => ({
      ...agent,
      agent: hostile,
      neverUsed: [hostile],
      neverGranted: [hostile],
      tools: agent.tools.map((tool) => ({ ...tool, tool: hostile, lastUsed: hostile })),
    }))
    const models = report.models.map((advice) => ({
      ...advice,
      eval: hostile,
      model: hostile,
      cheaper: hostile,
    }))
    expect(inForce(showToolAudit({ ...report, agents, models, modelNotes: [hostile] }, style))).toEqual([])
  })
})
