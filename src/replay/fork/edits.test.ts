import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Call } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Json } from '../../schema/json.ts'
import { asks, recordingWith, refund, turn, used } from '../../schema/testing/recordings.ts'
import { editedReply, readEdit, recordedAt } from './edits.ts'
import { type Inside, insideOf, pathsIn, withInside } from './inside.ts'

const text = '{ "order": "W12",\n  "status": "delivered", "usd": 18.00 }'
const recording = recordingWith([
  used('get_order', { order: 'W12' }, { order: 'W12', items: [{ sku: 'tea' }], 'a=b': 1 }),
  used('get_order', { order: 'W12' }, text),
  used('get_order', { order: 'W12' }, { content: [{ type: 'text', text }], isError: false }),
  { kind: 'llm', request: { messages: [] }, reply: asks([['refund', { usd: 18 }]]) },
  {
    kind: 'llm',
    request: { messages: [] },
    reply: asks([
      ['a', {}],
      ['b', { n: '[1,2]' }],
    ]),
  },
  turn('Yes.'),
  {
    kind: 'human',
    request: { name: 'approve' },
    reply: { message: { role: 'user', parts: [{ type: 'opaque', value: { approved: true, by: 'anna' } }] } },
  },
  {
    kind: 'custom',
    request: { method: 'GET', url: 'http://x.test/' },
    reply: { status: 200 },
    attempts: [{ status: 200, headers: {}, body: '' }],
  },
])
const files: Record<string, string> = { 'new.json': '{"status":"lost"}', 'said.txt': 'No.\n' }
const read = (file: string): string => files[file] ?? ''

function edited(set: string): unknown {
  const edit = readEdit(set, recording, read)
  const call = recording.calls[edit.step - 1]
  if (call === undefined) throw new Error('no such step')
  return editedReply(call, [edit])
}

function refused(set: string): EvalkitError {
  try {
    readEdit(set, recording, read)
  } catch (error) {
    if (EvalkitError.is(error)) return error
    throw error
  }
  throw new Error(`${set} was taken`)
}

describe('an edit', () => {
  it.each<[string, unknown]>([
    ['steps[1].result=null', { response: null }],
    ['steps[1].result.items[0].sku="pot"', { response: { order: 'W12', items: [{ sku: 'pot' }], 'a=b': 1 } }],
    ['steps[1].result["a=b"]=2', { response: { order: 'W12', items: [{ sku: 'tea' }], 'a=b': 2 } }],
    ['steps[1].result=@new.json', { response: { status: 'lost' } }],
    ['steps[6].reply="No."', { message: { role: 'user', parts: [{ type: 'text', content: 'No.' }] } }],
    ['steps[6].reply=@said.txt', { message: { role: 'user', parts: [{ type: 'text', content: 'No.\n' }] } }],
    ['steps[7].reply.approved=false', { message: { parts: [{ value: { approved: false, by: 'anna' } }] } }],
    [
      'steps[4].arguments.usd=5',
      { message: { parts: [{ name: 'refund', id: 'c1', arguments: { usd: 5 } }] } },
    ],
    [
      'steps[5].calls[1].arguments.n[0]=7',
      { message: { parts: [{ name: 'a' }, { arguments: { n: '[7,2]' } }] } },
    ],
    [
      'steps[4].reply="Wait."',
      { message: { parts: [{ type: 'text', content: 'Wait.' }, { name: 'refund' }] } },
    ],
  ])('%s', (set, reply) => {
    expect(edited(set)).toMatchObject(reply as object)
  })

  it('goes into JSON text, and leaves every other byte of it', () => {
    const lost = text.replace('"delivered"', '"lost"')
    expect(edited('steps[2].result.status="lost"')).toEqual({ response: lost, isError: false })
    expect(edited('steps[3].result.content[0].text.status="lost"')).toMatchObject({
      response: { content: [{ type: 'text', text: lost }], isError: false },
    })
  })

  it('in place of JSON text is JSON text', () => {
    expect(edited('steps[2].result={"status":"lost"}')).toMatchObject({ response: '{"status":"lost"}' })
    expect(edited('steps[2].result="lost"')).toMatchObject({ response: 'lost' })
  })

  it('says what stood there', () => {
    const edit = readEdit('steps[3].result.content[0].text.status="lost"', recording, read)
    expect(edit).toMatchObject({ step: 3, path: 'steps[3].result.content[0].text.status' })
    expect(recordedAt(recording.calls[2] as Call, edit)).toBe('delivered')
  })

  it('leaves the recording as it was', () => {
    const before = JSON.stringify(recording)
    edited('steps[1].result.items[0].sku="pot"')
    edited('steps[4].arguments.usd=5')
    expect(JSON.stringify(recording)).toBe(before)
  })

  it.each([
    ['steps[2].result.staus="x"', 'nearest: steps[2].result.status'],
    ['steps[3].result.content[0].text.sttus=1', 'nearest: steps[3].result.content[0].text.status'],
    ['steps[1].reslt.order=1', 'nearest: steps[1].result'],
    [
      'steps[5].arguments.n=1',
      'of this step can be set: steps[5].reply, steps[5].calls[0].arguments, steps[5].calls[1].arguments',
    ],
    ['steps[99].result=1', 'step 1: tool get_order'],
    ['steps[0].result=1', 'step 7: person approve'],
    ['step[1].result=1', 'step 4: model call'],
    ['steps[1].result=sent', 'a text is written with its quotes: "sent"'],
  ])('%s is refused, and the right way shown', (set, detail) => {
    const error = refused(set)
    expect(error.code).toBe('EVK_FORK_INVALID')
    expect(error.details).toContain(detail)
  })

  it.each([
    'steps[1].result',
    'steps[1].result.items[*].sku=1',
    'steps[1].result.constructor=1',
    'steps[1].result.items[4]=1',
    'steps[8].result=1',
    'steps[6].reply.x=1',
    'steps[4].reply={"a":1}',
    '=1',
    '',
  ])('%s is refused', (set) => {
    expect(refused(set).code).toBe('EVK_FORK_INVALID')
  })

  it('takes no key that reaches a prototype', () => {
    expect(refused('steps[1].result={"__proto__":1}').code).toBe('EVK_JSON_FORBIDDEN_KEY')
    expect(refused('steps[1].result.__proto__=1').code).toBe('EVK_FORK_INVALID')
  })

  it('takes what can be set of any recorded run', () => {
    refund().calls.forEach((call, index) => {
      const target = call.kind === 'tool' ? 'result' : 'reply'
      expect(() => readEdit(`steps[${index + 1}].${target}="x"`, refund(), read)).not.toThrow()
    })
  })
})

describe('a path into a value', () => {
  const values = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, true, 1, 'a', '', '[', '{"a":1'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c d'), tie('value'), { maxKeys: 3 }),
      tie('value').map((value) => JSON.stringify(value, null, 1)),
    ),
  })).value

  it('leads to what was put there, and nothing beside it changes', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, seed) => {
        const paths = pathsIn(value)
        const path = paths[seed % Math.max(1, paths.length)]
        if (path === undefined) return
        const after = withInside(value, path, 'new')
        expect(after).toBeDefined()
        expect(insideOf(after as Json, path)).toBe('new')
        for (const other of paths) {
          if (begins(other, path) || begins(path, other)) continue
          expect(insideOf(after as Json, other)).toEqual(insideOf(value, other))
        }
      }),
      { seed: 42 },
    )
  })

  it('leads to nothing where nothing is', () => {
    expect(withInside({ a: [1] }, ['a', 1], 2)).toBeUndefined()
    expect(withInside('no JSON', ['a'], 2)).toBeUndefined()
    expect(withInside('{"a":1}', ['a', 'b'], 2)).toBeUndefined()
    expect(insideOf({ a: null }, ['a', 'b'])).toBeUndefined()
  })
})

function begins(path: Inside, other: Inside): boolean {
  return other.length <= path.length && other.every((step, at) => step === path[at])
}
