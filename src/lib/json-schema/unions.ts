import { compareTypes } from './compare-values.ts'
import { isSchema, namesIn, own } from './keywords.ts'
import { both, type Document, type Plain, plainOf, typeNames, type ValueType, sharedValues } from './plain.ts'
import { type Answer, report, type SchemaChange, type Walk } from './walk.ts'

/**
 * `anyOf` and `oneOf`: each form that is sent must be one that is taken. Answers `whole` where nothing is left to
 * compare, `branches` where the keywords beside the union are.
 */
export function compareUnions(walk: Walk, sent: Plain, taken: Plain, path: string): 'whole' | 'branches' {
  const theirs = taken.union?.branches
  if (theirs === undefined) {
    const found: SchemaChange[] = []
    for (const branch of sent.union?.branches ?? []) {
      walk.compare({ ...walk, found }, both(withoutUnion(sent), branch), taken.keywords, path)
    }
    // The types of all forms together say what became of them: one by one they would seem to grow.
    const before = walk.found.length
    compareTypes(walk, typesWithBranches(sent, walk.sent), taken.types, path)
    const isSaid = walk.found.slice(before).some((change) => change.class === 'breaking')
    const isType = (change: SchemaChange): boolean =>
      change.kind === 'type' && change.path === path && (isSaid || change.class === 'compatible')
    walk.found.push(...found.filter((change) => !isType(change)))
    return 'whole'
  }
  const ours = sent.union?.branches ?? slicesOf(walk, sent, theirs, path)
  const used = new Set<number>()
  const beside = sent.union === undefined ? [] : namesIn(sent.keywords)
  for (const [at, branch] of ours.entries())
    compareBranch({ ...walk, beside }, branch, at, theirs, used, path)
  if (sent.union !== undefined) {
    const fresh = theirs.filter((_, at) => !used.has(at))
    for (const branch of fresh) {
      const what = walk.side === 'input' ? 'another form is taken now' : 'a form does not come any more'
      report(walk, path, 'alternative', 'fits', `${what}: ${formOf(walk.taken, branch)}`)
    }
  }
  if (taken.union?.word === 'oneOf' && !areApart(walk.taken, theirs)) {
    report(walk, path, 'oneOf', 'unknown', 'whether exactly one form of oneOf fits cannot be told')
  }
  return 'branches'
}

/** The types of a schema that its unions leave. */
export function typesWithBranches(plain: Plain, document: Document, depth = 0): ReadonlySet<ValueType> {
  const { union, types } = plain
  if (union === undefined || depth > 20) return types
  const inBranches = new Set(
    union.branches.flatMap((branch) => [
      ...typesWithBranches(plainOf(branch, document), document, depth + 1),
    ]),
  )
  return new Set([...types].filter((type) => inBranches.has(type)))
}

/** One form that is sent: taken whole by one form, or compared with the one it most likely became. */
function compareBranch(
  walk: Walk & { readonly beside: readonly string[] },
  branch: unknown,
  at: number,
  theirs: readonly unknown[],
  used: Set<number>,
  path: string,
): void {
  const order = [at, ...theirs.keys()].filter((index) => index < theirs.length)
  const fitting = order.find((index) => fits(walk, branch, theirs[index], path) === 'fits')
  const types = typesOf(walk.sent, branch)
  const meant =
    fitting ?? order.find((index) => [...typesOf(walk.taken, theirs[index])].some((type) => types.has(type)))
  if (meant === undefined) {
    const what = walk.side === 'input' ? 'a form is not taken any more' : 'another form may come now'
    report(walk, path, 'alternative', 'breaks', `${what}: ${formOf(walk.sent, branch)}`)
    return
  }
  used.add(meant)
  walk.compare(walk, branch, theirs[meant], path)
  // What is named beside the union is sent with each of its forms.
  const inBranch = namesIn(plainOf(branch, walk.sent).keywords)
  const fresh = namesIn(plainOf(theirs[meant], walk.taken).keywords).filter(
    (name) => !inBranch.includes(name),
  )
  if (fresh.some((name) => walk.beside.includes(name))) {
    report(walk, path, 'alternative', 'unknown', 'a form names what stands beside it before')
  }
}

/** A schema without unions, whole where one form takes it whole, else type by type. */
function slicesOf(walk: Walk, sent: Plain, theirs: readonly unknown[], path: string): readonly unknown[] {
  const whole = sent.keywords
  if (sent.types.size < 2 || theirs.some((branch) => fits(walk, whole, branch, path) === 'fits'))
    return [whole]
  return typeNames(sent.types).map((type) => both(whole, { type }))
}

/** Compares without telling. */
function fits(walk: Walk, sent: unknown, taken: unknown, path: string): Answer {
  const found: SchemaChange[] = []
  walk.compare({ ...walk, found }, sent, taken, path)
  if (found.some((change) => change.class === 'breaking')) return 'breaks'
  return found.some((change) => change.class === 'unknown') ? 'unknown' : 'fits'
}

function withoutUnion({ keywords, union }: Plain): unknown {
  return Object.fromEntries(Object.entries(keywords).filter(([word]) => word !== union?.word))
}

function typesOf(document: Document, schema: unknown): ReadonlySet<ValueType> {
  return typesWithBranches(plainOf(schema, document), document)
}

/** Whether no value fits two of these: they differ in type, or in what a member that all have must be. */
function areApart(document: Document, branches: readonly unknown[]): boolean {
  const plains = branches.map((branch) => plainOf(branch, document))
  return plains.every((a, at) => plains.slice(at + 1).every((b) => isApart(document, a, b)))
}

function isApart(document: Document, a: Plain, b: Plain): boolean {
  const types = typesWithBranches(b, document)
  const shared = [...typesWithBranches(a, document)].filter((type) => types.has(type))
  if (shared.length === 0) return true
  if (areDifferent(a.values, b.values)) return true
  if (shared.some((type) => type !== 'object')) return false
  const [inA, inB] = [requiredOf(a), requiredOf(b)]
  return inA.some((name) => {
    if (typeof name !== 'string' || !inB.includes(name)) return false
    const [mine, other] = [a, b].map(({ keywords }) => {
      const properties = own(keywords, 'properties')
      const member = isSchema(properties) ? own(properties, name) : undefined
      return member === undefined ? undefined : plainOf(member, document).values
    })
    return areDifferent(mine, other)
  })
}

function areDifferent(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return sharedValues(a, b).length === 0
}

function requiredOf({ keywords }: Plain): readonly unknown[] {
  const required = own(keywords, 'required')
  return Array.isArray(required) ? (required as readonly unknown[]) : []
}

/** A form as people tell it from others: by its type, or its members. */
function formOf(document: Document, schema: unknown): string {
  const { keywords, types, values } = plainOf(schema, document)
  if (values !== undefined) return JSON.stringify(values.slice(0, 5)).slice(0, 80)
  const names = namesIn(keywords).slice(0, 5)
  const words = typeNames(types).slice(0, 3).join(' or ')
  return names.length === 0 ? words : `${words} with ${names.map((name) => JSON.stringify(name)).join(', ')}`
}
