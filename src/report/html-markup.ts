import { sha256 } from '../lib/hash.ts'
import { escapeHtml } from '../lib/text.ts'
import { clipped } from './shown.ts'

/** Markup that was made here, as opposed to text, which is hostile. Only `html` makes it. */
export interface Html {
  readonly html: string
}

/** What a template may hold: text is escaped, markup and lists of it are not, `undefined` is nothing. */
export type Slot = string | number | undefined | Html | readonly Html[]

/** Markup from a template whose text slots cannot be anything but text. Attribute slots stand in double quotes. */
export function html(strings: TemplateStringsArray, ...slots: readonly Slot[]): Html {
  let out = strings[0] ?? ''
  slots.forEach((slot, at) => {
    out += markupOf(slot) + (strings[at + 1] ?? '')
  })
  return { html: out }
}

export const nothing: Html = { html: '' }

/** A style sheet of ours as markup. Never for text from a report. */
export function styleTag(css: string): Html {
  return { html: `<style>${css}</style>` }
}

/** A script of ours as markup. Never for text from a report. */
export function scriptTag(script: string): Html {
  return { html: `<script>${script}</script>` }
}

/** How a content security policy names a text of ours that may run, or style: `sha256-…` (CSP Level 3, 2.3.1). */
export function policyHash(text: string): string {
  return `sha256-${Buffer.from(sha256(text), 'hex').toString('base64')}`
}

/** Text of more than 20,000 characters is cut, and says so. */
export function longText(text: string): Html {
  return html`${clipped(text, 20_000)}`
}

/** How much room markup takes in a file. */
export function bytesOf(part: Html): number {
  return Buffer.byteLength(part.html)
}

function markupOf(slot: Slot): string {
  if (slot === undefined) return ''
  if (typeof slot === 'string') return escapeHtml(slot)
  if (typeof slot === 'number') return String(slot)
  return 'html' in slot ? slot.html : slot.map((one) => one.html).join('')
}
