import { createHmac } from 'node:crypto'

/** What stands for a value that was taken out: `<redacted:kind:10 hex digits>`. */
const placeholder = /<redacted:[a-z0-9-]{1,40}:[0-9a-f]{10}>/g
const whole = /^(?:[A-Za-z-]{2,20} )?<redacted:[a-z0-9-]{1,40}:[0-9a-f]{10}>$/

/**
 * Makes placeholders: the digits are the HMAC-SHA256 of the value under `key`, so the same value has the same
 * placeholder everywhere, and without the key nobody can try values until one fits. 40 bits tell values apart; they
 * hold none of them.
 */
export function placeholders(key: string): (kind: string, value: string) => string {
  return (kind, value) => {
    const digits = createHmac('sha256', key).update(value).digest('hex').slice(0, 10)
    return `<redacted:${kind}:${digits}>`
  }
}

/** Whether nothing but a placeholder is left, alone or after the name of a scheme (`Bearer <redacted:…>`). */
export function isPlaceholder(text: string): boolean {
  return whole.test(text)
}

/** Where placeholders stand in a text. */
export function placeholderRanges(text: string): readonly { readonly start: number; readonly end: number }[] {
  if (!text.includes('<redacted:')) return []
  return Array.from(text.matchAll(placeholder), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/** The kinds of the placeholders in a text, in order. */
export function kindsIn(text: string): readonly string[] {
  return placeholderRanges(text).map(({ start, end }) => text.slice(start + 10, end - 12))
}

/** A name of a kind as placeholders can carry it. */
export function kindName(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return plain.replace(/^-+|-+$/g, '').slice(0, 40) || 'custom'
}
