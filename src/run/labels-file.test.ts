import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Label } from '../schema/label.ts'
import { labelOf } from './testing/labels.ts'
import { labelsHash, labelsText, newestLabels, putLabel, readLabels } from './labels-file.ts'

let file = ''
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'labels-')), 'support.labels.jsonl')
})
const read = () => readLabels(file, 'evals/support.labels.jsonl')

const anyLabel: fc.Arbitrary<Label> = fc
  .record({
    case: fc.constantFrom('a', 'b', 'c'),
    trial: fc.nat(2),
    label: fc.constantFrom('pass' as const, 'fail' as const),
    by: fc.constantFrom('Ann', 'Ben'),
    at: fc.nat(5).map((hour) => `2026-11-28T0${hour}:00:00.000Z`),
    note: fc.constantFrom('because', 'never'),
  })
  .map((sketch) => labelOf(sketch))

describe('labels file', () => {
  it('is none where there is no file', async () => {
    expect(await read()).toEqual([])
  })

  it('gives back what was put in, sorted, one a line', async () => {
    await putLabel(file, file, labelOf({ case: 'b' }))
    await putLabel(file, file, labelOf({ case: 'a', note: 'not \u001b[31m red' }))
    expect((await read()).map((one) => one.case)).toEqual(['a', 'b'])
    const text = readFileSync(file, 'utf8')
    expect(text.split('\n')).toHaveLength(3)
    expect(text).not.toContain('\u001b')
    expect((await read())[0]?.note).toBe('not \u001b[31m red')
  })

  it('keeps one label a person, and that of another person', async () => {
    await putLabel(file, file, labelOf({ label: 'pass', by: 'Ann', at: '2026-11-28T08:00:00.000Z' }))
    await putLabel(file, file, labelOf({ label: 'fail', by: 'Ben', at: '2026-11-28T09:00:00.000Z' }))
    const all = await putLabel(
      file,
      file,
      labelOf({ label: 'fail', by: 'Ann', at: '2026-11-28T10:00:00.000Z' }),
    )
    expect(all).toHaveLength(2)
    expect(newestLabels(await read())).toMatchObject([{ by: 'Ann', label: 'fail' }])
  })

  it('writes the same bytes for the same labels, in whatever order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyLabel, { selector: (one) => JSON.stringify(one) }), (labels) => {
        expect(labelsText(labels.toReversed())).toBe(labelsText(labels))
        expect(labelsHash(labels.toReversed())).toBe(labelsHash(labels))
      }),
      { seed: 42 },
    )
  })

  it('lets the newest of an outcome hold, once', () => {
    fc.assert(
      fc.property(fc.array(anyLabel), (labels) => {
        const newest = newestLabels(labels)
        for (const one of newest) {
          const rivals = labels.filter((other) => other.case === one.case && other.trial === one.trial)
          expect(rivals.every(({ at }) => at <= one.at)).toBe(true)
          expect(newest.filter((other) => other.case === one.case && other.trial === one.trial)).toHaveLength(
            1,
          )
        }
      }),
      { seed: 42 },
    )
  })

  it.each([
    ['not JSON', '{', 'EVK_JSON_SYNTAX'],
    ['another word', JSON.stringify({ ...labelOf({}), label: 'maybe' }), 'EVK_SCHEMA'],
    ['a key that does not exist', JSON.stringify({ ...labelOf({}), verdict: 'pass' }), 'EVK_SCHEMA'],
    ['a path for a case', JSON.stringify({ ...labelOf({}), case: '../../etc/passwd' }), 'EVK_SCHEMA'],
    ['a later version', JSON.stringify({ ...labelOf({}), v: 2 }), 'EVK_VERSION_NEWER'],
    ['a forbidden key', '{"__proto__":{"v":1}}', 'EVK_JSON_FORBIDDEN_KEY'],
  ])('names file and line of %s', async (_, line, code) => {
    writeFileSync(file, `${JSON.stringify(labelOf({}))}\n${line}\n`)
    await expect(read()).rejects.toMatchObject({ code, at: { file: 'evals/support.labels.jsonl', line: 2 } })
  })
})
