import { assignments, credentials } from './assignments.ts'
import type { KeyNames } from './key-names.ts'
import { personal } from './pii.ts'
import { placeholderRanges } from './placeholder.ts'
import { type Shape, shapes } from './shapes.ts'

/** A place in a text and what stands there instead. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly kinds: readonly string[]
  /** Inside JSON text: the way to the value. */
  readonly path?: string
}

/** A rule of the user's: every match of `pattern` is taken out (its group `secret`, where it has one). */
export interface RedactionRule {
  readonly kind: string
  readonly pattern: RegExp
}

export interface FindOptions {
  readonly names: KeyNames
  readonly placeholder: (kind: string, value: string) => string
  readonly pii: boolean
  readonly rules: readonly Shape[]
}

interface Found {
  readonly start: number
  readonly end: number
  readonly kind: string
}

/** Redacted text is looked at again until nothing is found; two rounds are enough but for contrived text. */
const rounds = 5

/** Base64 this long without a break is an image or a file, and no key has this length. */
const blob = /^(?:data:[^,]{0,200},)?[A-Za-z0-9+/_-]{512,}={0,2}$/

/**
 * Finds secrets in text that is not JSON: edits in order, none overlapping, none inside a placeholder. Finding in the
 * edited text finds nothing more.
 */
export function finder(options: FindOptions): (text: string) => readonly Edit[] {
  const looks = options.pii ? [...shapes, ...options.rules, ...personal] : [...shapes, ...options.rules]
  const wanted = chooser(looks)
  const once = (text: string): Edit[] => {
    const taken = placeholderRanges(text)
    const certain: Found[] = []
    for (const shape of wanted(text)) collect(shape, text, certain)
    for (const span of credentials(text)) certain.push({ ...span, kind: 'secret' })
    const named = assignments(text, options.names)
      .map((span) => ({ ...span, kind: 'secret' }))
      // A key whose look is known keeps its kind wherever it stands: `api_key=` before it says less.
      .filter((span) => !certain.some((other) => covers(other, span)))
    return withoutOverlaps([...certain, ...named], taken).map(({ start, end, kind }) => ({
      start,
      end,
      kinds: [kind],
      text: options.placeholder(kind, text.slice(start, end)),
    }))
  }
  return (text) => {
    if (text.length < 6 || blob.test(text)) return []
    let edits = once(text)
    for (let round = 1; edits.length > 0 && round < rounds; round++) {
      const more = once(apply(text, edits))
      if (more.length === 0) break
      edits = merged(edits, more)
    }
    return edits
  }
}

/** The text with its edits made. */
export function apply(text: string, edits: readonly Edit[]): string {
  let out = ''
  let at = 0
  for (const edit of edits) {
    out += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return out + text.slice(at)
}

/** Picks the shapes whose cues are in a text, in one pass over it. */
function chooser(looks: readonly Shape[]): (text: string) => readonly Shape[] {
  const always = looks.filter(({ cues }) => cues.length === 0)
  const byCue = new Map<string, Shape[]>()
  for (const shape of looks) {
    for (const cue of shape.cues) byCue.set(cue, [...(byCue.get(cue) ?? []), shape])
  }
  // Longer cues first: where one begins another, both have to be asked.
  const cues = [...byCue.keys()].sort((a, b) => b.length - a.length)
  const anyCue = new RegExp(cues.map((cue) => cue.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'g')
  const shapesOf = new Map(
    cues.map((cue) => [
      cue,
      cues.filter((other) => cue.startsWith(other)).flatMap((other) => byCue.get(other) ?? []),
    ]),
  )
  return (text) => {
    let seen: Set<Shape> | undefined
    anyCue.lastIndex = 0
    for (let match = anyCue.exec(text); match !== null; match = anyCue.exec(text)) {
      // Cues may overlap in other ways than one beginning the other: go on behind its first character.
      anyCue.lastIndex = match.index + 1
      seen ??= new Set(always)
      for (const shape of shapesOf.get(match[0]) ?? []) seen.add(shape)
    }
    return seen === undefined ? always : looks.filter((shape) => seen.has(shape))
  }
}

function collect(shape: Shape, text: string, found: Found[]): void {
  // Not matchAll: it copies the pattern, which costs more than a short text does.
  const { pattern } = shape
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '') pattern.lastIndex++
    const secret = match.groups?.['secret'] ?? match[0]
    if (secret === '' || shape.holds?.(secret) === false) continue
    const start = match.index + (secret === match[0] ? 0 : match[0].lastIndexOf(secret))
    found.push({ start, end: start + secret.length, kind: shape.kind })
  }
}

function covers(outer: Found, inner: Found): boolean {
  return outer.start <= inner.start && outer.end >= inner.end
}

/** In order; of two that overlap, the one that begins first, then the longer one, then the first of the rules. */
function withoutOverlaps(found: readonly Found[], taken: readonly { start: number; end: number }[]): Found[] {
  const sorted = [...found].sort((a, b) => a.start - b.start || b.end - a.end)
  const kept: Found[] = []
  let free = 0
  let placeholder = 0
  for (const one of sorted) {
    if (one.start < free) continue
    while ((taken[placeholder]?.end ?? Number.POSITIVE_INFINITY) <= one.start) placeholder++
    if ((taken[placeholder]?.start ?? Number.POSITIVE_INFINITY) < one.end) continue
    kept.push(one)
    free = one.end
  }
  return kept
}

/** Edits of the edited text, put among the first ones: they stand between placeholders, so only their place moves. */
function merged(edits: readonly Edit[], more: readonly Edit[]): Edit[] {
  const all = [...edits]
  for (const edit of more) {
    let shift = 0
    for (const before of edits) {
      if (before.start + shift >= edit.start) break
      shift += before.text.length - (before.end - before.start)
    }
    all.push({ ...edit, start: edit.start - shift, end: edit.end - shift })
  }
  return all.sort((a, b) => a.start - b.start)
}
