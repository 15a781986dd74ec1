import { cut, plain } from '../lib/text.ts'
import type { CaseStatus } from './case-status.ts'
import { type Html, html, nothing } from './html-markup.ts'

const tones: Readonly<Record<CaseStatus, 'good' | 'bad' | 'unsure' | 'calm'>> = {
  broken: 'bad',
  unscored: 'unsure',
  'off tape': 'unsure',
  failing: 'bad',
  flaky: 'unsure',
  fixed: 'good',
  quarantined: 'calm',
  new: 'calm',
  edited: 'calm',
  passing: 'calm',
}

/** What holds for a case, as badges. */
export function statusBadges(statuses: readonly CaseStatus[]): readonly Html[] {
  return statuses.map((status) => html`<span class="badge ${tones[status]}">${status}</span> `)
}

/** A status as a word of an attribute. */
export function statusToken(status: CaseStatus): string {
  return status.replace(' ', '-')
}

/** A name that says nothing visible still needs something to click on. */
export function nameOf(text: string): string {
  const shown = cut(plain(text), 200)
  return shown.trim() === '' ? '(blank)' : shown
}

/**
 * The fragment under which a case's page stands: `case=` and its id, as a link carries it. An id of a case holds nothing that
 * would have to be encoded; whatever else comes as one is still one fragment, and a second of the same kind gets a number.
 */
export function fragmentsOf(ids: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  return new Map(
    ids.map((id) => {
      const plainly = `case=${encodeURIComponent(id.toWellFormed())}`
      let fragment = plainly
      for (let again = 2; taken.has(fragment); again++) fragment = `${plainly}~${again}`
      taken.add(fragment)
      return [id, fragment]
    }),
  )
}

/** A link to a case's page; a case without one is only named. */
export function linksTo(fragments: ReadonlyMap<string, string>): (id: string) => Html {
  return (id) => {
    const fragment = fragments.get(id)
    return fragment === undefined
      ? html`<code>${nameOf(id)}</code>`
      : html`<a href="#${fragment}">${nameOf(id)}</a>`
  }
}

/** A term and what is said of it; nothing where nothing is. */
export function fact(term: string, said: string | Html | undefined): Html {
  if (said === undefined || said === '') return nothing
  return html`<div><dt>${term}</dt><dd>${said}</dd></div>`
}
