import { sameJson } from '../json.ts'
import { joinPath } from '../json-diff.ts'
import { type InnerSchema, isSchema, own, type Schema, schemasIn } from './keywords.ts'
import { type SchemaChange, shortJson } from './walk.ts'

/** Notes of one schema; what a model reads of it is one text or twenty, not hundreds. */
const most = 50
const mostVisits = 20_000
const deepest = 100

const words = ['title', 'description', 'default', 'examples'] as const

/**
 * Where a schema is told otherwise than before: titles, descriptions, defaults, examples, at places both have. A tool's
 * description is a prompt: another text is another agent, though every value fits as it did.
 */
export function schemaNotes(before: Schema, after: Schema): readonly SchemaChange[] {
  const found: SchemaChange[] = []
  let visits = mostVisits
  const visit = (was: unknown, is: unknown, path: string, depth: number): void => {
    if (!isSchema(was) || !isSchema(is) || found.length >= most || visits-- <= 0 || depth > deepest) return
    for (const word of words) {
      const [said, says] = [own(was, word), own(is, word)]
      if (sameJson(said, says)) continue
      const kind = word === 'default' ? 'default' : 'wording'
      const what = `${word}: ${shortJson(said)} before, ${shortJson(says)} now`
      found.push({ path, kind, class: 'note', what })
    }
    const others = new Map(schemasIn(is).map((one) => [placeOf(one), one.schema]))
    for (const one of schemasIn(was)) visit(one.schema, others.get(placeOf(one)), below(path, one), depth + 1)
  }
  visit(before, after, '', 0)
  return found
}

function placeOf({ keyword, at }: InnerSchema): string {
  return JSON.stringify([keyword, at ?? null])
}

/** The path of a value where it is one's, else that of the schema. */
function below(path: string, { keyword, at }: InnerSchema): string {
  if (keyword === 'properties' && at !== undefined) return joinPath(path, at)
  if (keyword === 'items' || keyword === 'additionalProperties') return `${path}[*]`
  if (/^(?:anyOf|oneOf|allOf)$/.test(keyword)) return path
  return at === undefined ? joinPath(path, keyword) : joinPath(joinPath(path, keyword), at)
}
