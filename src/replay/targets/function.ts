import { contentHash } from '../../lib/hash.ts'
import type { Json } from '../../schema/json.ts'
import { asTarget, type PlayContext, type Target } from '../target.ts'

/** The user's own agent: any function of the case's input. */
export type TargetFunction = (input: never, context: PlayContext) => unknown

/**
 * An in-process function as a target. Its model and tool calls reach the recording when they go through
 * `evalkit.fetch` and `evalkit.tool`; what it returns must be JSON (`undefined` members are dropped).
 */
export function functionTarget(fn: TargetFunction): Target {
  return asTarget({
    kind: 'function',
    name: fn.name === '' ? 'target' : fn.name,
    versions: { code: contentHash(fn.toString()) },
    async play(input: Json, context) {
      const output = await (fn as (input: Json, context: PlayContext) => unknown)(input, context)
      return toJson(output)
    },
  })
}

function toJson(output: unknown): Json | undefined {
  if (output === undefined || output === null || typeof output === 'string' || typeof output === 'boolean') {
    return output
  }
  try {
    const text = JSON.stringify(output)
    if (text === undefined) throw new TypeError(`a ${typeof output} is not JSON`)
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new TypeError('The target returned something that JSON cannot say.', { cause })
  }
}
