import type { Condition } from '../schema/trace-query.ts'
import { parseWhere } from '../store/where.ts'

/** What `--where`, given once or more, asks: all of it must hold. */
export function conditions({ where = [] }: { readonly where?: readonly string[] }): readonly Condition[] {
  return where.flatMap((text) => parseWhere(text))
}
