import { sha256 } from '../lib/hash.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import { touchedBy } from '../schema/touched.ts'

/**
 * What was written so far in one run, as far as tools say what they touch. Two calls of a tool can be expected to
 * bring the same where the same successful writes came before them (measured: docs/replay.md).
 */
export interface State {
  /** Stands for all successful writes so far to what this call touches, in their order. */
  digestOf(tool: string, given: Json): string
  /** A call was answered. Writes that succeeded count; `key` is the call as it is compared. */
  answered(tool: string, given: Json, key: string, isError: boolean): void
}

const nothing = ''

export function createState(known: KnownTools): State {
  /** Of everything that was written. */
  let all = nothing
  /** Of writes that may have touched anything. */
  let unscoped = nothing
  const scoped = new Map<string, string>()

  return {
    digestOf(tool, given) {
      const touched = touchedBy(known(tool), given)
      if (touched === undefined) return all
      return touched.map((resource) => scoped.get(resource) ?? unscoped).join(' ')
    },
    answered(tool, given, key, isError) {
      const facts = known(tool)
      if (facts.effect !== 'write' || isError) return
      const touched = touchedBy(facts, given)
      all = after(all, key)
      if (touched === undefined) {
        unscoped = after(unscoped, key)
        for (const [resource, digest] of scoped) scoped.set(resource, after(digest, key))
        return
      }
      for (const resource of touched) scoped.set(resource, after(scoped.get(resource) ?? unscoped, key))
    },
  }
}

function after(digest: string, key: string): string {
  return sha256(`${digest}\n${key}`).slice(0, 16)
}
