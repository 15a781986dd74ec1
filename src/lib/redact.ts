import { restOf } from './growing-texts.ts'
import { type GrownText, listOfRest, onceOfEach } from './grown-text.ts'
import { readJson } from './json.ts'
import { textCache } from './redact/cache.ts'
import { apply, type Edit, finder, type RedactionRule } from './redact/find.ts'
import { isKeptHeader } from './redact/headers.ts'
import { placesOf } from './redact/json-places.ts'
import { holdsNothing, keyNames } from './redact/key-names.ts'
import { isCard } from './redact/pii.ts'
import { isPlaceholder, kindName, kindsIn, placeholders } from './redact/placeholder.ts'
import { type Hit, seenMessages } from './redact/seen-messages.ts'
import { type BodyTools, redactedBody, redactedChunks } from './redact/stream.ts'
import { isJsonLike, isList, isProse } from './redact/text-kinds.ts'
import { redactedUrl } from './redact/url.ts'
import {
  type Chunk,
  type Leaves,
  type Path,
  pathText,
  type RecordedBody,
  isUnlabelled,
  walk,
} from './redact/walk.ts'

export type { RedactionRule } from './redact/find.ts'
export type { Chunk, RecordedBody } from './redact/walk.ts'

export interface RedactionOptions {
  /**
   * Key of the placeholders' HMAC. Without one it is a constant that everybody knows: placeholders then tell values
   * apart and stay the same everywhere, but somebody who guesses a value can see that the guess is right.
   */
  readonly key?: string
  /** E-mail addresses, telephone numbers, payment cards (Luhn) and IBANs too. Off by default. */
  readonly pii?: boolean
  /** Further patterns. They should be linear: they meet whatever an agent was sent. */
  readonly rules?: readonly RedactionRule[]
  /** Further names whose text is a secret as a whole, in any case and with any separators. */
  readonly keys?: readonly string[]
  /** Names that are none, whatever the built-in list says. */
  readonly allowKeys?: readonly string[]
  /**
   * The last word of the user on each text, before the rules: what takes its place, or nothing. If it throws, the
   * whole text is taken out.
   */
  readonly mask?: (text: string, where: { readonly path: string }) => string | undefined
}

/** How often a kind was taken out, and where first. Never what it was. */
export interface Redacted {
  readonly kind: string
  readonly count: number
  readonly places: readonly string[]
}

/** A secret in a text: where it begins (UTF-16 units), and in JSON text the path of its value. */
export interface Finding {
  readonly kind: string
  readonly at: number
  readonly path?: string
}

/**
 * Takes secrets out of what was recorded. The same value becomes the same `<redacted:kind:10 hex digits>` everywhere,
 * and redacting what is redacted changes nothing, so that a replay can redact what it is asked and find it again.
 * Nothing here throws, however hostile the text.
 */
export interface Redactor {
  /** A JSON value: the same one if nothing was found, else a copy. Strings that are JSON are looked into. */
  readonly json: <T>(value: T) => T
  readonly text: (text: string) => string
  /**
   * Whether `json` leaves a text as it is that stands under this name in an object. Of one that goes on from a list without secrets only
   * what is new is looked at. `false` decides nothing.
   */
  readonly isClean: (text: GrownText, name: string) => boolean
  /** The headers that may be kept, by lower-case name. */
  readonly headers: (
    headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  ) => Record<string, string>
  /** A URL without its user and without the secrets among its parameters. */
  readonly url: (url: string) => string
  /**
   * A recorded body with its cuts: also what is cut in two by them, and what is spread over the deltas of a stream.
   * The same list if nothing was found, else one of the same length.
   */
  readonly chunks: (chunks: readonly Chunk[], contentType?: string) => readonly Chunk[]
  /** The same for a body in one piece with the places of its cuts. In `json` the attempts of a call are found. */
  readonly body: (body: RecordedBody, contentType?: string) => RecordedBody
  /** The secrets of a text, without taking them out and without counting them. */
  readonly find: (text: string) => readonly Finding[]
  /** All that was taken out so far, by kind. */
  readonly report: () => readonly Redacted[]
}

/** Known to everybody: see `RedactionOptions.key`. */
export const defaultRedactionKey = 'evalkit.redaction.1'

/** JSON in a string in JSON …: agents go to two, double encoding to four. */
const maxNested = 5
/** Characters of text that are remembered; an agent in production pays for them with its memory. */
const cacheBudget = 2_000_000
/** Keys that are remembered to be none. */
const mostKeys = 5000
const shownPlaces = 5

/** What was found in one text. `edits` are in order and lead from it to `text`. */
interface Look {
  readonly text: string
  readonly edits: readonly Edit[]
  readonly hits: readonly Hit[]
}

interface Known {
  readonly look: Look | typeof clean | typeof cleanList
  /** How many levels of strings in it are JSON. */
  readonly height: number
}

/** In the cache: looked at, and nothing was found; in a list in JSON, whose items mean the same with more behind them. */
const clean = Symbol('clean')
const cleanList = Symbol('clean list')

export function createRedactor(options: RedactionOptions = {}): Redactor {
  const names = keyNames(options.keys, options.allowKeys)
  const placeholder = placeholders(options.key ?? defaultRedactionKey)
  const rules = (options.rules ?? []).map(({ kind, pattern }) => ({
    kind: kindName(kind),
    cues: [],
    pattern: new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`),
  }))
  const find = finder({ names, placeholder, pii: options.pii === true, rules })
  const cache = textCache<Known>(cacheBudget)
  const plainKeys = new Set<string>()
  const counts = new Map<string, { count: number; places: string[] }>()

  const count = ({ kind, path }: Hit): void => {
    const known = counts.get(kind) ?? { count: 0, places: [] }
    known.count++
    if (known.places.length < shownPlaces) known.places.push(path)
    counts.set(kind, known)
  }

  const look = (text: string, nested: number): Look | undefined =>
    found(options.mask === undefined ? lookOnce(text, nested) : lookFresh(text, nested))

  /** How deep strings were JSON in what was looked at last; beyond all bounds where some was too deep to be looked into. */
  let reached = 0

  /** What is found in a text is the same wherever it stands, unless what it holds becomes too deep there. */
  const lookOnce = (text: string, nested: number): Look | typeof clean | typeof cleanList => {
    const known = cache.find(text)
    const fits = known !== undefined && nested + known.value.height <= maxNested
    if (fits && known.text === text) {
      reached = Math.max(reached, nested + known.value.height)
      return known.value.look
    }
    const before = reached
    reached = nested
    const isClean = fits && known.value.look === cleanList && isCleanList(restOf(known.text, text), nested)
    if (isClean) reached = Math.max(reached, nested + known.value.height)
    const fresh = isClean ? cleanList : lookFresh(text, nested)
    if (reached <= maxNested) cache.keep(text, knownOf(fresh, reached - nested))
    reached = Math.max(before, reached)
    return fresh
  }

  const lookGrown = onceOfEach<Look | typeof clean | typeof cleanList>((grown, before) =>
    before === cleanList && isCleanList(listOfRest(grown), 0) ? cleanList : lookOnce(grown.text, 0),
  )

  /** What follows a list without secrets holds none either, whoever says it. */
  const isCleanList = (text: string, nested: number): boolean => {
    const read = readJson(text)
    if (!read.ok || !isList(read.value)) return false
    reached = Math.max(reached, nested + 1)
    return jsonEdits(text, read.value, nested).length === 0
  }

  const lookFresh = (text: string, nested: number): Look | typeof clean | typeof cleanList => {
    const isDeep = nested >= maxNested
    const inside = isJsonLike(text) && !isDeep ? readJson(text) : undefined
    if (inside?.ok === true) reached = Math.max(reached, nested + 1)
    else if (isDeep && isJsonLike(text)) reached = Number.POSITIVE_INFINITY
    const edits = inside?.ok === true ? jsonEdits(text, inside.value, nested) : find(text)
    if (edits.length === 0) return inside?.ok === true && isList(inside.value) ? cleanList : clean
    const hits = edits.flatMap(({ kinds, path = '' }) => kinds.map((kind) => ({ kind, path: path.slice(1) })))
    return { text: apply(text, edits), edits, hits }
  }

  const jsonEdits = (text: string, value: unknown, nested: number): readonly Edit[] => {
    const after = walk(
      value,
      leaves(() => undefined, nested + 1),
    )
    return after === value ? [] : placesOf(text, after, renamed)
  }

  /** A key that is itself a secret, as where tokens are counted by their name. */
  const renamed = (key: string): string => {
    if (key.length < 12 || plainKeys.has(key)) return key
    const edits = find(key)
    if (edits.length > 0) return apply(key, edits)
    if (plainKeys.size < mostKeys && key.length < 100) plainKeys.add(key)
    return key
  }

  const masked = (text: string, path: Path): string => {
    if (options.mask === undefined) return text
    try {
      const answer: unknown = options.mask(text, { path: pathText(path) })
      return typeof answer === 'string' ? answer : text
    } catch {
      // What the user wanted hidden is not known, so all of it is.
      return isPlaceholder(text) ? text : placeholder('masked', text)
    }
  }

  const secretText = (text: string, name: string): string | undefined => {
    if (isPlaceholder(text) || holdsNothing(text)) return text
    if (!names.isPhrase(name) && isProse(text)) return undefined
    const known = look(text, 1)
    if (known !== undefined && isPlaceholder(known.text)) return known.text
    const scheme = /^(?:bearer|basic|token|apikey) +(?=\S)/i.exec(text)?.[0] ?? ''
    const secret = text.slice(scheme.length)
    if (isPlaceholder(secret)) return text
    return scheme === ''
      ? placeholder('secret', text)
      : `${scheme.trimEnd()} ${placeholder('secret', secret)}`
  }

  const leaves = (found: (hit: Hit) => void, nested: number): Leaves => {
    const told = (before: string, after: string, path: Path): string => {
      if (after !== before) {
        const known = kindsIn(before).length
        const kinds = kindsIn(after)
        for (const kind of kinds.length > known ? kinds.slice(known) : ['masked'])
          found({ kind, path: pathText(path) })
      }
      return after
    }
    return {
      names,
      text(text, name, path) {
        if (name !== undefined && names.isSecret(name)) {
          const secret = secretText(text, name)
          if (secret !== undefined) return told(text, secret, path)
        }
        if (text.length < 6 && options.mask === undefined) return text
        if (options.mask !== undefined && !(isJsonLike(text) && readJson(text).ok)) {
          const mine = masked(text, path)
          return told(text, look(mine, nested)?.text ?? mine, path)
        }
        if (name !== undefined && isUrlName(name) && /^[a-z][a-z0-9+.-]*:\/\//i.test(text))
          return told(text, urlText(text), path)
        const known = look(text, nested)
        if (known === undefined) return text
        for (const hit of known.hits) found({ kind: hit.kind, path: pathText(path) + hit.path })
        return known.text
      },
      number(value, name, path) {
        if (name === undefined || !Number.isSafeInteger(value) || Math.abs(value) < 100) return value
        const kind = names.isUnmistakable(name)
          ? 'secret'
          : options.pii === true && /card|(?:^|_)pan$/i.test(name) && isCard(String(value))
            ? 'card'
            : undefined
        if (kind === undefined) return value
        found({ kind, path: pathText(path) })
        return placeholder(kind, String(value))
      },
      key(key, path) {
        const name = renamed(key)
        if (name !== key) for (const kind of kindsIn(name)) found({ kind, path: pathText(path.slice(0, -1)) })
        return name
      },
      deep(path) {
        found({ kind: 'too-deep', path: pathText(path.slice(0, 8)) })
        return placeholder('too-deep', '')
      },
      attempt(attempt, path) {
        const { headers } = attempt
        const type = headers['content-type']
        const body = redactedBody(
          attempt,
          typeof type === 'string' ? type : undefined,
          bodyTools(path, found),
        )
        // In JSON text members cannot be left out; there, secrets are taken out by the names of the headers.
        const named = (value: typeof headers): typeof headers =>
          walk(value, leaves(found, nested)) as typeof headers
        const kept =
          nested === 0 ? keptHeaders(Object.entries(headers), [...path, 'headers'], found) : named(headers)
        const same = Object.keys(headers).every((name) => headers[name] === kept[name])
        return { ...body, headers: same ? headers : kept }
      },
    }
  }

  const leavesOf = (found: (hit: Hit) => void): Leaves => leaves(found, 0)

  const keptHeaders = (
    headers: readonly (readonly [string, unknown])[],
    path: Path,
    found: (hit: Hit) => void,
  ): Record<string, string> => {
    const kept: Record<string, string> = {}
    for (const [name, value] of headers) {
      const lower = name.toLowerCase()
      if (!isKeptHeader(lower)) continue
      const text = Array.isArray(value) ? value.join(', ') : value
      if (typeof text === 'string') kept[lower] = leaves(found, 0).text(text, undefined, [...path, lower])
    }
    return kept
  }

  const urlText = (url: string): string =>
    redactedUrl(url, {
      text: (part) => look(part, 1)?.text ?? part,
      secret: (part) => {
        if (holdsNothing(part) || isPlaceholder(part)) return part
        const known = look(part, 1)?.text
        return known !== undefined && isPlaceholder(known) ? known : placeholder('secret', part)
      },
      isSecretParameter: names.isSecretParameter,
    })

  const bodyTools = (path: Path, found: (hit: Hit) => void): BodyTools => {
    const place = pathText(path)
    return {
      edits: (text) => {
        const mine = isJsonLike(text) && readJson(text).ok ? text : masked(text, path)
        if (mine !== text) {
          found({ kind: 'masked', path: place })
          return [{ start: 0, end: text.length, text: look(mine, 0)?.text ?? mine, kinds: ['masked'] }]
        }
        const known = look(text, 0)
        // A running text has no path of its own.
        for (const hit of known?.hits ?? []) found({ kind: hit.kind, path: place + hit.path })
        return known?.edits ?? []
      },
      walk: (value, text, quiet) => {
        const each = leaves(quiet ? () => undefined : found, 0)
        return walk(value, { ...each, text: (leaf, name, at) => text(leaf, name, at, each.text) })
      },
      renamed,
    }
  }

  return {
    json: (value) =>
      walk(
        value,
        options.mask === undefined ? seenMessages(leavesOf, count) : leavesOf(count),
      ) as typeof value,
    text(text) {
      return leaves(count, 0).text(text, undefined, [])
    },
    isClean: (text, name) =>
      options.mask === undefined &&
      isUnlabelled(name) &&
      !names.isSecret(name) &&
      !isUrlName(name) &&
      typeof lookGrown(text) === 'symbol',
    headers(headers) {
      const list = typeof headers.entries === 'function' ? [...(headers as Headers)] : Object.entries(headers)
      return keptHeaders(list, ['headers'], count)
    },
    url(url) {
      const after = urlText(url)
      if (after !== url) for (const kind of kindsIn(after)) count({ kind, path: 'url' })
      return after
    },
    chunks: (chunks, contentType) => redactedChunks(chunks, contentType, bodyTools(['body'], count)),
    body: (recorded, contentType) => redactedBody(recorded, contentType, bodyTools(['body'], count)),
    find: (text) =>
      (look(text, 0)?.edits ?? []).flatMap(({ start, kinds, path }) =>
        kinds.map((kind) => ({ kind, at: start, ...(path === undefined ? {} : { path }) })),
      ),
    report: () =>
      [...counts]
        .map(([kind, { count, places }]) => ({ kind, count, places }))
        .sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1)),
  }
}

/** Most texts are the same in this: tens of thousands are remembered. */
function knownOf(look: Known['look'], height: number): Known {
  return look === clean && height === 0 ? nothing : { look, height }
}

const nothing: Known = { look: clean, height: 0 }

function isUrlName(name: string): boolean {
  return /ur[il]$/i.test(name)
}

function found(look: Look | typeof clean | typeof cleanList): Look | undefined {
  return typeof look === 'symbol' ? undefined : look
}
