import { holdsNothing, type KeyNames } from './key-names.ts'
import { random } from './shapes.ts'

/**
 * Secrets in text that are known by what stands before them: `password=…`, `"api_key": "…"`, `--token …`, `Bearer …`,
 * `user:…@host`. Prose speaks of passwords all day, so what follows a name must look like a value.
 */

export interface Span {
  readonly start: number
  readonly end: number
}

/** One look that spares most text all of this. */
const cue =
  /(?:pass(?:word|wd|phrase|code)s?|pwd|secret|token|key|credentials?|jwt|cvv2?|cvc2?|cookies?|authorization|conn(?:ection)?[_-]?str(?:ing)?|mnemonic|signature)(?:value|hash|string|confirmation|base|pem)?\d{0,2}["'\\\]]{0,6}[ \t]{0,4}(?::=|=>|[:=]| (?<=--[\w-]{0,40} ))/gi

/** What stands between a name and a bare or quoted value. */
const open =
  /[ \t]{0,4}(?<scheme>(?:bearer|basic|token|apikey)[ \t]{1,4})?(?<quote>\\{0,7}["'`])?(?<inner>(?:bearer|basic|token|apikey)[ \t]{1,4})?/iy
const bareEnd = /[\s"'`,;&<>(){}[\]|\\]/g
const lineEnd = /[\r\n"'`\\]/g

export function assignments(text: string, names: KeyNames): Span[] {
  const found: Span[] = []
  const runs = { bare: runsOf(text, bareEnd), line: runsOf(text, lineEnd) }
  cue.lastIndex = 0
  for (let match = cue.exec(text); match !== null; match = cue.exec(text)) {
    const after = match.index + match[0].length
    const name = nameBefore(text, match.index) + nameOf(match[0])
    if (!names.isSecret(name)) continue
    const value = valueAt(text, after, name, match[0].at(-1) === '=', names, runs)
    if (value === undefined) continue
    found.push(value)
    cue.lastIndex = value.end
  }
  return found
}

interface Runs {
  readonly bare: (start: number) => string
  readonly line: (start: number) => string
}

/** The text from a place up to a mark. One run is walked once, however many names are in it. */
function runsOf(text: string, end: RegExp): (start: number) => string {
  let known = { from: 0, to: -1 }
  return (start) => {
    if (start < known.from || start > known.to) {
      end.lastIndex = start
      known = { from: start, to: end.exec(text)?.index ?? text.length }
    }
    return text.slice(start, known.to)
  }
}

/** `api_` of `x.api_key`: at most forty characters, so that one long word is not walked for each cue in it. */
function nameBefore(text: string, at: number): string {
  let start = at
  while (start > 0 && at - start < 40 && isNamePart(text.charCodeAt(start - 1))) start--
  return text.slice(start, at)
}

function isNamePart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2d
  )
}

function nameOf(cue: string): string {
  return /^[\w-]+/.exec(cue)?.[0] ?? ''
}

function valueAt(
  text: string,
  at: number,
  name: string,
  equals: boolean,
  names: KeyNames,
  runs: Runs,
): Span | undefined {
  open.lastIndex = at
  const opened = open.exec(text)
  if (opened === null) return undefined
  const { scheme, quote, inner } = opened.groups ?? {}
  const start = at + opened[0].length
  const schemed = scheme !== undefined || inner !== undefined
  const phrase = names.isPhrase(name)
  if (quote !== undefined) {
    const end = closing(text, start, quote)
    if (end === undefined) return undefined
    const value = text.slice(start, end)
    return !holdsNothing(value) && plausibleQuoted(value, phrase) ? { start, end } : undefined
  }
  const cookie = /cookies?$/i.test(name)
  const run = cookie && !equals ? runs.line(start) : runs.bare(start)
  const value = withoutEnd(run)
  if (value === '' || holdsNothing(value)) return undefined
  const fits = cookie ? value.slice(0, 4096).includes('=') : plausibleBare(value, equals || schemed, phrase)
  return fits ? { start, end: start + value.length } : undefined
}

/** Without the stop of the sentence. */
function withoutEnd(run: string): string {
  const value = run.trimEnd()
  return /[.:]$/.test(value.slice(-1)) ? value.slice(0, -1) : value
}

/** Where the quote closes, on the same line, within a bound: `\"` closes what `\"` opened. */
function closing(text: string, start: number, quote: string): number | undefined {
  const mark = quote.at(-1) ?? '"'
  const escapes = quote.length - 1
  const limit = Math.min(text.length, start + 2048)
  for (let at = start; at < limit; at++) {
    const char = text[at]
    if (char === '\n') return undefined
    if (char !== mark) continue
    let slashes = 0
    while (at - slashes > start && text[at - 1 - slashes] === '\\') slashes++
    if (slashes <= escapes) return at - slashes
  }
  // A text that was cut off inside the value, as arguments are when a stream breaks.
  return limit === text.length && limit > start ? limit : undefined
}

function plausibleQuoted(value: string, phrase: boolean): boolean {
  if (isCode(value)) return false
  if (phrase) return value.length >= 4 && value.length <= 200 && value.split(/\s+/).length <= 4
  return !/\s/.test(value) && value.length >= 8 && random(value)
}

function plausibleBare(value: string, equals: boolean, phrase: boolean): boolean {
  if (isCode(value)) return false
  const digit = /[0-9]/.test(value.slice(0, 300))
  if (phrase && equals) return value.length >= 6 && (digit || /[^A-Za-z0-9_.]/.test(value.slice(0, 300)))
  if (phrase) return value.length >= 6 && digit && !/^[0-9]{1,300}[.,)]?$/.test(value)
  return value.length >= 12 && random(value)
}

/** A variable, a member, a call: the place of a secret in a program, not the secret. */
function isCode(value: string): boolean {
  if (value.length > 300) return false
  return /^[$@%]|^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$|^[a-z]+(?:_[a-z]+)+$|^[a-z]+(?:[A-Z][a-z]+)+$|\$\{|\{\{|^(?:https?|file):\/\/[^@]*$|^\/|^\.\.?\//.test(
    value,
  )
}

const bearer = /\bbearer[ \t]{1,4}(?<secret>[A-Za-z0-9._~+/=-]{16,4096})/gi
const basic = /\bbasic[ \t]{1,4}(?<secret>[A-Za-z0-9+/]{8,1024}={0,2})/gi
const inUrl = /:\/\/[^\s/:@"'<>?#\\]{0,256}:(?<secret>[^\s/@"'<>?#]{1,256})@/g
const goDsn = /\w:(?<secret>[^\s:@/"']{1,128})@(?:tcp|unix)\(/g
const curlUser =
  /(?:^|\s)(?:-u|--user|--proxy-user)[ \t=]{1,4}["']?[^\s:"'$]{1,100}:(?<secret>[^\s"'$]{3,200})/g
const netrc = /\blogin[ \t\n]{1,4}\S{1,100}[ \t\n]{1,4}password[ \t\n]{1,4}(?<secret>\S{3,200})/g
const sshpass = /\bsshpass[ \t]{1,4}-p[ \t]{0,4}["']?(?<secret>[^\s"'$]{3,200})/g

interface Prefixed {
  readonly cue: RegExp
  readonly pattern: RegExp
  readonly holds: (secret: string) => boolean
}

const prefixed: readonly Prefixed[] = [
  { cue: /bearer[ \t]/i, pattern: bearer, holds: (secret) => !isCode(secret) && random(secret) },
  { cue: /basic[ \t]/i, pattern: basic, holds: isUserAndPassword },
  { cue: /@/, pattern: inUrl, holds: (secret) => !holdsNothing(secret) && !/^[$%{<[]/.test(secret) },
  { cue: /@(?:tcp|unix)\(/, pattern: goDsn, holds: (secret) => !holdsNothing(secret) },
  { cue: / -u|--user|--proxy-user/, pattern: curlUser, holds: (secret) => !holdsNothing(secret) },
  { cue: /login\s/, pattern: netrc, holds: (secret) => !holdsNothing(secret) },
  { cue: /sshpass/, pattern: sshpass, holds: (secret) => !holdsNothing(secret) },
]

/** Secrets that follow the name of a scheme, a user or a login. */
export function credentials(text: string): Span[] {
  const found: Span[] = []
  for (const { cue, pattern, holds } of prefixed) {
    if (!cue.test(text)) continue
    for (const match of text.matchAll(pattern)) {
      const secret = match.groups?.['secret'] ?? ''
      if (!holds(secret)) continue
      const start = match.index + match[0].lastIndexOf(secret)
      found.push({ start, end: start + secret.length })
    }
  }
  return found
}

function isUserAndPassword(base64: string): boolean {
  const text = Buffer.from(base64, 'base64').toString('latin1')
  return /^[\x20-\x7e]{1,200}:[\x20-\x7e]{1,200}$/.test(text)
}
