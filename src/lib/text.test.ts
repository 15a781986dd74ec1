import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  codeBlock,
  codeSpan,
  cut,
  escapeHtml,
  escapeMarkdown,
  inertJson,
  jsonForScript,
  oneLine,
  plain,
  withoutCommands,
} from './text.ts'

const corpus = JSON.parse(
  readFileSync(new URL('../../test/data/report/hostile.json', import.meta.url), 'utf8'),
) as readonly { name: string; text: string }[]

/** Anything at all, mixed from the corpus, single dangerous characters and random units (lone surrogates too). */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...corpus.map((it) => it.text)),
      fc.constantFrom(
        '\u001b',
        '\u009b',
        '[',
        ']',
        '\\',
        '\u0007',
        '\u009c',
        '`',
        '|',
        ':',
        '#',
        '@',
        '\n',
        '\r',
      ),
      fc.constantFrom('<', '>', '&', '$', '\ud83d', '\ude00', '\u202e', '\u200b', ' ', '31m', 'a'),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

function holds(law: (text: string) => void): void {
  for (const { text } of corpus) law(text)
  fc.assert(fc.property(hostile, law), { seed: 42, numRuns: 500 })
}

describe('plain', () => {
  it('leaves ordinary text of any language alone', () => {
    for (const text of [
      'Refund issued.\n\tThank you',
      'Rückerstattung für Łukasz',
      '退款已处理',
      'Remboursé 👍',
      '١٢٣',
    ]) {
      expect(plain(text)).toBe(text)
    }
  })

  it('drops escape sequences with their payload and keeps what they were wrapped around', () => {
    expect(plain('\u001b[31mred\u001b[0m')).toBe('red')
    expect(plain('\u001b]8;;http://evil.example\u001b\\click\u001b]8;;\u001b\\')).toBe('click')
    expect(plain('\u009b31mred')).toBe('red')
    expect(plain('\u001b]52;c;cm0gLXJmIC8=\u0007')).toBe('')
  })

  it('does not let an unfinished sequence swallow the text behind it', () => {
    expect(plain('\u001b]8;;http://evil.example and then text')).toContain('and then text')
  })

  it('turns a carriage return into a line, so that nothing is overwritten', () => {
    expect(plain('FAIL\rPASS')).toBe('FAIL\nPASS')
    expect(plain('one\r\ntwo\u2028three')).toBe('one\ntwo\nthree')
  })

  it('writes out what would reorder a line', () => {
    expect(plain('invoice\u202efdp.exe')).toBe('invoice⟨U+202E⟩fdp.exe')
  })

  it('is idempotent and leaves nothing but visible text, newlines and tabs', () => {
    holds((text) => {
      const once = plain(text)
      expect(plain(once)).toBe(once)
      expect(once).not.toMatch(/(?![\n\t])\p{Cc}|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\p{Cs}/u)
      expect(once.isWellFormed()).toBe(true)
    })
  })

  it('takes time in proportion to the text, however it is made', () => {
    for (const unit of ['\u001b]', '\u009d', '\u001b[0', '\u001b(', '\u001bP\u001b']) {
      const text = unit.repeat(200_000)
      const started = process.cpuUsage()
      plain(text)
      expect(process.cpuUsage(started).user).toBeLessThan(3_000_000)
    }
  })
})

describe('oneLine and cut', () => {
  it('cut shows that it cut and never splits a pair', () => {
    expect(cut('refund issued', 7)).toBe('refund…')
    expect(cut('refund', 6)).toBe('refund')
    expect(cut('👍👍👍', 4)).toBe('👍…')
    expect(cut('refund', 0)).toBe('')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, max) => {
        const short = cut(text, max)
        expect(short.length).toBeLessThanOrEqual(max)
        expect(short.isWellFormed()).toBe(true)
        expect(short === text).toBe(text.length <= max)
      }),
      { seed: 42 },
    )
  })

  it('oneLine is one line within its length', () => {
    expect(oneLine('  a\r\n\tb  ', 10)).toBe('a b')
    holds((text) => {
      const line = oneLine(text, 40)
      expect(line).not.toMatch(/[\n\t]/)
      expect(line.length).toBeLessThanOrEqual(40)
      expect(oneLine(line, 40)).toBe(line)
    })
  })

  it('oneLine of megabytes still says that it was cut', () => {
    expect(oneLine('a'.repeat(3_000_000), 10)).toBe('aaaaaaaaa…')
    expect(oneLine(' '.repeat(3_000_000), 10)).toBe('…')
  })
})

describe('escapeHtml', () => {
  it('says the same in HTML', () => {
    expect(escapeHtml(`<b>"R&D"</b>`)).toBe('&lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt;')
  })

  it('leaves nothing that opens a tag, ends an attribute or starts an entity of its own', () => {
    holds((text) => {
      const html = escapeHtml(text)
      expect(html).not.toMatch(/[<>"'`]/)
      expect(html.replace(/&(?:amp|lt|gt|quot|#39|#96);/g, '')).not.toContain('&')
      expect(decoded(html)).toBe(plain(text))
    })
  })
})

describe('escapeMarkdown', () => {
  it('reads as it was meant, and does nothing', () => {
    expect(escapeMarkdown('called refund_full | expected `refund_item`')).toBe(
      'called refund\\_full \\| expected \\`refund\\_item\\`',
    )
    expect(escapeMarkdown('@octocat fixes #12, GH-3')).toBe('@&#8203;octocat fixes #&#8203;12, GH-&#8203;3')
    expect(escapeMarkdown('see https://a.example or www.a.example')).toBe(
      'see https:&#8203;//a.example or www&#8203;.a.example',
    )
    expect(escapeMarkdown('# PASS')).toBe('\\# PASS')
    expect(escapeMarkdown('1. PASS')).toBe('1\\. PASS')
    expect(escapeMarkdown('::error::x')).toBe('\\::error::x')
    expect(escapeMarkdown('R&D <b>')).toBe('R&amp;D &lt;b&gt;')
  })

  it('holds one line, and no character that formats, links, mentions, refers or commands', () => {
    holds((text) => {
      const markdown = escapeMarkdown(text)
      expect(markdown).not.toContain('\n')
      expect(markdown.replace(/\\[\\`*_[\]|~$]/g, '')).not.toMatch(/[`*_[\]|~$<>]/)
      expect(markdown).not.toMatch(/@(?!&#8203;)|(?<!&)#(?=\d)|:\/\/|\bwww\.|\bGH-\d/i)
      expect(markdown).not.toMatch(/^(?:[#+=:-]|\d+[.)])/)
      expect(withoutCommands(markdown)).toBe(markdown)
    })
  })
})

describe('codeSpan and codeBlock', () => {
  it('use more backticks than the text has', () => {
    expect(codeSpan('refund-1')).toBe('`refund-1`')
    expect(codeSpan('a `b` c')).toBe('``a `b` c``')
    expect(codeSpan('`')).toBe('`` ` ``')
    expect(codeBlock('```\n@x', 'json')).toBe('````json\n```\n@x\n````')
    holds((text) => {
      const [, ticks = '', inside = ''] = /^(`+)([^]*?)\1$/.exec(codeSpan(text)) ?? []
      expect(inside).not.toContain('\n')
      expect(inside.match(/`+/g) ?? []).not.toContain(ticks)
      const lines = codeBlock(text).split('\n')
      const fence = lines[0] ?? ''
      expect(lines.at(-1)).toBe(fence)
      expect(lines.slice(1, -1).some((line) => line.includes(fence))).toBe(false)
      expect(codeBlock(text) + codeSpan(text)).not.toContain('<!--')
    })
  })
})

describe('withoutCommands', () => {
  it('breaks what a runner would obey and nothing else', () => {
    expect(withoutCommands('fine\n  ::add-mask::x')).toBe('fine\n  : :add-mask::x')
    expect(withoutCommands('a ##[error]b ##vso[x]')).toBe('a ## [error]b ## vso[x]')
    expect(withoutCommands('std::vector\n## Heading')).toBe('std::vector\n## Heading')
    holds((text) => {
      const safe = withoutCommands(plain(text))
      for (const line of safe.split('\n')) expect(line.trimStart().startsWith('::')).toBe(false)
      expect(safe).not.toMatch(/##\w*\[/)
      expect(withoutCommands(safe)).toBe(safe)
    })
  })
})

describe('JSON', () => {
  it('for a script holds the same value and cannot leave its tag', () => {
    holds((text) => {
      const script = jsonForScript({ text })
      expect(JSON.parse(script)).toEqual({ text })
      expect(script).not.toMatch(/[<>&\u2028\u2029]/)
    })
    expect(jsonForScript(undefined)).toBe('null')
  })

  it('for a terminal holds the same value and no control, bidi or runner command', () => {
    holds((text) => {
      const shown = inertJson(JSON.stringify([text], null, 2))
      expect(JSON.parse(shown)).toEqual([text])
      expect(shown).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}|##\w*\[/u)
    })
  })
})

function decoded(html: string): string {
  const chars: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`', amp: '&' }
  return html.replace(/&(\w+|#\d+);/g, (_, name: string) => chars[name] ?? '')
}
