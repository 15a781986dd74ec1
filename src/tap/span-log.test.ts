import { describe, expect, it } from 'vitest'
import { stepsOf } from '../schema/trace.ts'
import { SpanLog } from './span-log.ts'

const ask = (log: SpanLog, name: string): void =>
  log.start('tool', { name, arguments: {} })({ reply: { response: 1, isError: false }, served: 'exact' })
const family = (log: SpanLog) => log.spans().map(({ id, parent, kind, name }) => [id, parent, kind, name])

describe('parts of an agent in a replay', () => {
  it('stand behind the calls, and are the parents of what was called in them', async () => {
    const log = new SpanLog('desk')
    ask(log, 'triage')
    const said = await log.within({ kind: 'agent', name: 'refunds', input: { order: 7 } }, async () => {
      ask(log, 'get_order')
      await Promise.resolve()
      log.within({ kind: 'custom', name: 'check' }, () => ask(log, 'rules'))
      return 'done'
    })
    ask(log, 'tell')
    expect(said).toBe('done')
    expect(family(log)).toEqual([
      ['s1', null, 'agent', 'desk'],
      ['s2', 's1', 'tool', 'triage'],
      ['s3', 'p1', 'tool', 'get_order'],
      ['s4', 'p2', 'tool', 'rules'],
      ['s5', 's1', 'tool', 'tell'],
      ['p1', 's1', 'agent', 'refunds'],
      ['p2', 'p1', 'custom', 'check'],
    ])
    expect(log.spans().at(-2)).toMatchObject({ input: { order: 7 }, output: 'done', status: 'ok' })
    expect(stepsOf({ spans: log.spans() }).map(({ id }) => id)).toEqual(['s2', 's3', 's4', 's5'])
  })

  it('hand on what they throw, and say what it was', async () => {
    const log = new SpanLog('desk')
    ask(log, 'a')
    const failing = log.within({ kind: 'agent', name: 'refunds' }, () => Promise.reject(new TypeError('no')))
    await expect(failing).rejects.toThrow('no')
    expect(log.spans().at(-1)).toMatchObject({ status: 'error', error: { type: 'TypeError', message: 'no' } })
  })

  it('are not the outermost trace of the agent: that is the run', () => {
    const log = new SpanLog('desk')
    log.within({ kind: 'agent', name: 'desk' }, () => {
      ask(log, 'a')
      log.within({ kind: 'agent', name: 'refunds' }, () => ask(log, 'b'))
    })
    expect(family(log).slice(1)).toEqual([
      ['s2', 's1', 'tool', 'a'],
      ['s3', 'p1', 'tool', 'b'],
      ['p1', 's1', 'agent', 'refunds'],
    ])
    const handed = new SpanLog('desk')
    handed.within({ kind: 'agent', name: 'refunds', attributes: { 'handoff.to': 'refunds' } }, () =>
      ask(handed, 'a'),
    )
    expect(family(handed).at(-1)).toEqual(['p1', 's1', 'agent', 'refunds'])
  })

  it('run side by side without taking each other for their own', async () => {
    const log = new SpanLog('desk')
    ask(log, 'first')
    const part = (name: string) =>
      log.within({ kind: 'agent', name }, async () => {
        for (let turn = 0; turn < 3; turn++) {
          await Promise.resolve()
          ask(log, name)
        }
      })
    await Promise.all([part('a'), part('b')])
    const parents = new Map(log.spans().map(({ id, name }) => [id, name]))
    const tools = log.spans().filter(({ kind, name }) => kind === 'tool' && name !== 'first')
    expect(tools).toHaveLength(6)
    expect(tools.map(({ parent }) => parents.get(parent ?? ''))).toEqual(tools.map(({ name }) => name))
  })
})
