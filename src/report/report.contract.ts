import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { signOf } from './format.ts'
import { script } from './html-script.ts'
import { reporters } from './index.ts'
import { samples, sampleRun, sampleTrial } from './report.sample.ts'
import type { Reporter } from './reporter.ts'
import { buildReport } from './build.ts'

const plainStyle = { colour: false, width: 100 }
const all = samples()
/** Too long to be read in these: there, the promises below are what counts. */
const unreadable = new Set(['hostile.json', 'hostile.jsonl', 'hostile.html'])

export interface Medium {
  readonly extension: string
  /** Fails where something in the text does more than be read, in the medium it is made for. */
  readonly inert: (text: string) => void
  /** What a report of thousands of cases may take: characters. */
  readonly most: number
  /** Names what is the same in every report and written elsewhere already: goldens hold the name in its place. */
  readonly asGolden?: (text: string) => string
}

/** What every reporter promises, shown on the sample reports. `UPDATE=1` renews the goldens in `goldens/`. */
export function describeReporter(reporter: Reporter, medium: Medium): void {
  describe(`reporter ${reporter.name}`, () => {
    it('is registered under its own name', () => {
      expect(Object.entries(reporters).find(([, member]) => member === reporter)?.[0]).toBe(reporter.name)
    })

    for (const [name, { report, ...beside }] of Object.entries(all)) {
      const render = (): string => reporter.render(report, { style: plainStyle, ...beside })

      it(`shows the ${name} sample as its golden, the same bytes every time`, () => {
        const text = render()
        expect(render()).toBe(text)
        expect(text.endsWith('\n')).toBe(true)
        const file = `${name}.${medium.extension}`
        const { asGolden = (whole: string) => whole } = medium
        const kept = asGolden(text)
        expect(kept).toBe(unreadable.has(file) ? kept : golden(file, kept))
      })

      it(`says what the verdict on the ${name} sample is, without colour`, () => {
        expect(render()).toMatch(new RegExp(`\\b${signOf(report.verdict).word}\\b`, 'i'))
      })

      it(`makes everything in the ${name} sample inert`, () => {
        const text = render()
        expect(text.replaceAll('\n', '').replaceAll('\t', '')).not.toMatch(
          /\p{Cc}|[\u202a-\u202e\u2066-\u2069]|\p{Cs}/u,
        )
        medium.inert(text)
      })
    }

    it('stays within bounds for thousands of cases', () => {
      const trials = Array.from({ length: 5_000 }, (_, at) => sampleTrial(`case-${at}`, 0, at % 2 === 0))
      const report = buildReport({ run: sampleRun({ cases: 5_000, trials: 1 }), trials, metric: 'success' })
      expect(reporter.render(report, { style: plainStyle, traces: {} }).length).toBeLessThanOrEqual(
        medium.most,
      )
    })
  })
}

function golden(file: string, text: string): string {
  const directory = new URL('./goldens/', import.meta.url)
  if (process.env.UPDATE === '1') {
    mkdirSync(directory, { recursive: true })
    writeFileSync(new URL(file, directory), text)
  }
  return readFileSync(new URL(file, directory), 'utf8')
}

/** No line commands a CI runner. */
export function harmlessInALog(text: string): void {
  for (const line of text.split('\n')) expect(line.trimStart().startsWith('::')).toBe(false)
  expect(text).not.toMatch(/##\w*\[/)
}

/** Outside of code nothing links, mentions, refers or is HTML of anybody else's. */
export function harmlessMarkdown(text: string): void {
  harmlessInALog(text)
  const outside = text
    .replace(/^(`{3,})[^]*?^\1$/gm, '')
    .split('\n')
    .map((line) => line.replace(/(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, ''))
    .join('\n')
  const tags = outside.match(/<[^>]*>?/g) ?? []
  expect(
    tags.filter((tag) => !/^<(?:details(?: open)?|\/details|summary|\/summary|b|\/b)>$/.test(tag)),
  ).toEqual([])
  expect(outside).not.toMatch(/@(?!&#8203;)|(?<!&)#\d|:\/\/|\bwww\.|(?<!\\)\]\(/i)
  expect(text).not.toContain('<!--')
}

/**
 * Every tag is one of ours, closed, without handlers, styles or any address but one on this page; the one script is ours, and is
 * the one that the page's policy names. What a browser makes of it: test/html-report.test.ts.
 */
export function harmlessHtml(page: string): void {
  const open: string[] = []
  const known = /<(\/?)([a-z]+[1-6]?)((?: [a-z0-9-]+(?:="[^"<>]*")?)*)>/gi
  const ours = `<script>${script}</script>`
  const hash = createHash('sha256').update(script).digest('base64')
  expect(page).toContain(`script-src 'sha256-${hash}'`.replaceAll("'", '&#39;'))
  const text = page
    .replace('<!doctype html>', '')
    .replace(/<style>[^<]*<\/style>/, '')
    .replace(ours, () => '')
  // A page has a hundred thousand tags: one expectation for all of them.
  const wrong: string[] = []
  for (const [whole, slash, tag = '', attributes = ''] of text.matchAll(known)) {
    const names = attributes.replace(/="[^"]*"/g, '')
    const href = attributes.match(/ href="([^"]*)"/)?.[1] ?? '#'
    const isOurs =
      !/ (?:on\w+|style|src|srcset|action|formaction)\b/i.test(names) &&
      !/ http-equiv="refresh/i.test(attributes) &&
      /^#(?:case=(?:[\w.!~*()-]|%[0-9A-F]{2}|&#39;)+)?$/.test(href) &&
      !forbidden.has(tag)
    if (!isOurs || (slash === '/' && open.pop() !== tag)) wrong.push(whole)
    if (slash === '' && !['meta', 'input'].includes(tag)) open.push(tag)
  }
  expect(wrong).toEqual([])
  expect(open).toEqual([])
  expect(text.replace(known, '')).not.toMatch(/[<>]/)
  expect(page).toContain("default-src 'none'".replaceAll("'", '&#39;'))
}

const forbidden = new Set(['script', 'iframe', 'img', 'link', 'base', 'form', 'object', 'embed', 'style'])
