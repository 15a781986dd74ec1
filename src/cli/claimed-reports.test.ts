import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { samples } from '../report/report.sample.ts'
import { EvalkitError } from '../schema/errors.ts'
import { readClaimedReports } from './claimed-reports.ts'

const red = samples()['red']?.report
const text = JSON.stringify(red)

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claimed-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (name: string): string => join(folder, name)
async function codeOf(...names: readonly string[]): Promise<string> {
  try {
    return `read ${(await readClaimedReports(names.map(at))).length}`
  } catch (error) {
    return EvalkitError.is(error) ? error.code : String(error)
  }
}

describe('readClaimedReports', () => {
  it('reads files, and of folders what lies in them and is a document', async () => {
    writeFileSync(at('b.json'), text)
    mkdirSync(at('kept/deeper'), { recursive: true })
    for (const name of ['kept/a.json', 'kept/a.html', 'kept/deeper/c.json']) writeFileSync(at(name), text)
    expect(await readClaimedReports([at('b.json'), at('kept')])).toEqual([red, red])
  })

  it.each(['nothing', 'empty'])('is no silence where there is none: %s', async (name) => {
    mkdirSync(at('empty'))
    expect(await codeOf(name)).toBe('EVK_REPORT_MISSING')
  })

  it('follows no link, neither to a file nor out of a folder', async () => {
    writeFileSync(at('real.json'), text)
    mkdirSync(at('kept'))
    symlinkSync(at('real.json'), at('kept/link.json'))
    symlinkSync(folder, at('folder.json'))
    expect(await codeOf('kept')).toBe('EVK_FILE_UNUSABLE')
    expect(await codeOf('kept/link.json')).toBe('EVK_FILE_UNUSABLE')
    expect(await codeOf('folder.json')).toBe('EVK_FILE_UNUSABLE')
  })

  it.each<[string, string, string]>([
    ['empty', '', 'EVK_FILE_EMPTY'],
    ['cut off', text.slice(0, -9), 'EVK_JSON_SYNTAX'],
    ['too deep', '['.repeat(5_000), 'EVK_JSON_TOO_DEEP'],
    ['a prototype', `{"__proto__": ${text}}`, 'EVK_JSON_FORBIDDEN_KEY'],
    ['not text', 'a\0b', 'EVK_FILE_BINARY'],
    ['something else', '{"schemaVersion":1}', 'EVK_SCHEMA'],
    ['more than a report', text.replace('{', '{"html":"<script>",'), 'EVK_SCHEMA'],
    ['of a later version', text.replace('"schemaVersion":1', '"schemaVersion":2'), 'EVK_VERSION_NEWER'],
    ['several', `[${text}]`, 'EVK_SCHEMA'],
  ])('refuses one that is %s, and all others with it', async (_, written, code) => {
    writeFileSync(at('good.json'), text)
    writeFileSync(at('bad.json'), written)
    expect(await codeOf('good.json', 'bad.json')).toBe(code)
  })

  it('is bounded: in files, in values, and in bytes all together', async () => {
    mkdirSync(at('many'))
    for (let n = 0; n < 51; n++) writeFileSync(at(`many/${n}.json`), text)
    expect(await codeOf('many')).toBe('EVK_FILE_TOO_LARGE')
    writeFileSync(at('wrong.json'), text.replace('"cases":[', `"cases":[${'1,'.repeat(2_000_000)}`))
    expect(await codeOf('wrong.json')).toBe('EVK_FILE_TOO_LARGE')
    writeFileSync(at('good.json'), text)
    writeFileSync(at('huge.json'), '')
    truncateSync(at('huge.json'), 32 * 1024 * 1024)
    expect(await codeOf('good.json', 'huge.json')).toBe('EVK_FILE_TOO_LARGE')
  })
})
