import { clipped } from './shown.ts'
import { escapeHtml } from '../lib/text.ts'

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

/** Text of more than 20,000 characters is cut, and says so. */
export function longText(text: string): Html {
  return html`${clipped(text, 20_000)}`
}

function markupOf(slot: Slot): string {
  if (slot === undefined) return ''
  if (typeof slot === 'string') return escapeHtml(slot)
  if (typeof slot === 'number') return String(slot)
  return 'html' in slot ? slot.html : slot.map((one) => one.html).join('')
}
