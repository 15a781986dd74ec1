import { canonicalJson, sameJson } from '../../lib/json.ts'
import type { Difference } from '../../lib/json-diff.ts'
import { blankTexts } from '../../replay/volatile-text.ts'
import type { Shape } from '../../schema/doctor.ts'

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
/** ISO 8601: a date, alone or with a time; or a time of day. */
const time =
  /^(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d(?::\d\d)?)$/
/** Random bytes as programs write them, with a prefix or without: `req_4f…`, 8 characters and more, a digit among them. */
const random = /^(?:[A-Za-z]{1,12}[_-])?(?=[\w-]*\d)[\w-]{8,}$/
const hex = /^(?:0x)?[0-9a-f]{8,}$/i
/** Seconds and milliseconds since 1970, of this century. */
const unixTime = (value: number): boolean =>
  (value > 946_684_800 && value < 4_102_444_800) || (value > 946_684_800_000 && value < 4_102_444_800_000)

/**
 * What kind of value it is that was `one` and is `other`, by its looks. `text`: the same text but for ids and times in
 * it. Texts and numbers that look like nothing in particular are `other` and `number`.
 */
export function shapeOf(one: unknown, other: unknown): Shape {
  if (typeof one === 'number' && typeof other === 'number') {
    if (unixTime(one) && unixTime(other)) return 'time'
    if (Number.isInteger(one) && Number.isInteger(other) && Math.abs(one - other) < 1000) return 'counter'
    return 'number'
  }
  if (Array.isArray(one) && Array.isArray(other)) return isPermutation(one, other) ? 'order' : 'other'
  if (typeof one !== 'string' || typeof other !== 'string') return 'other'
  const both = (pattern: RegExp): boolean => pattern.test(one) && pattern.test(other)
  if (both(uuid)) return 'uuid'
  if (both(time)) return 'time'
  if (isUnixText(one) && isUnixText(other)) return 'time'
  if (both(hex)) return 'hex'
  if (countsOn(one, other)) return 'counter'
  if (both(random) && one.length === other.length) return 'id'
  return sameButTokens(one, other) ? 'text' : 'other'
}

/** Shapes of what nobody means by itself: a value of the recording and one of today that both look so are ids or times. */
export function isTelling(shape: Shape): boolean {
  return shape === 'uuid' || shape === 'time' || shape === 'hex' || shape === 'text'
}

/** Whether two texts are the same once ids and times in them are taken out: what a volatile text of a model request may be. */
export function sameButTokens(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false
  const [a, b] = [one, other].map((text) => blankTexts({ text }, ['text']))
  return a !== undefined && b !== undefined && a.tokens.length > 0 && sameJson(a.value, b.value)
}

/**
 * Differences of items that are only in another order become one, of their list: `tags[0]` and `tags[1]` → `tags`.
 * Others stay as they are.
 */
export function withOrders(differences: readonly Difference[]): readonly Difference[] {
  const byList = new Map<string, Difference[]>()
  for (const difference of differences) {
    for (const { index } of difference.path.matchAll(/\[\d+\]/g)) {
      const list = difference.path.slice(0, index)
      byList.set(list, [...(byList.get(list) ?? []), difference])
    }
  }
  const orders = [...byList].filter(([list, all]) => all.length > 1 && isReordered(list, all))
  const inOrder = (path: string): boolean => orders.some(([list]) => path.startsWith(`${list}[`))
  return [
    ...orders.map(([path, all]) => ({
      path,
      expected: all.map(({ expected }) => expected ?? null),
      got: all.map(({ got }) => got ?? null),
    })),
    ...differences.filter(({ path }) => !inOrder(path)),
  ]
}

/** Whether the same leaves stand at other places of a list. */
function isReordered(list: string, differences: readonly Difference[]): boolean {
  const leaf = (path: string, value: unknown): unknown => [
    path.slice(list.length).replace(/^\[\d+\]/, ''),
    value ?? null,
  ]
  return isPermutation(
    differences.map(({ path, expected }) => leaf(path, expected)),
    differences.map(({ path, got }) => leaf(path, got)),
  )
}

function isPermutation(one: readonly unknown[], other: readonly unknown[]): boolean {
  const sorted = (list: readonly unknown[]): readonly string[] =>
    list.map((item) => canonicalJson(item)).sort()
  return one.length === other.length && sameJson(sorted(one), sorted(other))
}

function isUnixText(text: string): boolean {
  return /^\d{10}(?:\d{3})?$/.test(text) && unixTime(Number(text))
}

/** `call-17`, `call-18`. */
function countsOn(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => /^(.*?)(\d{1,6})$/.exec(text))
  if (a === undefined || b === undefined || a === null || b === null || a[1] !== b[1]) return false
  return Math.abs(Number(a[2]) - Number(b[2])) < 1000
}
