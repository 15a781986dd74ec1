/**
 * Text from agents, tools, datasets and files is hostile: it may steer a terminal, close a tag, ping a person or
 * command the CI runner whose log it lands in. Here it is made inert, one function per medium; each of them can be
 * handed anything.
 */

const esc = String.fromCharCode(0x1b)
const bell = String.fromCharCode(0x07)

/** 8-bit spellings of ESC [, ESC ], ESC P, ESC X, ESC ^, ESC _ and of their terminator (ECMA-48, 8.3). */
const c1 = { csi: '\\u009b', strings: '[\\u009d\\u0090\\u0098\\u009e\\u009f]', end: '\\u009c' }

/**
 * Escape sequences of ECMA-48 and xterm, payloads included: CSI; OSC, DCS, SOS, PM and APC strings; charset
 * selection; two-character controls. A string that never ends is not swallowed: its text stays readable. No part
 * can run past the next control character, which keeps matching linear.
 */
const escapeSequence = new RegExp(
  [
    `(?:${esc}\\[|${c1.csi})[0-?]*[ -/]*[@-~]`,
    `(?:${esc}[\\]PX^_]|${c1.strings})(?:[^\\p{Cc}]|\\t)*(?:${bell}|${esc}\\\\|${c1.end})`,
    `${esc}[ -/]+[0-~]`,
    `${esc}[78=>cDEHMNOZ\\\\]`,
  ].join('|'),
  'gu',
)

const newlines = /\r\n?|[\u0085\u2028\u2029]/g
const controls = /(?![\n\t])\p{Cc}/gu
/** Embeddings, overrides and isolates: they can make a line read as another (Trojan Source, CVE-2021-42574). */
const bidi = /[\u202a-\u202e\u2066-\u2069]/g
/** Takes no room on screen though it is no format character: joiners, fillers, variation selectors, tags. */
const blanks =
  '\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u3164\\uffa0\\ufe00-\\ufe0f\\u{e0000}-\\u{e0fff}'
/** Format characters, without the Arabic number signs, which are visible. */
const format = '[\\p{Cf}--[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2]]'
const invisible = new RegExp(`[${format}${blanks}]`, 'gv')
/** One look that spares ordinary text the passes above. */
const suspicious = new RegExp(`[[[\\p{Cc}\\p{Cs}]--[\\n\\t]]${format}${blanks}\\u2028\\u2029]`, 'v')

/**
 * Text a person sees whole: no escape sequences, no control characters but newline and tab, nothing invisible.
 * Bidirectional overrides are written out (`⟨U+202E⟩`), lone surrogates become U+FFFD. Idempotent.
 */
export function plain(text: string): string {
  if (!suspicious.test(text)) return text
  return text
    .replace(escapeSequence, '')
    .replace(newlines, '\n')
    .replace(controls, '')
    .replace(bidi, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase()}⟩`)
    .replace(invisible, '')
    .toWellFormed()
}

/** Plain text on one line: white space runs become one space; at most `max` UTF-16 units, `…` where it was cut. */
export function oneLine(text: string, max: number): string {
  // Megabytes need no cleaning to be shown as a line.
  const enough = cut(text, max * 4 + 4096)
  return cut(plain(enough).replace(/\s+/g, ' ').trim(), max)
}

/** At most `max` UTF-16 units, with `…` in the last place where something was cut. Never splits a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  if (max < 1) return ''
  const last = text.charCodeAt(max - 2)
  const end = last >= 0xd800 && last <= 0xdbff ? max - 2 : max - 1
  return `${text.slice(0, Math.max(end, 0))}…`
}

/**
 * Breaks what a CI runner would obey on a log line: GitHub's `::command::` at the start of a line, `##[command]`
 * and Azure's `##vso[…]` and TeamCity's `##teamcity[…]` anywhere. Idempotent.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^([^\S\n]*):(?=:)/gm, '$1: ').replace(/##(?=\w*\[)/g, '## ')
}

const htmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Plain text as HTML content or as a quoted attribute's value (never as a URL, a script or a style). */
export function escapeHtml(text: string): string {
  return plain(text).replace(/[&<>"'`]/g, (char) => htmlEntities[char] ?? '')
}

/**
 * Plain text as one line of GitHub-flavoured Markdown, in a paragraph, a list or a table cell: it formats nothing,
 * links nothing, and neither mentions people nor refers to issues. The zero-width space is spelled as an entity,
 * which the autolinkers do not read.
 */
export function escapeMarkdown(text: string, max = Number.MAX_SAFE_INTEGER): string {
  return oneLine(text, max)
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replace(/[&<>]/g, (char) => htmlEntities[char] ?? '')
    .replace(/:(?=\/\/)/g, ':&#8203;')
    .replace(/\bwww(?=\.)/gi, '$&&#8203;')
    .replace(/@/g, '@&#8203;')
    .replace(/#(?=\d)(?<!&#)|\bGH-(?=\d)/gi, '$&&#8203;')
    .replace(/^(?:[#+=:-]|\d+(?=[.)]))/, (start) => (/^\d/.test(start) ? `${start}\\` : `\\${start}`))
}

/** Text in a code span, for ids and commands: nothing in it is formatted, linked or mentioned. Not for tables. */
export function codeSpan(text: string, max = 500): string {
  const line = oneLine(text, max).replaceAll('<!--', '<! --')
  if (line === '') return '` `'
  const ticks = '`'.repeat(longestRun(line) + 1)
  const space = /^`|`$/.test(line) ? ' ' : ''
  return `${ticks}${space}${line}${space}${ticks}`
}

/** Text in a fenced block whose fence is longer than any inside it; commands and HTML comments are broken up. */
export function codeBlock(text: string, language = ''): string {
  const body = withoutCommands(plain(text)).replaceAll('<!--', '<! --')
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1))
  return `${fence}${language}\n${body}\n${fence}`
}

/** JSON that stands inside `<script>`: nothing in it can close the tag, open a comment or end a line. */
export function jsonForScript(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(/[<>&\u2028\u2029]/g, unicodeEscape)
}

/** The same JSON value in text that no terminal, bidi renderer or CI runner reads as more than JSON. */
export function inertJson(text: string): string {
  return text
    .replace(/##\w*\[/g, (command) => `${command.slice(0, -1)}${unicodeEscape('[')}`)
    .replace(/(?![\n\t])\p{Cc}|\p{Cf}|[\u2028\u2029]/gu, (char) =>
      [...utf16(char)].map(unicodeEscape).join(''),
    )
}

function* utf16(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) yield text.charAt(at)
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
}
