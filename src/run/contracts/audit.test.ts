import { describe, expect, it } from 'vitest'
import { talliesOf } from '../../gate/testing/tallies.ts'
import { run, trial } from '../../schema/run.ts'
import { toolsFile } from '../../schema/tool.ts'
import type { AgentAudit } from '../../schema/tool-contract.ts'
import type { Span, Trace } from '../../schema/trace.ts'
import { policy } from '../../schema/verdict.ts'
import { sampleTrace } from '../../store/testing/samples.ts'
import { startAudit } from './audit.ts'
import { cheaperModels, type ModelRun } from './models.ts'

let spans = 0

function span(over: Record<string, unknown>): Span {
  return { id: `s${++spans}`, parent: null, name: 'x', status: 'ok', ...over } as Span
}

function offers(tools: readonly string[] | undefined, parent: string | null = null): Span {
  const told = tools === undefined ? {} : { tools: tools.map((name) => ({ name })) }
  return span({ kind: 'llm', parent, request: { messages: [], ...told } })
}

function calls(name: string, over: Record<string, unknown> = {}): Span {
  const reply = { response: 'ok', isError: false }
  return span({ kind: 'tool', name, request: { name, arguments: {} }, reply, ...over })
}

function audited(traces: readonly Partial<Trace>[], tools: object = {}): readonly AgentAudit[] {
  const audit = startAudit(toolsFile.parse({ tools }))
  for (const trace of traces) audit.add(sampleTrace({ name: 'desk', ...trace }))
  return audit.agents()
}

describe('the audit of tools', () => {
  it('finds what was offered and never used, and used and never offered', () => {
    const [desk] = audited([
      {
        startedAt: '2026-11-01T10:00:00Z',
        spans: [offers(['read', 'refund']), calls('read'), calls('mail')],
      },
      {
        spans: [
          offers(['read']),
          calls('read', { startedAt: '2026-11-03T10:00:00Z', reply: { response: '', isError: true } }),
        ],
      },
    ])
    expect(desk).toMatchObject({ agent: 'desk', traces: 2, neverUsed: ['refund'], neverGranted: ['mail'] })
    expect(desk?.tools).toEqual([
      { tool: 'mail', calls: 1, errors: 0, usedIn: 1, offeredIn: 0, lastUsed: '2026-11-01T10:00:00Z' },
      { tool: 'read', calls: 2, errors: 1, usedIn: 2, offeredIn: 2, lastUsed: '2026-11-03T10:00:00Z' },
      { tool: 'refund', calls: 0, errors: 0, usedIn: 0, offeredIn: 1 },
    ])
  })

  it('tells agents within a trace apart', () => {
    const agent = span({ kind: 'agent', name: 'refunder' })
    const inner = calls('refund', { parent: agent.id })
    const [desk, refunder] = audited([{ spans: [calls('read'), agent, offers(['refund'], agent.id), inner] }])
    expect([desk?.agent, desk?.tools.map(({ tool }) => tool)]).toEqual(['desk', ['read']])
    expect([refunder?.agent, refunder?.tools.map(({ tool }) => tool)]).toEqual(['refunder', ['refund']])
  })

  it('believes evals/tools.json about who may use what, also of agents that were never seen', () => {
    const tools = { refund: { granted: ['boss'] }, read: { granted: ['desk'] } }
    const [boss, desk] = audited([{ spans: [offers(['refund', 'read']), calls('refund')] }], tools)
    expect(boss).toMatchObject({ agent: 'boss', traces: 0, neverUsed: ['refund'] })
    expect(desk).toMatchObject({ neverUsed: ['read'], neverGranted: ['refund'] })
  })

  it('does not say that a tool was never granted where no request tells what was', () => {
    const [desk] = audited([{ spans: [offers(undefined), calls('read')] }])
    expect([desk?.offersKnown, desk?.neverGranted]).toEqual([false, []])
  })

  it('leaves out what the user’s side used, and reads conversations that have no spans of tools', () => {
    const part = { type: 'tool_call', id: 'c', name: 'read', arguments: {} }
    const asked = span({
      kind: 'llm',
      request: { messages: [] },
      reply: { message: { role: 'assistant', parts: [part] } },
    })
    const [desk] = audited([
      { spans: [calls('reboot', { attributes: { requestor: 'user' } }), offers([])] },
      { spans: [asked], attributes: { 'mcp.tools': [{ name: 'ping' }, null] } },
    ])
    expect(desk?.tools.map(({ tool, calls: made }) => [tool, made])).toEqual([
      ['ping', 0],
      ['read', 1],
    ])
  })
})

describe('the audit of models', () => {
  const rules = policy.parse({})

  function modelRun(model: string, passed: number, usd: number | undefined, cases = 50): ModelRun {
    const tallies = talliesOf(Array.from({ length: cases }, (_, at) => (at < passed ? 1 : 0)))
    const base = {
      v: 1,
      id: model,
      name: `run-${model}`,
      eval: 'desk',
      dataset: 'desk',
      startedAt: '2026-11-01T00:00:00Z',
    }
    const { mode, hashes } = tallies
    const made = run.parse({ ...base, mode, hashes, cases, trials: 1, status: 'finished' })
    const fidelity = { share: 1, steps: 1, counts: { exact: 1 } }
    const trials = tallies.cases.map(({ case: id, hash }) =>
      trial.parse({
        run: model,
        case: id,
        caseHash: hash,
        trial: 0,
        status: 'completed',
        scores: [],
        fidelity,
        durationMs: 1,
        ...(usd === undefined ? { usage: { input: 1000, output: 0 } } : { costUsd: usd }),
      }),
    )
    return { run: made, model, trials, tallies }
  }

  const noPrice = (): undefined => undefined

  it('names a cheaper model that passed the same cases, by the gate’s rule', () => {
    const { models } = cheaperModels(
      [modelRun('large', 50, 0.04), modelRun('small', 50, 0.01)],
      rules,
      noPrice,
    )
    expect(models).toMatchObject([
      {
        eval: 'desk',
        model: 'large',
        cheaper: 'small',
        usd: [expect.closeTo(0.04), expect.closeTo(0.01)],
        cases: 50,
        verdict: { word: 'pass' },
      },
    ])
  })

  it('says inconclusive, and worse, where it is', () => {
    const word = (passed: number, cases: number): string | undefined =>
      cheaperModels(
        [modelRun('small', passed, 0.01, cases), modelRun('large', cases, 0.04, cases)],
        rules,
        noPrice,
      ).models[0]?.verdict.word
    expect([word(10, 10), word(20, 50)]).toEqual(['inconclusive', 'fail'])
  })

  it('prices tokens where nobody did, and compares nothing whose cost is not known', () => {
    const runs = [modelRun('large', 50, 0.04), modelRun('small', 50, undefined)]
    expect(cheaperModels(runs, rules, noPrice)).toEqual({
      models: [],
      notes: ['desk: what small costs is not known (run run-small)'],
    })
    const priced = cheaperModels(runs, rules, ({ input }, { model }) =>
      model === 'small' ? input / 1e6 : undefined,
    )
    expect(priced.models[0]?.usd[1]).toBeCloseTo(0.001)
  })

  it('looks at the newest run of a model alone', () => {
    const { models } = cheaperModels(
      [modelRun('small', 50, 0.01), modelRun('large', 50, 0.04), modelRun('small', 0, 0.01)],
      rules,
      noPrice,
    )
    expect(models.map(({ verdict }) => verdict.word)).toEqual(['pass'])
  })
})
