import { placesAt, readPath, replacedAt } from '../lib/json-path.ts'
import type { Pair } from './bindings.ts'

/** A request as its wire shows it, with the ids and times in its volatile texts taken out. */
export interface Blanked {
  readonly value: unknown
  /** What was taken out, in order. */
  readonly tokens: readonly string[]
}

/**
 * Ids and times of a text: UUIDs, ISO 8601 dates and times, times of day, hex numbers of 16 digits and more, numbers of
 * ten digits and more (Unix times).
 */
const kinds = {
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  dateTime: String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?`,
  date: String.raw`\d{4}-\d\d-\d\d`,
  timeOfDay: String.raw`\d\d:\d\d(?::\d\d)?`,
  number: String.raw`\d{10,}`,
  hex: '[0-9a-f]{16,}',
}
const token = new RegExp(
  String.raw`\b(?:${Object.entries(kinds)
    .map(([kind, pattern]) => `(?<${kind}>${pattern})`)
    .join('|')})\b`,
  'gi',
)

/** A shorter one (a date, a time of day) may stand elsewhere for itself: it is taken out, and not bound. */
const shortestBound = 16

/** Takes ids and times out of the texts that these paths lead to; everything else stays and is compared. */
export function blankTexts(value: unknown, paths: readonly string[]): Blanked {
  const tokens: string[] = []
  let blanked = value
  for (const text of paths) {
    const path = readPath(text)
    if (path === undefined || placesAt(blanked, path).length === 0) continue
    blanked = replacedAt(blanked, path, (old) => (typeof old === 'string' ? blankText(old, tokens) : old))
  }
  return { value: blanked, tokens }
}

/** What was of one kind is of that kind in another run. */
function blankText(text: string, tokens: string[]): string {
  return text.replace(token, (found: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined)
    tokens.push(found)
    return `\u0000${kind}\u0000`
  })
}

/** The ids of two texts that are otherwise the same, side by side. `undefined` where their numbers differ. */
export function tokenPairs(recorded: Blanked, live: Blanked): readonly Pair[] | undefined {
  if (recorded.tokens.length !== live.tokens.length) return undefined
  return recorded.tokens.flatMap((token, at) => {
    const ours = live.tokens[at] ?? ''
    return token.length >= shortestBound && ours.length >= shortestBound
      ? [{ recorded: token, live: ours }]
      : []
  })
}
