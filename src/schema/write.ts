import { omittedAt, placesAt, readPath, replacedAt } from '../lib/json-path.ts'
import { canonicalJson } from '../lib/json.ts'
import type { Json } from './json.ts'
import type { KnownTool, KnownTools } from './known-tools.ts'

/** What makes two writes the same. */
export interface WriteIdentity {
  /** The call without what is new in every try: two of the same are the same thing done twice. */
  readonly identity: string
  /** What makes repeated writes one, where it was sent. */
  readonly key: string | undefined
  /** Whether anybody said that this tool writes, or its name alone does. */
  readonly guessed: boolean
}

/** Identifies a call as a write: by its tool and by its arguments without those that are new in every run. */
export function writeOf(
  { name, arguments: given }: { readonly name: string; readonly arguments: Json },
  known: KnownTools,
): WriteIdentity {
  const tool = known(name)
  const same = newInEveryRun(tool).reduce<unknown>(
    (value, path) => replacedAt(value, stepsOf(path), () => null),
    given,
  )
  const { idempotencyKey } = tool
  const [key] = idempotencyKey === undefined ? [] : placesAt(given, stepsOf(idempotencyKey))
  return {
    identity: `${name} ${canonicalJson(same)}`,
    key: key === undefined || key.value === null ? undefined : canonicalJson(key.value),
    guessed: tool.from === 'name',
  }
}

/** The arguments of a call without those that are new in every run: what a reference can say of them. */
export function lastingArguments(tool: KnownTool, given: Json): Json {
  return newInEveryRun(tool).reduce<Json>((value, path) => omittedAt(value, stepsOf(path)) as Json, given)
}

function newInEveryRun({ volatile, idempotencyKey }: KnownTool): readonly string[] {
  return idempotencyKey === undefined ? volatile : [...volatile, idempotencyKey]
}

/** Paths are written from `arguments`. */
function stepsOf(path: string): NonNullable<ReturnType<typeof readPath>> {
  return readPath(path)?.slice(1) ?? []
}
