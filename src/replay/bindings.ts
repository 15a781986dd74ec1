/** A value of the recording and the one that stands for it in this run. */
export interface Pair {
  readonly recorded: unknown
  readonly live: unknown
}

/**
 * Which values of this run stand for which of the recording: ids and times that are new in every run. What is bound is
 * bound for good and both ways, so that "the same id twice" stays a fact that is checked.
 */
export interface Bindings {
  /** Whether these pairs agree with all that is bound, and with each other. */
  readonly fits: (pairs: readonly Pair[]) => boolean
  /** Binds pairs that fit. */
  readonly bind: (pairs: readonly Pair[]) => void
  /** A value of this run as the recording would have it; the very same value where nothing bound is in it. */
  readonly toRecorded: <T>(value: T) => T
  /** A value of the recording as this run has it. */
  readonly toLive: <T>(value: T) => T
  /** Whether anything is bound that differs. */
  readonly any: boolean
}

/**
 * What is replaced wherever it stands, and what only within: a volatile `7` is not every 7 of a result, nor is `abc` in
 * every text. Shorter values are still bound, and held to it, at the places that are said to be volatile.
 */
const shortest = { text: 4, textWithin: 8, digits: 7, digitsWithin: 10 }
/** A text this long is no id: it is replaced where it stands alone, and not searched for in other texts. */
const longestWithin = 500

export function createBindings(): Bindings {
  const liveOf = new Map<string, Scalar>()
  const recordedOf = new Map<string, Scalar>()
  let any = false
  let forth: Substitute | undefined
  let back: Substitute | undefined

  function fits(pairs: readonly Pair[]): boolean {
    const here = { live: new Map<string, Scalar>(), recorded: new Map<string, Scalar>() }
    return pairs.every(({ recorded, live }) => {
      if (!isScalar(recorded) || !isScalar(live)) return true
      const known = liveOf.get(keyOf(recorded)) ?? here.live.get(keyOf(recorded))
      const taken = recordedOf.get(keyOf(live)) ?? here.recorded.get(keyOf(live))
      here.live.set(keyOf(recorded), live)
      here.recorded.set(keyOf(live), recorded)
      return (known === undefined || known === live) && (taken === undefined || taken === recorded)
    })
  }

  return {
    fits,
    bind(pairs) {
      for (const { recorded, live } of pairs) {
        if (!isScalar(recorded) || !isScalar(live)) continue
        liveOf.set(keyOf(recorded), live)
        recordedOf.set(keyOf(live), recorded)
        if (recorded === live) continue
        any = true
        forth = undefined
        back = undefined
      }
    },
    toRecorded(value) {
      if (!any) return value
      back ??= substitute(recordedOf)
      return walk(value, back) as typeof value
    },
    toLive(value) {
      if (!any) return value
      forth ??= substitute(liveOf)
      return walk(value, forth) as typeof value
    },
    get any() {
      return any
    },
  }
}

type Scalar = string | number
type Substitute = (value: Scalar) => Scalar

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number'
}

function keyOf(value: Scalar): string {
  return `${typeof value === 'string' ? 's' : 'n'}${value}`
}

function substitute(map: ReadonlyMap<string, Scalar>): Substitute {
  const within = new Map<string, string>()
  for (const [key, to] of map) {
    const from = key.slice(1)
    const isText = key.startsWith('s')
    const shortestHere = isText ? shortest.textWithin : shortest.digitsWithin
    if (
      typeof to === (isText ? 'string' : 'number') &&
      from.length >= shortestHere &&
      from.length <= longestWithin
    )
      within.set(from, String(to))
  }
  // The longest first: one value can begin with another.
  const texts = [...within.keys()].sort((a, b) => b.length - a.length)
  const pattern = texts.length === 0 ? undefined : new RegExp(texts.map(standing).join('|'), 'g')
  return (value) => {
    const whole = isDistinct(value) ? map.get(keyOf(value)) : undefined
    if (whole !== undefined) return whole
    if (typeof value !== 'string' || pattern === undefined) return value
    return value.replace(pattern, (found) => within.get(found) ?? found)
  }
}

function isDistinct(value: Scalar): boolean {
  return typeof value === 'string'
    ? value.length >= shortest.text
    : String(Math.abs(value)).length >= shortest.digits
}

/** A pattern of the text where it is not a part of a longer number or word: order-100 is not in order-1000. */
function standing(text: string): string {
  const edge = (at: string): string => (/\d/.test(at) ? '\\d' : /[a-z]/i.test(at) ? '[A-Za-z]' : '')
  const before = edge(text.charAt(0))
  const after = edge(text.charAt(text.length - 1))
  return `${before === '' ? '' : `(?<!${before})`}${escaped(text)}${after === '' ? '' : `(?!${after})`}`
}

/** A text as a pattern of itself (`RegExp.escape` is younger than the oldest Node we run on). */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** A copy with every text and number replaced; the very same value where none was. */
function walk(value: unknown, by: Substitute): unknown {
  if (isScalar(value)) return by(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => walk(item, by))
    return items.some((item, at) => item !== value[at]) ? items : value
  }
  let changed: Record<string, unknown> | undefined
  for (const [key, member] of Object.entries(value)) {
    const now = walk(member, by)
    if (now !== member) (changed ??= { ...value })[key] = now
  }
  return changed ?? value
}
