import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../lib/hash.ts'
import type { Fixture } from '../schema/fixture.ts'
import type { Json } from '../schema/json.ts'
import { packRecording, recordingOf } from '../schema/recording.ts'
import { fixturePath, hasFixture, readFixture, writeFixture } from './fixture-file.ts'
import { deskTrace } from './testing/desk.ts'
import { failureOf, folderWith } from './testing/folder.ts'

const recorded = (trial = 0) => packRecording(recordingOf(deskTrace({ trial })))
const desk = (over: Partial<Fixture> = {}): Fixture => ({
  v: 1,
  dataset: 'desk',
  case: 'find-momo',
  recordings: [recorded()],
  ...over,
})
const withOutput = (output: Json): Fixture => desk({ recordings: [{ ...recorded(), output }] })
const path = 'desk/find-momo.json'
const long = 'a long answer, '.repeat(4000)

/** A folder that holds the fixture, and perhaps a changed text of it. */
function written(fixture: Fixture, change: (text: string) => string | Uint8Array = (text) => text): string {
  const folder = folderWith()
  writeFixture(folder, fixture)
  writeFileSync(join(folder, path), change(readFileSync(join(folder, path), 'utf8')))
  return folder
}
const read = (folder: string) => readFixture(folder, 'desk', 'find-momo')

describe('a fixture file', () => {
  it('gives back what was written, and the hash of its bytes', () => {
    const folder = written(desk({ recordings: [recorded(0), recorded(1)] }))
    const { fixture, hash } = read(folder)
    expect(fixture).toEqual(desk({ recordings: [recorded(0), recorded(1)] }))
    expect(hash).toBe(sha256(readFileSync(join(folder, path))).slice(0, 16))
  })

  it('has the same bytes for the same fixture, whatever order its keys came in', () => {
    const { recordings, ...head } = desk()
    const turned = { recordings, ...Object.fromEntries(Object.entries(head).reverse()) } as Fixture
    const [one, other] = [written(desk()), written(turned)]
    expect(readFileSync(join(other, path))).toEqual(readFileSync(join(one, path)))
    writeFixture(one, read(one).fixture)
    expect(readFileSync(join(one, path))).toEqual(readFileSync(join(other, path)))
  })

  it('keeps the order of keys in what a tool answered: an agent may show it to its model as text', () => {
    const response = { title: 'Momo', author: 'Ende', shelf: { row: 2, column: 1 } }
    const calls = [
      {
        step: 1,
        kind: 'tool',
        request: { name: 'find', arguments: { z: 1, a: 2 } },
        reply: { response, isError: false },
      },
    ] as const
    const folder = written(desk({ recordings: [{ ...recorded(), calls }] }))
    const [call] = read(folder).fixture.recordings[0]?.calls ?? []
    if (call?.kind !== 'tool') throw new Error('the tool call is gone')
    expect(JSON.stringify(call.reply.response)).toBe(JSON.stringify(response))
    expect(JSON.stringify(call.request.arguments)).toBe('{"z":1,"a":2}')
  })

  it('is pretty text with a newline at its end', () => {
    const text = readFileSync(join(written(desk()), path), 'utf8')
    expect(text.startsWith('{\n  "case": "find-momo",\n  "dataset": "desk",\n')).toBe(true)
    expect(text.endsWith('}\n')).toBe(true)
  })

  it('is text that a reviewer’s terminal shows as it is', () => {
    const hostile = 'a\u001b[2J\u009b2J\u202ebook\u2069\u200b ##vso[task.complete]'
    const folder = written(withOutput(hostile))
    expect(readFileSync(join(folder, path), 'utf8')).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}|##vso\[/u)
    expect(read(folder).fixture.recordings[0]?.output).toBe(hostile)
  })

  it('keeps long texts in blobs, named by what they hold, and brings them back', () => {
    const folder = written(withOutput({ text: long, again: long }))
    expect(readdirSync(join(folder, 'blobs'))).toEqual([sha256(long)])
    expect(readFileSync(join(folder, 'blobs', sha256(long)), 'utf8')).toBe(long)
    expect(readFileSync(join(folder, path), 'utf8').length).toBeLessThan(4000)
    expect(read(folder).fixture).toEqual(withOutput({ text: long, again: long }))
  })

  it.each([
    ['a byte order mark', `\uFEFF${long}`],
    ['a zero character', `${long}\0${long}`],
    ['carriage returns', `${long}\r\n\r${long}`],
    ['a lone surrogate', `${long}\udc00`],
    ['any plane', '𝄞👩‍🚀'.repeat(9000)],
  ])('brings a long text with %s back as it was', (_, output) => {
    expect(read(written(withOutput(output))).fixture.recordings[0]?.output).toBe(output)
  })

  it('law: any output comes back', () => {
    const folder = folderWith()
    const json = fc.oneof(
      fc.jsonValue({ stringUnit: 'binary' }),
      fc.dictionary(fc.constantFrom('$blob', '$$blob', 'system'), fc.string({ unit: 'binary' })),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }).map((text) => text.repeat(40_000)),
    )
    fc.assert(
      fc.property(json, (given) => {
        const output = JSON.parse(JSON.stringify(given)) as Json
        fc.pre(!JSON.stringify(output).includes('__proto__'))
        writeFixture(folder, withOutput(output))
        expect(read(folder).fixture.recordings[0]?.output).toStrictEqual(output)
      }),
      { seed: 42, numRuns: 100 },
    )
  })

  it('is not written where it could not be read again', async () => {
    let deep: Json = 1
    for (let depth = 0; depth < 250; depth++) deep = [deep]
    const folder = written(desk())
    const before = readFileSync(join(folder, path))
    expect((await failureOf(() => writeFixture(folder, withOutput(deep)))).code).toBe('EVK_JSON_TOO_DEEP')
    const own = JSON.parse('{"__proto__":1}') as Json
    expect((await failureOf(() => writeFixture(folder, withOutput(own)))).code).toBe('EVK_JSON_FORBIDDEN_KEY')
    expect(readFileSync(join(folder, path))).toEqual(before)
  })

  it('is the old one after a crash between its blobs and itself', () => {
    const folder = written(desk())
    writeFileSync(join(folder, `${path}.4711.tmp`), '{"half":')
    mkdirSync(join(folder, 'blobs'))
    writeFileSync(join(folder, 'blobs', sha256(long)), long)
    expect(read(folder).fixture).toEqual(desk())
  })
})

describe('a fixture file that is none', () => {
  const blob = sha256(long)
  it.each([
    ['empty', () => '', 'EVK_FILE_EMPTY'],
    ['cut off', (text: string) => text.slice(0, -20), 'EVK_JSON_SYNTAX'],
    ['binary', () => Buffer.from([1, 0, 2]), 'EVK_FILE_BINARY'],
    ['no UTF-8', () => Buffer.from([0x22, 0xff, 0x22]), 'EVK_FILE_BINARY'],
    ['deep', () => '['.repeat(5000) + ']'.repeat(5000), 'EVK_JSON_TOO_DEEP'],
    ['poisoned', () => '{"__proto__":{}}', 'EVK_JSON_FORBIDDEN_KEY'],
    ['a list', () => '[]', 'EVK_FIXTURE_CORRUPT'],
    ['without recordings', () => JSON.stringify(desk({ recordings: [] })), 'EVK_FIXTURE_CORRUPT'],
    ['with a strange key', (text: string) => text.replace('"trial"', '"trail"'), 'EVK_FIXTURE_CORRUPT'],
    ['newer', (text: string) => text.replace('"v": 1', '"v": 2'), 'EVK_VERSION_NEWER'],
    ['of another case', (text: string) => text.replace('"find-momo"', '"find-emil"'), 'EVK_FIXTURE_CORRUPT'],
    [
      'of another dataset',
      (text: string) => text.replace('"dataset": "desk"', '"dataset": "till"'),
      'EVK_FIXTURE_CORRUPT',
    ],
    ['merged wrongly', () => JSON.stringify(desk({ recordings: [recorded(1)] })), 'EVK_FIXTURE_CORRUPT'],
    [
      'with one recording twice',
      () => JSON.stringify(desk({ recordings: [recorded(), { ...recorded(), trial: 1 }] })),
      'EVK_FIXTURE_CORRUPT',
    ],
    [
      'with a blob that leads out',
      (text: string) => text.replace(blob, '../../../etc/passwd'),
      'EVK_PATH_OUTSIDE',
    ],
    ['with a blob that is absolute', (text: string) => text.replace(blob, '/etc/passwd'), 'EVK_PATH_OUTSIDE'],
    ['with a blob in capitals', (text: string) => text.replace(blob, blob.toUpperCase()), 'EVK_PATH_OUTSIDE'],
    [
      'with a blob that is nowhere',
      (text: string) => text.replace(blob, 'a'.repeat(64)),
      'EVK_FIXTURE_CORRUPT',
    ],
  ])('%s: its code and place', async (_, change, code) => {
    const folder = written(withOutput(long), change)
    const error = await failureOf(() => read(folder))
    expect(error.code).toBe(code)
    expect(error.at).toMatchObject({ file: join(folder, path), case: 'find-momo' })
    expect(error.exit).toBe(2)
  })

  it('says which recording was mixed up', async () => {
    const folder = written(desk(), () => JSON.stringify(desk({ recordings: [recorded(), recorded(2)] })))
    expect((await failureOf(() => read(folder))).at.path).toBe('recordings[1].trial')
  })

  it.each([
    ['changed', (content: string) => `${content}!`],
    ['cut off', (content: string) => content.slice(1)],
    ['empty', () => ''],
  ])('a blob that was %s is corrupt', async (_, change) => {
    const folder = written(withOutput(long))
    writeFileSync(join(folder, 'blobs', blob), change(long))
    const error = await failureOf(() => read(folder))
    expect(error.code).toBe('EVK_FIXTURE_CORRUPT')
    expect(error.at.file).toBe(join(folder, 'blobs', blob))
  })

  it('a blob that is gone is corrupt', async () => {
    const folder = written(withOutput(long))
    rmSync(join(folder, 'blobs', blob))
    const error = await failureOf(() => read(folder))
    expect([error.code, error.message]).toEqual(['EVK_FIXTURE_CORRUPT', `The blob ${blob} is missing.`])
  })

  it('missing: names the case', async () => {
    const error = await failureOf(() => read(folderWith()))
    expect([error.code, error.message]).toEqual(['EVK_FIXTURE_MISSING', 'Case "find-momo" has no fixture.'])
  })

  it('too large: is not read', async () => {
    const folder = written(desk(), () => new Uint8Array(64 * 1024 * 1024 + 1))
    expect((await failureOf(() => read(folder))).code).toBe('EVK_FILE_TOO_LARGE')
  })

  it.each([
    ['fixture', path],
    ['blob', join('blobs', blob)],
  ])('a %s of a gigabyte: is not even opened', async (_, file) => {
    const folder = written(withOutput(long))
    // A file of nothing: it takes no room on the disk, and would in memory.
    truncateSync(join(folder, file), 2 ** 30)
    const before = process.memoryUsage().arrayBuffers
    expect((await failureOf(() => read(folder))).code).toBe('EVK_FILE_TOO_LARGE')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26)
  })

  it.each([
    ['in a tool’s arguments', '"arguments": {', '"arguments": {"__proto__": {"isAdmin": true},'],
    ['spelled by escapes', '"arguments": {', '"arguments": {"\\u005f_proto__": 1,'],
  ])('poisoned %s: its code', async (_, from, to) => {
    const folder = written(desk(), (text) => text.replace(from, to))
    expect(readFileSync(join(folder, path), 'utf8')).toContain(to)
    expect((await failureOf(() => read(folder))).code).toBe('EVK_JSON_FORBIDDEN_KEY')
  })

  it.each([
    ['leads nowhere', 'arguments['],
    ['is no path into arguments', 'result.id'],
    ['never ends', `arguments.${'a'.repeat(600)}`],
  ])('with a volatile path that %s: is corrupt', async (_, volatile) => {
    const normalizers = { rules: [], model: [], volatile: { find: [volatile] } }
    const folder = written(desk(), () => JSON.stringify(desk({ normalizers })))
    expect((await failureOf(() => read(folder))).code).toBe('EVK_FIXTURE_CORRUPT')
  })

  it('a folder: is told from a missing file', async () => {
    const folder = folderWith()
    mkdirSync(fixturePath(folder, 'desk', 'find-momo'), { recursive: true })
    expect((await failureOf(() => read(folder))).code).toBe('EVK_FILE_UNUSABLE')
    expect(hasFixture(folder, 'desk', 'find-momo')).toBe(false)
  })
})

describe('hasFixture', () => {
  it('says whether there is one', () => {
    const folder = written(desk())
    expect(hasFixture(folder, 'desk', 'find-momo')).toBe(true)
    expect(hasFixture(folder, 'desk', 'find-emil')).toBe(false)
    expect(hasFixture(folder, 'till', 'find-momo')).toBe(false)
  })
})
