import { contentHash } from '../lib/hash.ts'
import type { LlmRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Versions } from '../schema/trace.ts'

/**
 * What a model request tells of the versions of an agent: the hash of its system prompt, the model it asks, the hash
 * of its tools, and, so that a changed tool can be named, the hash of each (`evalkit.tools`).
 */
export function versionsIn({ model, system = [], tools = [] }: LlmRequest): {
  readonly versions: Versions
  readonly attributes: { readonly [key: string]: Json }
} {
  return {
    versions: {
      ...(system.length === 0 ? {} : { prompt: hashOf(system) }),
      ...(model === undefined ? {} : { model }),
      ...(tools.length === 0 ? {} : { tools: hashOf(tools) }),
    },
    attributes:
      tools.length === 0
        ? {}
        : { 'evalkit.tools': Object.fromEntries(tools.map((tool) => [tool.name, hashOf(tool)])) },
  }
}

/** Values do not change, and many requests hold the very same ones. */
const hashes = new WeakMap<object, string>()

function hashOf(value: object): string {
  const known = hashes.get(value) ?? contentHash(value)
  hashes.set(value, known)
  return known
}
