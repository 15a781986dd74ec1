import { canonicalJson, sameJson } from '../json.ts'
import { compareArrays, compareObjects } from './compare-members.ts'
import { compareEnums, compareScalars, compareTypes } from './compare-values.ts'
import { isSchema, own, refers, type Schema, withoutAnnotations } from './keywords.ts'
import { schemaNotes } from './notes.ts'
import { documentOf, type Plain, plainOf, typeOf } from './plain.ts'
import { compareUnions, typesWithBranches } from './unions.ts'
import { report, type SchemaChange, type Side, type Walk, wasIs } from './walk.ts'

export type { ChangeClass, SchemaChange, Side } from './walk.ts'

/** Characters of a schema that are compared; those of tools have a few thousand. */
const largest = 512 * 1024

/** Pairs of schemas that are compared, and how deep in each other. */
const mostPairs = 20_000
const deepest = 60

/** Changes of one schema that are told. */
const mostChanges = 200

/**
 * How a JSON Schema changed for those who rely on it as it was. Pure, bounded, and never throws; references within
 * the schema are followed, others are not.
 *
 * - `input`, what callers send: a change is compatible where all they send before is taken after.
 * - `result`, what they get: where all that comes after is what was promised before.
 * - What cannot be decided (`not`, `if`, two patterns, a reference elsewhere) is `unknown`, never compatible.
 * - Titles, descriptions, defaults are `note`: they change what a model does, and no value fits more or less.
 *
 * The law: where nothing is `breaking` or `unknown`, every value that fits the one schema fits the other (draft-07 and
 * 2020-12, formats asserted). One thing is read more kindly: members that the schema neither names, allows nor
 * forbids are not sent where the other schema begins to name them.
 */
export function compareSchemas(before: Schema, after: Schema, side: Side): readonly SchemaChange[] {
  if (sameJson(before, after)) return []
  if (canonicalJson(before).length > largest || canonicalJson(after).length > largest) {
    return [{ path: '', kind: 'size', class: 'unknown', what: 'the schema is too large to be compared' }]
  }
  const notes = schemaNotes(before, after)
  const [was, is] = [withoutAnnotations(before) as Schema, withoutAnnotations(after) as Schema]
  if (sameJson(was, is)) return notes
  const [sent, taken] = wasIs({ side }, was, is)
  const [sentAs, takenAs] = wasIs({ side }, before, after)
  const walk: Walk = {
    side,
    sent: documentOf(sent, sentAs),
    taken: documentOf(taken, takenAs),
    found: [],
    open: [],
    same: new WeakMap(),
    budget: { left: mostPairs },
    compare,
  }
  compare(walk, sent, taken, '')
  const found = uniqueOf([...walk.found, ...notes])
  if (found.length <= mostChanges) return found
  // What breaks is never what is left out.
  const order = ['breaking', 'unknown', 'compatible', 'note']
  return found.toSorted((a, b) => order.indexOf(a.class) - order.indexOf(b.class)).slice(0, mostChanges)
}

/** Whether every value that is sent fits what is taken; what is found is added to the walk. */
function compare(walk: Walk, sent: unknown, taken: unknown, path: string): void {
  if (!refers(sent) && isSame(walk, sent, taken)) return
  const [ours, theirs] = [plainOf(sent, walk.sent), plainOf(taken, walk.taken)]
  const met = walk.open.find(([a, b]) => a === ours.keywords && b === theirs.keywords)
  if (met !== undefined) {
    // Back where it was without a step into the value, a schema says nothing at all: no validator would end.
    if (met[2] === path) report(walk, path, 'reference', 'unknown', 'a reference leads back to itself')
    return
  }
  if (walk.budget.left-- <= 0 || walk.open.length > deepest) {
    report(walk, path, 'size', 'unknown', 'the schema is too large, or too deep, to be compared')
    return
  }
  const inner: Walk = { ...walk, open: [...walk.open, [ours.keywords, theirs.keywords, path]] }
  if (ours.never || theirs.never) compareNever(inner, ours, theirs, path)
  else if (isWhole(ours.unread) || isWhole(theirs.unread)) {
    report(inner, path, 'reference', 'unknown', 'a reference leads where it cannot be followed')
  } else if (ours.unread === undefined) comparePlain(inner, ours, theirs, path)
  else compareDoubtful(inner, ours, theirs, path)
}

function isSame({ same }: Walk, a: unknown, b: unknown): boolean {
  if (!isSchema(a) || !isSchema(b)) return sameJson(a, b)
  const others = same.get(a) ?? new WeakMap<object, boolean>()
  same.set(a, others)
  const known = others.get(b) ?? sameJson(a, b)
  others.set(b, known)
  return known
}

/** With a reference that is not followed, nothing is known of the schema. */
function isWhole(unread: string | undefined): boolean {
  return unread === '$ref' || unread === 'type'
}

/** More is asked of what is sent than could be read: what does not fit by the rest may fit by that. */
function compareDoubtful(walk: Walk, sent: Plain, taken: Plain, path: string): void {
  const found: SchemaChange[] = []
  comparePlain({ ...walk, found }, sent, taken, path)
  for (const change of found) {
    walk.found.push(change.class === 'breaking' ? { ...change, class: 'unknown' } : change)
  }
}

function comparePlain(walk: Walk, sent: Plain, taken: Plain, path: string): void {
  compareOpaque(walk, sent, taken, path)
  if (sent.union !== undefined || taken.union !== undefined) {
    if (compareUnions(walk, sent, taken, path) === 'whole') return
  }
  const shared = compareTypes(
    walk,
    typesWithBranches(sent, walk.sent),
    typesWithBranches(taken, walk.taken),
    path,
  )
  compareEnums(walk, sent, taken, path, shared)
  compareScalars(walk, sent, taken, path, shared)
  if (hasParts(sent)) {
    if (!sameJson(sent.keywords, taken.keywords)) {
      report(walk, path, 'enum', 'unknown', 'values that are lists or objects are compared only whole')
    }
    return
  }
  if (shared.has('object')) compareObjects(walk, sent, taken, path)
  if (shared.has('array')) compareArrays(walk, sent, taken, path)
}

function hasParts({ values = [] }: Plain): boolean {
  return values.some((value) => ['object', 'array'].includes(typeOf(value)))
}

function compareNever(walk: Walk, sent: Plain, taken: Plain, path: string): void {
  if (sent.never && taken.never) return
  const [was] = wasIs(walk, sent, taken)
  const what = was.never ? 'nothing fitted here before, and something does now' : 'nothing fits here any more'
  report(walk, path, 'never', sent.never ? 'fits' : 'breaks', what)
}

/** Keywords that are understood here, and what they must hold to be. */
const understood: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: () => true,
  nullable: (value) => typeof value === 'boolean',
  enum: (value) => Array.isArray(value),
  const: () => true,
  anyOf: (value) => Array.isArray(value) && value.length > 0,
  oneOf: (value) => Array.isArray(value) && value.length > 0,
  ...each('minimum maximum exclusiveMinimum exclusiveMaximum multipleOf', isNumber),
  ...each('minLength maxLength minItems maxItems minProperties maxProperties', isNumber),
  pattern: (value) => typeof value === 'string',
  format: (value) => typeof value === 'string',
  properties: isSchema,
  patternProperties: isSchema,
  additionalProperties: isSchemaOrBoolean,
  required: (value) => Array.isArray(value),
  items: (value) => isSchemaOrBoolean(value) || Array.isArray(value),
  prefixItems: (value) => Array.isArray(value),
  additionalItems: isSchemaOrBoolean,
  uniqueItems: (value) => typeof value === 'boolean',
  // Looked up by references, no question by themselves.
  $defs: () => true,
  definitions: () => true,
}

/** Keywords that are not understood fit where they are the same on both sides, or gone from what is taken. */
function compareOpaque(walk: Walk, sent: Plain, taken: Plain, path: string): void {
  const ours = opaqueIn(sent)
  const theirs = opaqueIn(taken)
  for (const word of new Set([...ours, ...theirs])) {
    const [mine, other] = [own(sent.keywords, word), own(taken.keywords, word)]
    if (sameJson(mine, other) && !refers(mine) && !looksAround(word)) continue
    if (!theirs.includes(word) && other === undefined) {
      report(walk, path, word, 'fits', `${word} is ${walk.side === 'input' ? 'gone' : 'new'}`)
    } else {
      report(walk, path, word, 'unknown', `${word} differs, and what that means cannot be told`)
    }
  }
}

/** These ask which members or items the rest of the schema has named: the same words may mean something else. */
function looksAround(word: string): boolean {
  return word.startsWith('unevaluated')
}

function opaqueIn({ keywords, union }: Plain): readonly string[] {
  return Object.keys(keywords).filter((word) => {
    if (word === 'oneOf' && union?.word === 'anyOf') return true
    const understands = Object.hasOwn(understood, word) ? understood[word] : undefined
    return understands?.(keywords[word]) !== true
  })
}

function each<T>(words: string, value: T): Readonly<Record<string, T>> {
  return Object.fromEntries(words.split(' ').map((word) => [word, value]))
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}

function isSchemaOrBoolean(value: unknown): boolean {
  return typeof value === 'boolean' || isSchema(value)
}

function uniqueOf(changes: readonly SchemaChange[]): readonly SchemaChange[] {
  return [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()]
}
