import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plain } from '../src/lib/text.ts'
import { hostileId } from '../src/report/hostile.sample.ts'
import { startChromium } from './support/chromium.ts'
import { badDay, hostilePage, manyCases } from './support/report-pages.ts'

/** What a page of ours is in a real browser, opened as a person opens it: from a file. */

const corpus = JSON.parse(
  readFileSync(new URL('./data/report/hostile.json', import.meta.url), 'utf8'),
) as readonly { readonly text: string }[]

/** Markup that tells on itself: what runs of it sets `pwned`. */
const telling = [
  '<script>window.pwned=1</script>',
  '"><script>window.pwned=1</script>',
  "'><img src=x onerror=window.pwned=1>",
  '<svg/onload=window.pwned=1>',
  '</style></script></title></textarea></noscript><img src=https://example.invalid/x onerror=window.pwned=1>',
  '<iframe srcdoc="<script>top.pwned=1</script>">',
  '<a href="javascript:window.pwned=1" autofocus onfocus=window.pwned=1>x</a>',
  '" onmouseover="window.pwned=1" autofocus onfocus="window.pwned=1',
  '<base href=https://example.invalid/><link rel=stylesheet href=//example.invalid/x.css>',
  '<meta http-equiv=refresh content="0;url=https://example.invalid/">',
  '<details open ontoggle=window.pwned=1>',
  '<style>*{background:url(https://example.invalid/x)}</style>',
  '<form id=filter><input id=text name=q></form>',
  '__proto__',
  'constructor',
]
const texts = [...corpus.map(({ text }) => text.slice(0, 200)), ...telling]

/** The same texts without what markup is made of; quotes stay, for JSON counts them. */
const harmless = texts.map((text) => text.replace(/[<>&'`]/g, 'x'))

interface Opened {
  readonly page: Page
  readonly url: string
  /** Everything a browser would tell somebody who watches it. */
  readonly seen: {
    readonly requests: string[]
    readonly dialogs: string[]
    readonly complaints: string[]
    readonly refused: string[]
  }
}

let browser: Browser
let folder: string
const files = new Map<string, string>()

beforeAll(async () => {
  browser = await startChromium()
  folder = mkdtempSync(join(process.env['EVALKIT_TEST_SCRATCH'] ?? tmpdir(), 'html-'))
  for (const [name, text] of Object.entries({
    day: badDay(),
    hostile: hostilePage(texts),
    harmless: hostilePage(harmless),
    many: manyCases(300),
  })) {
    const file = join(folder, `${name}.html`)
    writeFileSync(file, text)
    files.set(name, pathToFileURL(file).href)
  }
}, 60_000)

afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

async function open(name: string, hash = '', options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const url = files.get(name) ?? ''
  const seen: Opened['seen'] = { requests: [], dialogs: [], complaints: [], refused: [] }
  page.on('request', (request) => seen.requests.push(request.url().split('#')[0] ?? ''))
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText === 'csp') seen.refused.push(request.url())
  })
  page.on('dialog', (dialog) => {
    seen.dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('console', (message) => seen.complaints.push(message.text()))
  page.on('pageerror', (error) => seen.complaints.push(String(error)))
  await page.goto(url + hash)
  return { page, url, seen }
}

function quiet({ url, seen }: Opened): void {
  expect({ ...seen, requests: [...new Set(seen.requests)] }).toEqual({
    requests: [url],
    dialogs: [],
    complaints: [],
    refused: [],
  })
}

/** Rows of the table that can be seen, by the id of their case. */
async function rowsOf(page: Page): Promise<readonly string[]> {
  return page.$$eval('#table tbody tr:not([hidden]) a', (links) =>
    links.map((link) => link.textContent ?? ''),
  )
}

async function caseShown(page: Page): Promise<string | undefined> {
  return (await page.$$eval('.case.shown > h2', (all) => all.map((one) => one.textContent ?? '')))[0]
}

/** The page follows its address a task later: `''` is no case. Times out where it shows another. */
async function untilShown(page: Page, title: string): Promise<void> {
  const shown = `(document.querySelector('.case.shown > h2')?.textContent ?? '')`
  await page.waitForFunction(`${shown} === ${JSON.stringify(title)}`)
}

describe('the page in a browser', () => {
  it('filters by text, status and category, and a link opens the same view', async () => {
    const opened = await open('day')
    const { page, url } = opened
    expect(await page.title()).toBe('FAIL · refund-desk')
    expect(await rowsOf(page)).toHaveLength(12)
    await page.fill('#text', 'SEAT full')
    expect(await rowsOf(page)).toEqual(['seat'])
    await page.fill('#text', 'MONEY full')
    expect(await rowsOf(page)).toEqual(['refund-late', 'refund-partial', 'refund-twice'])
    await page.selectOption('#category', { label: 'edge' })
    expect(await rowsOf(page)).toEqual([])
    expect(await page.textContent('#shown')).toBe('0 of 12 cases')
    await page.click('#clear')
    await page.click('.chip[data-status=fixed]')
    expect(await rowsOf(page)).toEqual(['cancel'])
    await page.click('.chip[data-status=broken]')
    expect(await rowsOf(page)).toHaveLength(7)
    await page.selectOption('#tag', { label: 'money' })
    expect(await rowsOf(page)).toEqual(['refund-late', 'refund-partial', 'refund-twice'])
    expect(await page.evaluate('location.hash')).toBe('#status=broken%2Cfixed&tag=money')
    quiet(opened)
    const again = await open('day', '#status=broken%2Cfixed&tag=money')
    expect(await rowsOf(again.page)).toEqual(['refund-late', 'refund-partial', 'refund-twice'])
    expect(await again.page.getAttribute('.chip[data-status=fixed]', 'aria-pressed')).toBe('true')
    expect(again.url).toBe(url)
    quiet(again)
  })

  it('is used with the keyboard alone, and goes back and forward', async () => {
    const opened = await open('day')
    const { page } = opened
    await page.keyboard.press('/')
    await page.keyboard.type('#money')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.case.shown')
    expect(await caseShown(page)).toBe('refund-partial')
    expect(await page.evaluate('location.hash')).toBe('#case=refund-partial')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('refund-partial')
    expect(await page.isVisible('#overview')).toBe(false)
    expect(await page.textContent('#place')).toBe('2 of 3')
    await page.keyboard.press('n')
    await untilShown(page, 'refund-twice')
    expect(await page.evaluate('location.hash')).toBe('#case=refund-twice')
    await page.goBack()
    await untilShown(page, 'refund-partial')
    await page.goBack()
    await untilShown(page, '')
    expect(await page.inputValue('#text')).toBe('#money')
    expect(await rowsOf(page)).toHaveLength(3)
    await page.goForward()
    await untilShown(page, 'refund-partial')
    await page.keyboard.press('Escape')
    await page.waitForSelector('#overview:not([hidden])')
    expect(await page.evaluate('location.hash')).toBe('#q=%23money')
    // Back on the row one came from.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('refund-partial')
    quiet(opened)
  })

  it('shows a case: scores against the baseline, both trajectories, what judges said', async () => {
    const opened = await open('day', '#case=rebook')
    const { page } = opened
    const text = (await page.textContent('.case.shown')) ?? ''
    expect(text).toContain('Scores against the baseline')
    expect(await page.isVisible('.case.shown .rule')).toBe(true)
    const first = page.locator('.case.shown .rule + .row')
    expect(await first.locator('.notes > .badge').first().textContent()).toMatch(/drift/)
    expect(await page.locator('.case.shown .compared').first().textContent()).toContain('refund_item')
    expect(text).toContain('Expected calls and this run')
    expect(await page.locator('.case.shown .cell .badge').first().textContent()).toBe('exact')
    const judge = page.locator('.case.shown .judge').first()
    expect(await judge.textContent()).toContain('not sure enough to gate: advisory')
    expect(await judge.locator('.votes > li').count()).toBe(3)
    expect(await judge.locator('.critique').first().textContent()).toBe('It says sorry, and offers nothing.')
    await page.click('#close')
    expect(await page.locator('.case.shown details[open]').count()).toBe(0)
    await page.evaluate(`location.hash = '#case=nobody'`)
    await page.waitForSelector('#lost:not([hidden])')
    quiet(opened)
  })

  it('shows the first 100 of many cases, and all when asked', async () => {
    const opened = await open('many')
    const { page } = opened
    expect(await rowsOf(page)).toHaveLength(100)
    expect(await page.textContent('#shown')).toBe('300 of 300 cases, the first 100 are shown')
    await page.fill('#text', 'case-0013')
    expect(await rowsOf(page)).toHaveLength(10)
    await page.fill('#text', '')
    await page.click('#all')
    expect(await rowsOf(page)).toHaveLength(300)
    quiet(opened)
  })

  it('is whole without scripts, links included', async () => {
    const opened = await open('day', '', { javaScriptEnabled: false })
    const { page } = opened
    expect(await page.isVisible('h1')).toBe(true)
    expect(await page.isHidden('#filter')).toBe(true)
    expect(await page.isHidden('#turn')).toBe(true)
    expect(await page.locator('.case').count()).toBe(12)
    expect(await page.locator('.case').last().isVisible()).toBe(true)
    await page.locator('#table a', { hasText: 'wheelchair' }).click()
    expect(await page.locator('.case:target > h2').textContent()).toBe('wheelchair')
    quiet(opened)
  })

  it('can be read: contrast of 4.5 in light and dark, names for every control, no sideways scrolling on a phone', async () => {
    const opened = await open('day')
    const { page } = opened
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const hash of ['#', '#case=rebook']) {
        await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
        await page.waitForFunction(`document.getElementById('overview').hidden === ${hash !== '#'}`)
        expect(await page.evaluate(faint)).toEqual([])
      }
    }
    expect(await page.evaluate(nameless)).toEqual([])
    for (const hash of ['#', '#case=rebook']) {
      const phone = await open('day', hash, { viewport: { width: 390, height: 800 } })
      expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    }
    await page.emulateMedia({ media: 'print' })
    expect(await page.isHidden('#turn')).toBe(true)
    quiet(opened)
  })
})

describe('hostile text in a browser', () => {
  let hostile: Opened
  beforeAll(async () => {
    hostile = await open('hostile')
  }, 60_000)

  it('adds no element and no attribute, runs nothing, loads nothing', async () => {
    const opened = hostile
    const { page } = opened
    const tame = await open('harmless')
    const [elements, same] = [await page.evaluate(tagsOf), await tame.page.evaluate(tagsOf)]
    expect(elements).toEqual(same)
    expect(await page.evaluate(attributesOf)).toEqual(await tame.page.evaluate(attributesOf))
    expect(await page.evaluate(`'pwned' in window`)).toBe(false)
    quiet(opened)
    quiet(tame)
  })

  it('is shown as it is, and bidirectional controls are written out', async () => {
    const { page } = hostile
    const shown = await page.$$eval('section.case', (all) =>
      all.map((one) => ({
        id: one.id,
        reason: one.querySelector('.reason')?.textContent ?? '',
        critique: one.querySelector('.critique')?.textContent ?? '',
        rationale: one.querySelector('.reasoning')?.textContent ?? '',
        heading: one.querySelector('h2')?.textContent ?? '',
      })),
    )
    expect(shown).toHaveLength(texts.length)
    const byId = new Map(shown.map((one) => [one.id, one]))
    texts.forEach((text, at) => {
      const id = hostileId(text, at)
      const one = byId.get(`case=${encodeURIComponent(id.toWellFormed())}`)
      const said = plain(text)
      expect(one).toMatchObject({ critique: said, rationale: said, reason: plain(`${text} `) + said })
      expect(plain(id).startsWith(one?.heading.replace(/…$/, '') ?? '?')).toBe(true)
    })
    const whole = (await page.textContent('body')) ?? ''
    expect(whole).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
    expect(whole).toContain('⟨U+202E⟩')
  })

  it('in the address changes nothing but the view', async () => {
    const { page } = hostile
    const before = await page.evaluate(tagsOf)
    // Every text as a case, a filter and a bare fragment; then a real case by the hostile id it has.
    const found = await page.evaluate(`(async () => {
      const texts = ${JSON.stringify(texts).replaceAll('<', '\\u003c')}
      const turned = () => new Promise((done) => setTimeout(done))
      const go = async (hash) => {
        location.hash = hash
        await turned()
      }
      const found = []
      // What leaves the list in view first: to lay out the list anew each time takes a browser long.
      for (const text of texts) await go('case=' + text)
      for (const [at, text] of texts.entries()) {
        if (at % 3 > 0 && at < ${corpus.length}) continue
        await go(['q=' + text + '&status=' + text + '&tag=' + text, text, '&&=%%' + text][(at / 3 | 0) % 3])
      }
      for (const [at, text] of texts.entries()) {
        if (at % 5 > 0) continue
        await go('case=' + encodeURIComponent(('h' + at + ' ' + text).toWellFormed()))
        found.push(document.querySelectorAll('.case.shown').length)
      }
      location.hash = 'q=' + encodeURIComponent(texts.at(-3))
      await turned()
      return { found, typed: document.getElementById('text').value }
    })()`)
    expect(found).toEqual({ found: texts.filter((_, at) => at % 5 === 0).map(() => 1), typed: texts.at(-3) })
    expect(await page.evaluate(tagsOf)).toEqual(before)
    expect(await page.evaluate(`'pwned' in window`)).toBe(false)
    quiet(hostile)
    const [script = ''] = telling
    const linked = await open('day', `#case=${script}&q=${script}`)
    expect(await linked.page.isVisible('#lost')).toBe(true)
    quiet(linked)
    // Some 200 views, one after the other.
  }, 60_000)

  it('would be stopped by the policy, were it markup after all', async () => {
    const opened = await open('day')
    const { page, seen } = opened
    const stopped = await page.evaluate(`(async () => {
      const fails = (run) => { try { run(); return false } catch { return true } }
      const image = document.createElement('img')
      image.src = 'https://example.invalid/x.png'
      document.body.append(image)
      const script = document.createElement('script')
      const text = fails(() => { script.textContent = 'window.pwned = 1' })
      document.body.append(script)
      const fetched = await fetch('https://example.invalid/').then(() => true, () => false)
      return { markup: fails(() => { document.body.innerHTML = '<b>x</b>' }), text, fetched }
    })()`)
    expect(stopped).toMatchObject({ markup: true, fetched: false })
    expect(await page.evaluate(`'pwned' in window`)).toBe(false)
    // Playwright tells of what a page asks for, also where the policy lets none of it out.
    expect(new Set(seen.refused)).toEqual(new Set(['https://example.invalid/x.png']))
    expect(seen.complaints.join(' ')).toContain('Content Security Policy')
  })
})

const tagsOf = `(() => {
  const counts = {}
  for (const { localName } of document.querySelectorAll('*')) counts[localName] = (counts[localName] ?? 0) + 1
  return counts
})()`

const attributesOf = `(() => {
  const names = new Set()
  for (const one of document.querySelectorAll('*')) for (const { name } of one.attributes) names.add(one.localName + ' ' + name)
  return [...names].toSorted()
})()`

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3; 3 where they are large), as a browser paints them. */
const faint = `(() => {
  const paper = getComputedStyle(document.body).backgroundColor
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number)
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if ((channels(backgroundColor)[3] ?? 1) > 0) return backgroundColor
    }
    return paper
  }
  const found = new Set()
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
    const element = node.parentElement
    if (node.textContent.trim() === '' || !element.checkVisibility()) continue
    const style = getComputedStyle(element)
    const [one, other] = [light(element.closest('svg') === null ? style.color : style.fill), light(behind(element))]
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    const isLarge = parseFloat(style.fontSize) >= 24
    if (ratio < (isLarge ? 3 : 4.5)) found.add(element.localName + '.' + element.className + ' ' + ratio.toFixed(2))
  }
  return [...found]
})()`

/** Controls that a screen reader has no name for, and ids that stand twice. */
const nameless = `(() => {
  const bare = [...document.querySelectorAll('input, select, button, a, [role=img]')].filter(
    (one) => (one.getAttribute('aria-label') ?? '') === '' && one.textContent.trim() === '',
  )
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  return [...bare.map((one) => one.outerHTML), ...ids.filter((id, at) => ids.indexOf(id) !== at)]
})()`
