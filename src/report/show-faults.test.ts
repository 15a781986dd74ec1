import { describe, expect, it } from 'vitest'
import type { FaultCell, FaultWord } from '../schema/fault.ts'
import { showInjected, showMatrix } from './show-faults.ts'

const style = { colour: false, width: 80 }
const hostile = '\u001b]0;owned\u0007\u202eget\n::error::x'

function cell(name: string, fault: string, word: FaultWord, nth = 1): FaultCell {
  return {
    rule: `${name}@${nth}: ${fault}`,
    place: 'tool',
    name,
    nth,
    fault,
    verdict: { word, why: `because of ${name}` },
  }
}

describe('a matrix', () => {
  it('shows the worst of the calls of each tool, and tells of what was bad', () => {
    const cells = [
      cell('get', 'timeout', 'survived'),
      cell('get', 'timeout', 'crashed', 2),
      cell('get', '503', 'degraded'),
      cell('put', 'timeout', 'double write'),
      cell('model', 'empty', 'not decided'),
    ]
    expect(
      showMatrix('faults on t_1', cells, style, ({ rule }) => `evalkit replay t_1 --fault '${rule}'`),
    ).toMatchInlineSnapshot(`
      "faults on t_1

      fault    get          put           model
      ───────────────────────────────────────────────
      timeout  crashed 1/2  double write  –
      503      degraded     –             –
      empty    –            –             not decided

      5 trials: 1 survived, 1 degraded, 1 not decided, 1 crashed, 1 double write
      not decided, for one: model@1: empty: because of model
      What an agent does with a reply it was never shown, its recorded model cannot say: replay with live models.

      double write: because of put
        evalkit replay t_1 --fault 'put@1: timeout'

      crashed: because of get
        evalkit replay t_1 --fault 'get@2: timeout'
      "
    `)
  })

  it('stands in blocks where a terminal is narrow', () => {
    const names = Array.from({ length: 7 }, (_, at) => `tool_number_${at}`)
    const text = showMatrix(
      't',
      names.map((name) => cell(name, 'reset', 'survived')),
      style,
      ({ rule }) => rule,
    )
    expect(text.split('\n').filter((line) => line.startsWith('fault '))).toHaveLength(3)
    for (const name of names) expect(text).toContain(name)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('tells of twenty, and how many more there are', () => {
    const cells = Array.from({ length: 23 }, (_, at) => cell('put', 'timeout', 'wrong', at + 1))
    const text = showMatrix('t', cells, style, ({ rule }) => `see ${rule}`)
    expect(text.match(/^ {2}see /gm)).toHaveLength(20)
    expect(text).toContain('and 3 more')
  })

  it('says that nothing could be put in', () => {
    expect(showMatrix('t', [], style, ({ rule }) => rule)).toContain('0 trials: nothing could be put in')
  })

  it('is inert, whatever tools are called', () => {
    const text = showMatrix(
      hostile,
      [cell(hostile, hostile, 'crashed'), cell(hostile, '503', 'not decided')],
      style,
      ({ rule }) => rule,
    )
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e|^::/mu)
  })
})

describe('what was put in', () => {
  it('is told step by step, with the seed', () => {
    const common = { place: 'model', name: 'model', done: 'no' } as const
    const text = showInjected(
      [
        { ...common, step: 2, nth: 1, fault: '503', times: 2, recovered: true },
        { ...common, step: 4, nth: 2, fault: 'reset', times: 1, recovered: false },
      ],
      { word: 'survived', why: 'the same writes, the same answer' },
      { width: 80, seed: 7 },
    )
    expect(text).toBe(
      [
        'put in, seed 7:',
        '  step 2  model (call 1)  503, 2 times, then the recorded reply',
        '  step 4  model (call 2)  reset',
        'survived: the same writes, the same answer',
        '',
      ].join('\n'),
    )
  })

  it('is inert', () => {
    const fault = {
      step: 1,
      place: 'tool',
      name: hostile,
      nth: 1,
      fault: hostile,
      times: 1,
      done: 'no',
      recovered: false,
    } as const
    const text = showInjected([fault], { word: 'wrong', why: hostile }, { width: 80 })
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e|^::/mu)
  })
})
