import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownTools } from '../schema/known-tools.ts'
import { textMessage } from '../schema/message.ts'
import type { Span } from '../schema/trace.ts'
import { loopsIn } from './loops.ts'

const known = knownTools({ v: 1, tools: { pay: { effect: 'write' } } })
const all = { repeats: 3, cycles: 2, noProgress: 5, within: 'turn', known } as const

/** `get_a/7:1` is a call of get_a about 7, answered with 1; `!` before the answer is an error; `|` is a person's word. */
function run(text: string): readonly Span[] {
  return text.split(' ').map((word, index): Span => {
    const base = { id: `s${index + 1}`, parent: null, status: 'ok' } as const
    if (word === '|') {
      const reply = { message: textMessage('user', 'go on') }
      return { ...base, kind: 'human', name: 'user', request: { name: 'user' }, reply }
    }
    const [call = '', answer = ''] = word.split(':')
    const [name = '', about = ''] = call.split('/')
    const isError = answer.startsWith('!')
    const reply = { response: answer.replace('!', ''), isError }
    return { ...base, kind: 'tool', name, request: { name, arguments: { about } }, reply }
  })
}

function kinds(text: string, rules: Partial<Parameters<typeof loopsIn>[1]> = {}): readonly string[] {
  return loopsIn(run(text), { ...all, ...rules }).map(
    ({ kind, times, calls }) => `${kind} ${times}× at ${calls.join(',')}`,
  )
}

describe('loops', () => {
  it.each([
    ['get_a:1 get_a:1 get_a:1', ['repeat 3× at 1,2,3']],
    ['get_a:1 get_b:1 get_a:1 get_c:1 get_a:1', ['repeat 3× at 1,3,5']],
    ['get_a/1: get_a/2: get_a/3: get_a/4: get_a/5: get_a/6:', ['no-progress 5× at 2,3,4,5,6']],
    ['send/1:!x send/2:!x send/3:!x send/4:!x send/5:!x send/6:!x', ['no-progress 5× at 2,3,4,5,6']],
    ['pay:1 pay:2 pay:3', ['repeat 3× at 1,2,3']],
    ['send:!x fix:1 send:!x tweak:1 send:!x', ['repeat 3× at 1,3,5']],
    ['get_a:1 get_b:2 get_a:1 get_b:2', ['cycle 2× at 1,2,3,4']],
    ['get_x:0 get_a:1 get_b:2 get_c:3 get_a:1 get_b:2 get_c:3', ['cycle 2× at 2,3,4,5,6,7']],
    [
      'get_a: get_b: get_a: get_b: get_a: get_b: get_a:',
      ['repeat 4× at 1,3,5,7', 'cycle 3× at 1,2,3,4,5,6,7', 'no-progress 5× at 3,4,5,6,7'],
    ],
  ])('are seen in %s', (text, found) => {
    expect(kinds(text)).toEqual(found)
  })

  it.each([
    'get_a:1 get_a:1',
    'get_a:1 get_a:2 get_a:3 get_a:4',
    'get_a:1 fix:1 get_a:1 tweak:1 get_a:1',
    'get_a:1 get_a:1 | get_a:1 | get_a:1',
    'get_a:1 get_b:2 get_a:1 get_b:3',
    'send:1 send:2 send:3',
    'send/1: send/2: send/3: send/4: send/5: send/6: send/7:',
    'get_a/1:x get_a/2:x get_a/3:x get_a/4:x get_a/5:x get_a/6:x',
    'get_a:1 get_b:1 get_c:1 get_d:1 get_e:1 get_f:1',
  ])('are not seen in %s', (text) => {
    expect(kinds(text)).toEqual([])
  })

  it('go over what people say where the whole run is looked at', () => {
    expect(kinds('get_a:1 | get_a:1 | get_a:1', { within: 'run' })).toEqual(['repeat 3× at 1,2,3'])
  })

  it('are looked for by the rules that are asked', () => {
    const { repeats: _, cycles: __, noProgress: ___, ...none } = all
    expect(loopsIn(run('get_a:1 get_a:1 get_a:1 get_a:1 get_a:1'), none)).toEqual([])
  })

  it('need their number of rounds, whatever stands before and behind', () => {
    const word = fc.constantFrom('get_a:1', 'get_b:2', 'get_c:3')
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 2, max: 6 }),
        (words, repeats) => {
          const most = Math.max(
            ...['get_a:1', 'get_b:2', 'get_c:3'].map((one) => words.filter((it) => it === one).length),
          )
          const found = kinds(words.join(' '), { repeats }).some((loop) => loop.startsWith('repeat'))
          expect(found).toBe(most >= repeats)
        },
      ),
      { seed: 42 },
    )
  })
})
