import { describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { toolsFile, type ToolsFile } from '../../schema/tool.ts'
import type { FoundContract, FoundContracts } from '../../schema/tool-contract.ts'
import { sampleTrace } from '../../store/testing/samples.ts'
import { compareContracts } from './compare-contracts.ts'
import { addRecording, addTrace, contractsInCode, contractsListed, firstOf } from './found-contracts.ts'
import { snapshotOf } from './snapshot.ts'

type Schema = { readonly [key: string]: Json | undefined }

const order: Schema = { type: 'object', properties: { order: { type: 'string' } }, required: ['order'] }
const withZip: Schema = { ...order, properties: { order: { type: 'string' }, zip: { type: 'string' } } }

function fileOf(tools: ToolsFile['tools']): ToolsFile {
  return toolsFile.parse({ tools })
}

function found(
  tools: Readonly<Record<string, Omit<FoundContract, 'facts' | 'source'>>>,
  source = 'code',
): FoundContracts {
  return new Map(Object.entries(tools).map(([name, told]) => [name, { facts: {}, source, ...told }]))
}

describe('compareContracts', () => {
  const file = fileOf({
    pay: { inputSchema: order, outputSchema: order, source: 'code' },
    old: { inputSchema: order, source: 'code' },
    weather: { inputSchema: order, source: 'mcp travel' },
    only_facts: { effect: 'read' },
  })

  it('compares what both sides tell, and says what is gone only of sources it looked at as a whole', () => {
    const now = found({ pay: { inputSchema: withZip }, older: { inputSchema: order } })
    const { compared, changes, added, notSeen } = compareContracts(file, now, new Set(['code']))
    expect(compared).toEqual(['old', 'pay'])
    expect(added).toEqual(['older'])
    expect(notSeen).toEqual(['weather'])
    expect(changes.map(({ tool, kind, class: of, what }) => [tool, kind, of, what])).toEqual([
      ['old', 'tool-removed', 'breaking', 'the tool is gone; was it renamed to "older"?'],
      ['pay', 'property-added', 'compatible', '"zip" may be given now'],
    ])
    expect(compareContracts(file, now, new Set()).notSeen).toEqual(['old', 'weather'])
  })

  it('does not say it compared a tool whose schema is code, nor lists tools without one as new', () => {
    const now = found({ pay: {}, fresh: { description: 'New.' } })
    const result = compareContracts(file, now, new Set())
    expect([result.compared, result.changes, result.added]).toEqual([[], [], []])
    expect(result.notSeen).toContain('pay')
  })

  it('tells of other words and of facts that the code has otherwise, and holds neither against anybody', () => {
    const said = fileOf({ pay: { inputSchema: order, description: 'Pays.', effect: 'read' } })
    const now: FoundContracts = new Map([
      [
        'pay',
        {
          source: 'code',
          inputSchema: order,
          description: 'Pays now.',
          facts: { effect: 'write', risk: 'high' },
        },
      ],
    ])
    const { changes } = compareContracts(said, now, new Set())
    expect(changes.map(({ kind, class: of, path }) => [kind, of, path])).toEqual([
      ['wording', 'note', 'description'],
      ['fact', 'note', 'effect'],
    ])
  })

  it('takes names that objects inherit for names', () => {
    const now = found({ constructor: { inputSchema: order } })
    expect(compareContracts(file, now, new Set()).added).toEqual(['constructor'])
  })
})

describe('snapshotOf', () => {
  it('writes schemas, adds facts, and never changes one that is there', () => {
    const before = fileOf({ pay: { effect: 'external', inputSchema: order }, mail: { effect: 'external' } })
    const now: FoundContracts = new Map([
      ['pay', { source: 'code', inputSchema: withZip, facts: { effect: 'write', risk: 'high' } }],
      ['ask', { source: 'mcp desk', inputSchema: order, facts: {} }],
    ])
    const { file, added, updated, changes } = snapshotOf(before, now)
    expect(file.tools).toEqual({
      pay: { effect: 'external', risk: 'high', inputSchema: withZip, source: 'code' },
      ask: { inputSchema: order, source: 'mcp desk' },
      mail: { effect: 'external' },
    })
    expect([added, updated, changes.map(({ kind }) => kind)]).toEqual([
      ['ask'],
      ['pay'],
      ['fact', 'property-added'],
    ])
    expect(toolsFile.parse(file)).toEqual(file)
    const again = snapshotOf(file, now)
    expect([again.file, again.updated, again.unchanged]).toEqual([file, [], ['ask', 'pay']])
  })

  it('keeps what a source does not tell', () => {
    const before = fileOf({ pay: { inputSchema: order, outputSchema: order, description: 'Pays.' } })
    const { file } = snapshotOf(before, found({ pay: { inputSchema: order } }, 'traces'))
    expect(file.tools.pay).toMatchObject({ outputSchema: order, description: 'Pays.', source: 'traces' })
  })
})

describe('contracts are found', () => {
  it('in code, as far as it tells', () => {
    const told = { pay: { facts: { risk: 'low' as const }, inputSchema: order, description: 'Pays.' } }
    const contracts = contractsInCode(['pay', 'gone'], (name) => (name === 'pay' ? told.pay : undefined))
    expect([...contracts]).toEqual([['pay', { source: 'code', ...told.pay }]])
  })

  it('in what an MCP server lists, without what is no tool', () => {
    const listed = [
      { name: 'pay', inputSchema: order, outputSchema: 'none', description: 7 },
      { name: '' },
      null,
      'x',
    ]
    expect([...contractsListed(listed, 'mcp desk')]).toEqual([
      ['pay', { source: 'mcp desk', facts: {}, inputSchema: order }],
    ])
  })

  it('in traces and recordings: of each tool what was told last', () => {
    const llm = (id: string, inputSchema: Schema, by?: 'user') =>
      ({
        id,
        parent: null,
        name: 'chat',
        kind: 'llm',
        status: 'ok',
        ...(by === undefined ? {} : { by }),
        request: { messages: [], tools: [{ name: 'pay', inputSchema }] },
      }) as const
    const traces = new Map<string, FoundContract>()
    addTrace(traces, sampleTrace({ spans: [llm('s1', order), llm('s2', withZip), llm('s3', {}, 'user')] }))
    addTrace(
      traces,
      sampleTrace({
        spans: [llm('s1', order)],
        attributes: {
          'mcp.tools': [{ name: 'pay', description: 'Pays.', inputSchema: order, outputSchema: order }],
        },
      }),
    )
    expect(traces.get('pay')).toEqual({
      source: 'traces',
      facts: {},
      description: 'Pays.',
      inputSchema: withZip,
      outputSchema: order,
    })
    const recordings = new Map<string, FoundContract>()
    const request = { messages: [], tools: [{ name: 'pay', inputSchema: order }] }
    addRecording(recordings, {
      calls: [{ kind: 'llm', request, reply: { message: { role: 'assistant', parts: [] } } }],
    })
    expect(recordings.get('pay')).toMatchObject({ source: 'fixtures', inputSchema: order })
  })

  it('and the first source that knows a tool decides', () => {
    const both = firstOf([found({ pay: { inputSchema: order } }), found({ pay: {}, ask: {} }, 'traces')])
    expect([both.get('pay')?.source, both.get('ask')?.source]).toEqual(['code', 'traces'])
  })
})
