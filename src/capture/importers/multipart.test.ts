import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { gradeOf } from '../../schema/grade.ts'
import type { Imported } from './importer.ts'
import { langsmith } from './langsmith.ts'
import { partsIn } from './multipart.ts'
import { joinedSource, sourceFrom } from './source.ts'

const sample = readFileSync(new URL('./langsmith-multipart.sample.txt', import.meta.url))
const exported = readFileSync(new URL('./langsmith.sample.json', import.meta.url))
const boundary = '----LangSmithFormBoundary7kq2m9x4tz'

function imported(...bodies: readonly Uint8Array[]): readonly Imported[] {
  return [...langsmith.read(joinedSource(bodies.map((bytes, index) => sourceFrom(`${index}.txt`, bytes))))]
}

function ids(found: readonly Imported[]): readonly string[] {
  return found.flatMap((one) => ('trace' in one ? [one.trace.id] : []))
}

function problems(found: readonly Imported[]) {
  return found.flatMap((one) => ('problem' in one ? [one.problem] : []))
}

/** A body of these parts, as the SDKs write it. */
function bodyOf(...parts: readonly (readonly [name: string, content: string, type?: string])[]): Buffer {
  const written = parts.map(
    ([name, content, type = 'application/json']) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}\r\n\r\n${content}\r\n`,
  )
  return Buffer.from(`${written.join('')}--${boundary}--\r\n`)
}

/** The sample's parts, for bodies made of some of them. */
const parts = [...partsIn(sample)].map((found): readonly [string, string] => {
  if ('problem' in found) throw new Error(found.problem)
  return [found.part.name, Buffer.from(found.part.content).toString()]
})

const wanted = ids(imported(exported))

describe('runs of LangSmith in parts', () => {
  it('are the same trace as in an export', () => {
    expect(wanted).toHaveLength(1)
    expect(ids(imported(sample))).toEqual(wanted)
    expect(ids(imported(bodyOf(...parts)))).toEqual(wanted)
  })

  it('are the same trace over several bodies, in any order, also where a patch comes first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), fc.nat(), (all, at) => {
        const cut = at % all.length
        const bodies = [bodyOf(...all.slice(0, cut)), bodyOf(...all.slice(cut))].slice(cut === 0 ? 1 : 0)
        expect(ids(imported(...bodies))).toEqual(wanted)
        expect(ids(imported(Buffer.concat(bodies)))).toEqual(wanted)
      }),
      { seed: 42, numRuns: 30 },
    )
  })

  it('are named where they cannot be read, and harm no others', () => {
    const strange = bodyOf(
      ['post.x', '{"a":'],
      ['delete.x', '{}'],
      ['post.x.password', '{}'],
      ['attachment.x.photo', 'JFIF', 'image/jpeg; length=4'],
      ['feedback.f', '{"key":"good","score":1}'],
      ['feedback.g', '{"key":"good","score":1,"run_id":"elsewhere"}'],
      ...parts,
    )
    const found = imported(strange)
    expect(ids(found)).toEqual(wanted)
    expect(problems(found)).toEqual([
      { action: 'skipped', at: 'part post.x', reason: expect.stringContaining('not JSON') },
      { action: 'skipped', at: 'part delete.x', reason: 'no run has a part of this name' },
      { action: 'skipped', at: 'part post.x.password', reason: 'no run has a part of this name' },
      {
        action: 'skipped',
        at: 'part attachment.x.photo',
        reason: 'attachments are not read (image/jpeg, 4 bytes)',
      },
      { action: 'skipped', at: 'part feedback.f', reason: 'the feedback is of no run' },
      { action: 'skipped', at: 'part feedback.elsewhere', reason: 'the run this is about is not here' },
    ])
  })

  it('keep what was said of them afterwards', () => {
    const root = parts[0]?.[0].split('.')[1] ?? ''
    const feedback = (key: string): readonly [string, string] => [
      `feedback.${key}`,
      JSON.stringify({ key, score: 0.5, run_id: root, trace_id: root }),
    ]
    const [found] = imported(bodyOf(...parts, feedback('a')), bodyOf(feedback('b')))
    const span = found !== undefined && 'trace' in found ? found.trace.spans[0] : undefined
    expect(span?.attributes?.['langsmith.feedback']).toMatchObject([{ key: 'a' }, { key: 'b' }])
  })

  it('are left for a later import while only their beginning is known, unless somebody asks for it', () => {
    const begun = sourceFrom('a.txt', bodyOf(...parts.filter(([name]) => name.startsWith('post.'))))
    expect(problems([...langsmith.read(begun)])).toEqual([
      {
        action: 'skipped',
        at: expect.stringMatching(/^part post\./),
        reason: expect.stringContaining('not ended'),
      },
    ])
    const [found] = [...langsmith.read(begun, { unfinished: true })]
    const trace = found !== undefined && 'trace' in found ? found.trace : undefined
    expect(trace?.ended).toBe('unfinished')
    expect(trace === undefined ? undefined : gradeOf(trace).grade).toBe('C')
    expect(wanted).not.toContain(trace?.id)
  })

  it('are read as far as they go where a body was cut off, which is said', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: sample.length - 8 }), (length) => {
        try {
          const found = imported(sample.subarray(0, length))
          expect(problems(found).map(({ reason }) => reason)).toContain('the body was cut off')
        } catch (error) {
          if (!EvalkitError.is(error)) throw error
        }
      }),
      { seed: 42, numRuns: 60 },
    )
  })
})

describe('parts of a body', () => {
  it('are its bytes, whatever they are, with the line breaks the body has', () => {
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255])
    const wrapped = Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; filename="x"; name="file"\r\n\r\n'),
      bytes,
      Buffer.from('\r\n--b--'),
    ])
    expect([...partsIn(wrapped)]).toEqual([
      { at: 'part 1', part: { name: 'file', type: '', content: bytes } },
    ])
    const lines = '--b\nContent-Disposition: form-data; name="a"\nContent-Type: Text/Plain;x\n\nhi\n--b--\n\n'
    expect([...partsIn(Buffer.from(lines))]).toEqual([
      { at: 'part 1', part: { name: 'a', type: 'text/plain', content: Buffer.from('hi') } },
    ])
  })

  it('are told from what is none', () => {
    const problem = (text: string) =>
      [...partsIn(Buffer.from(text))].flatMap((found) => ('problem' in found ? [found.problem] : []))
    expect(problem('--b\r\nno header\r\n--b--')).toEqual(['the part has no header'])
    expect(problem('--b\r\nx: y\r\n\r\nz\r\n--b--')).toEqual(['the part has no name'])
    expect(problem('hello')).toEqual(['this is no part of a body'])
  })
})
