import { sameJson } from '../json.ts'
import { joinPath } from '../json-diff.ts'
import { compareLimit, type Limit } from './compare-values.ts'
import { isSchema, own, refers, type Schema } from './keywords.ts'
import type { Plain } from './plain.ts'
import { renamedTo, report, shortJson, type Walk } from './walk.ts'

/** Items of a tuple that are looked at one by one. */
const mostItems = 200

/**
 * The members of objects. Where a schema neither allows nor forbids members it does not name, those who know it are
 * taken not to send what only the other schema names: so a tool can take one more optional argument. A member that is
 * gone breaks although JSON Schema would let it pass: callers send it, readers read it.
 */
export function compareObjects(walk: Walk, sent: Plain, taken: Plain, path: string): void {
  const [ours, theirs] = [namedIn(sent.keywords), namedIn(taken.keywords)]
  const [mustSend, mustTake] = [requiredIn(sent.keywords), requiredIn(taken.keywords)]
  const onlyOurs = [...ours.keys()].filter((name) => !theirs.has(name))
  const onlyTheirs = [...theirs.keys()].filter((name) => !ours.has(name))
  for (const [name, schema] of ours) {
    if (theirs.has(name)) walk.compare(walk, schema, theirs.get(name), joinPath(path, name))
  }
  if (walk.side === 'input') {
    for (const name of onlyOurs) {
      const what = `${shortJson(name)} is not taken any more${renamedTo(name, onlyTheirs)}`
      report(walk, joinPath(path, name), 'property-removed', 'breaks', what)
    }
    for (const name of onlyTheirs) {
      const must = mustTake.has(name) && !mustSend.has(name)
      const what = `${shortJson(name)} ${must ? 'must' : 'may'} be given now`
      report(walk, joinPath(path, name), 'property-added', must ? 'breaks' : 'fits', what)
    }
  } else {
    for (const name of onlyTheirs) {
      const what = `${shortJson(name)} is not promised any more${renamedTo(name, onlyOurs)}`
      report(walk, joinPath(path, name), 'property-removed', 'breaks', what)
    }
    for (const name of onlyOurs) compareAddedResult(walk, ours.get(name), taken, joinPath(path, name), name)
  }
  if (onlyTheirs.length > 0 && mayNameMore.some((word) => own(sent.keywords, word) !== undefined)) {
    report(walk, path, 'property-added', 'unknown', 'another part of the schema may name it, too')
  }
  compareOthers(walk, sent, taken, path, onlyTheirs)
  compareRequired(walk, { mustSend, mustTake, onlyOurs, onlyTheirs }, path)
  compareLimit(walk, sent, taken, path, countOf('minProperties', 1))
  compareLimit(walk, sent, taken, path, countOf('maxProperties', -1))
}

/** Keywords in which a schema may name members beside its `properties`. */
const mayNameMore = 'anyOf oneOf allOf if dependentSchemas dependencies $dynamicRef $recursiveRef'.split(' ')

/** A result has a new member: fine, unless the schema before ruled it out, or said what any other member is. */
function compareAddedResult(walk: Walk, schema: unknown, before: Plain, path: string, name: string): void {
  const others = othersIn(before.keywords)
  if (others === false) {
    const what = `${shortJson(name)} may come now, and was ruled out before (additionalProperties)`
    report(walk, path, 'property-added', 'breaks', what)
    return
  }
  report(walk, path, 'property-added', 'fits', `${shortJson(name)} may come now`)
  if (isSchema(others)) walk.compare(walk, schema, others, path)
}

/** Members without a name of their own: `additionalProperties` and `patternProperties`. */
function compareOthers(
  walk: Walk,
  sent: Plain,
  taken: Plain,
  path: string,
  onlyTheirs: readonly string[],
): void {
  const patterns = [own(sent.keywords, 'patternProperties'), own(taken.keywords, 'patternProperties')]
  // An object that names nothing is one of free members: any may be sent.
  const isFree = own(sent.keywords, 'properties') === undefined
  const [ours, theirs] = [othersIn(sent.keywords) ?? (isFree || undefined), othersIn(taken.keywords)]
  const place = `${path}[*]`
  if (patterns.some((one) => one !== undefined)) {
    const same = sameJson(patterns[0], patterns[1]) && !refers(patterns[0])
    if (!same || onlyTheirs.length > 0) {
      report(walk, place, 'other-properties', 'unknown', 'names are told apart by patternProperties')
      return
    }
  }
  // What is said to be free to come may have any name, also one that is new.
  if (isSchema(ours) || ours === true) {
    for (const name of onlyTheirs)
      walk.compare(walk, ours, namedIn(taken.keywords).get(name), joinPath(path, name))
  }
  if (ours === false) {
    if (theirs !== false && !(isSchema(theirs) && Object.keys(theirs).length === 0)) {
      const what = walk.side === 'input' ? 'may be given now' : 'do not come any more'
      report(walk, place, 'other-properties', 'fits', `members without a name of their own ${what}`)
    }
    return
  }
  if (theirs === false) {
    const what = walk.side === 'input' ? 'are refused now' : 'may come now'
    report(walk, place, 'other-properties', 'breaks', `members without a name of their own ${what}`)
    return
  }
  walk.compare(walk, ours ?? true, theirs ?? true, place)
}

interface Required {
  readonly mustSend: ReadonlySet<string>
  readonly mustTake: ReadonlySet<string>
  readonly onlyOurs: readonly string[]
  readonly onlyTheirs: readonly string[]
}

function compareRequired(
  walk: Walk,
  { mustSend, mustTake, onlyOurs, onlyTheirs }: Required,
  path: string,
): void {
  // Of what is new or gone, the property itself was reported.
  const said = new Set([...onlyOurs, ...onlyTheirs])
  const fresh = new Set(onlyTheirs)
  for (const name of mustTake) {
    if (mustSend.has(name) || fresh.has(name)) continue
    const what = walk.side === 'input' ? 'must be given now' : 'may be missing now'
    report(walk, joinPath(path, name), 'required', 'breaks', `${shortJson(name)} ${what}`)
  }
  for (const name of mustSend) {
    if (mustTake.has(name) || said.has(name)) continue
    const what = walk.side === 'input' ? 'need not be given any more' : 'is always there now'
    report(walk, joinPath(path, name), 'required', 'fits', `${shortJson(name)} ${what}`)
  }
}

/** The items of lists: a tuple's one by one, then all others. */
export function compareArrays(walk: Walk, sent: Plain, taken: Plain, path: string): void {
  const [ours, theirs] = [itemsIn(sent.keywords), itemsIn(taken.keywords)]
  const length = Math.max(ours.first.length, theirs.first.length)
  if (length > mostItems) {
    report(walk, path, 'items', 'unknown', `a tuple of ${length} items is not compared`)
    return
  }
  for (let at = 0; at < length; at++) {
    const [mine, other] = [at < ours.first.length ? ours.first[at] : ours.rest, theirs.first[at]]
    walk.compare(walk, mine, at < theirs.first.length ? other : theirs.rest, joinPath(path, at))
  }
  walk.compare(walk, ours.rest, theirs.rest, `${path}[*]`)
  compareLimit(walk, sent, taken, path, countOf('minItems', 1))
  compareLimit(walk, sent, taken, path, countOf('maxItems', -1))
  const [unique, mustBe] = [sent, taken].map(({ keywords }) => own(keywords, 'uniqueItems') === true)
  if (unique === mustBe) return
  const isUniqueNow = walk.side === 'input' ? mustBe : unique
  const what = isUniqueNow === true ? 'no item stands twice now' : 'items may stand twice now'
  report(walk, path, 'unique', mustBe === true ? 'breaks' : 'fits', what)
}

/** Draft-07 has a tuple in `items` and the rest in `additionalItems`; 2020-12 in `prefixItems` and `items`. */
function itemsIn(schema: Schema): { readonly first: readonly unknown[]; readonly rest: unknown } {
  const [prefix, items] = [own(schema, 'prefixItems'), own(schema, 'items')]
  if (Array.isArray(prefix)) return { first: prefix, rest: items ?? true }
  return Array.isArray(items)
    ? { first: items, rest: own(schema, 'additionalItems') ?? true }
    : { first: [], rest: items ?? true }
}

function namedIn(schema: Schema): ReadonlyMap<string, unknown> {
  const properties = own(schema, 'properties')
  return new Map(isSchema(properties) ? Object.entries(properties) : [])
}

function requiredIn(schema: Schema): ReadonlySet<string> {
  const required = own(schema, 'required')
  return new Set(Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [])
}

/** `undefined` where nothing is said. */
function othersIn(schema: Schema): unknown {
  return own(schema, 'additionalProperties')
}

/** Of members or items; values of `enum` that are lists or objects are never said to fit. */
function countOf(keyword: string, sign: 1 | -1): Limit {
  const of = (value: unknown): number | undefined => {
    if (typeof value !== 'object' || value === null) return undefined
    return Array.isArray(value) === keyword.endsWith('Items') ? Object.keys(value).length : undefined
  }
  return { name: keyword, sign, keyword, of }
}
