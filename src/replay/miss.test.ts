import { describe, expect, it } from 'vitest'
import { readPath } from '../lib/json-path.ts'
import { knownTools } from '../schema/known-tools.ts'
import { defaultNormalizers, normalizers, type Normalizers } from '../schema/normalizers.ts'
import { divergence } from '../schema/outcome.ts'
import { recordingWith, used } from '../schema/testing/recordings.ts'
import type { Json } from '../schema/json.ts'
import { toolsFile } from '../schema/tool.ts'
import { matcher } from './match.ts'
import { missAt } from './miss.ts'

const booking = (id: string, more: Json = 1): Json => ({
  'request id': { value: id },
  seats: [{ row: 1 }, { row: more }],
})
const recording = recordingWith([
  used('book', booking('r-aaaa-1'), 'booked as r-aaaa-1'),
  used('book', booking('r-aaaa-2', 2), 'booked as r-aaaa-2'),
  used('book', { other: true }, 'no'),
  used('book', { another: true, still: 1 }, 'no'),
])

function missing(given: Json, frozen: Normalizers = defaultNormalizers) {
  const match = matcher(recording, { normalizers: frozen })
  const found = match.tool(1, { name: 'book', arguments: given })
  return 'miss' in found ? missAt(1, found.miss, recording) : found
}

describe('the miss of a tool', () => {
  it('shows the three nearest calls with paths, as a record that can be written', () => {
    const missed = missing(booking('r-live-1'))
    expect(missed).toEqual({
      step: 1,
      kind: 'request',
      what: 'At step 1 tool book is called with arguments the recording does not hold (recorded step 2 differs in 2; recorded step 3 differs in 3).',
      differences: [{ path: 'arguments["request id"].value', expected: 'r-aaaa-1', got: 'r-live-1' }],
      nearest: [
        { step: 1, name: 'book', differences: [expect.anything()] },
        { step: 2, name: 'book', differences: [expect.anything(), expect.anything()] },
        { step: 3, name: 'book', differences: [expect.anything(), expect.anything(), expect.anything()] },
      ],
    })
    expect(divergence.parse(missed)).toEqual(missed)
  })

  it('has paths that cure it, pasted into volatile', () => {
    const missed = missing(booking('r-live-1'))
    const paths = 'differences' in missed ? missed.differences.map(({ path }) => path) : []
    const file = toolsFile.parse({ tools: { book: { volatile: paths } } })
    const frozen = normalizers.parse({ volatile: { book: file.tools.book?.volatile } })
    expect(missing(booking('r-live-1'), frozen)).toMatchObject({
      served: 'normalized',
      normalizers: ['volatile'],
      call: { reply: { response: 'booked as r-live-1' } },
    })
  })

  it('does not show what makes no difference: texts of lists, defaults, new ids', () => {
    const known = knownTools({
      v: 1,
      tools: { book: { inputSchema: { properties: { n: { type: 'integer' } } } } },
    })
    const match = matcher(
      recordingWith([used('book', { ids: ['a'], n: 1, key: 'k-recorded', city: 'Rome' }, 1)]),
      {
        known,
        normalizers: { ...defaultNormalizers, volatile: { book: ['arguments.key'] } },
      },
    )
    const given = { ids: '["a"]', n: '1', key: 'k-live', city: 'Oslo' }
    expect(match.tool(1, { name: 'book', arguments: given })).toMatchObject({
      miss: { nearest: [{ differences: [{ path: 'arguments.city', expected: 'Rome', got: 'Oslo' }] }] },
    })
  })

  it('shows values that were blanked where they are of two kinds', () => {
    const match = matcher(recordingWith([used('book', { key: 'k-recorded' }, 1)]), {
      normalizers: { ...defaultNormalizers, volatile: { book: ['arguments.key'] } },
    })
    const found = match.tool(1, { name: 'book', arguments: { key: 7 } })
    expect(found).toMatchObject({
      miss: { nearest: [{ differences: [{ path: 'arguments.key', expected: 'k-recorded', got: 7 }] }] },
    })
  })

  it('says when only what was written before is another', () => {
    const match = matcher(recordingWith([used('pay', {}, 'paid'), used('book', {}, 'booked')]))
    expect(match.tool(1, { name: 'book', arguments: {} })).toEqual({
      miss: {
        what: 'tool book is called with these arguments after other writes than in the recording',
        nearest: [{ step: 2, name: 'book', differences: [] }],
      },
    })
  })

  it('has paths that can be read, whatever arguments are called', () => {
    const match = matcher(recordingWith([used('book', { a: 1 }, 1)]))
    const given = { 'a.b': 1, '': [{ '"': 2 }], '[0]': 3, constructor: 4 }
    const found = match.tool(1, { name: 'book', arguments: given })
    const paths = 'miss' in found ? (found.miss.nearest[0]?.differences ?? []).map(({ path }) => path) : []
    expect(paths).toHaveLength(5)
    for (const path of paths) expect(readPath(path)?.[0]).toBe('arguments')
  })
})

it('is told apart from a case that has no recording', () => {
  expect(missAt(3, { what: 'x', nearest: [] }, undefined)).toEqual({
    step: 3,
    kind: 'miss',
    what: 'A call was made, but this case has no recording.',
    differences: [],
  })
})
