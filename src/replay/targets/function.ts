import { contentHash } from '../../lib/hash.ts'
import { copyJson, jsonCopy } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { asTarget, type PlayContext, type Target } from '../target.ts'

/** The user's own agent: any function of the case's input. */
export type TargetFunction = (input: never, context: PlayContext) => unknown

/**
 * An in-process function as a target. Its model and tool calls reach the recording when they go through
 * `evalkit.fetch` and `evalkit.tool`. What it returns must be JSON (members that are `undefined` are dropped). It
 * works on copies: what it does to its input or its context reaches neither the recording nor the next trial.
 */
export function functionTarget(fn: TargetFunction): Target {
  return asTarget({
    kind: 'function',
    name: fn.name === '' ? 'target' : fn.name,
    versions: { code: contentHash(fn.toString()) },
    async play(input, context) {
      const { case: given, dialogue, recordedSettings } = context
      const own = copyJson({ case: given, dialogue, recordedSettings })
      const call = fn as (input: Json, context: PlayContext) => unknown
      const output = await call(copyJson(input), { ...context, ...own })
      return output === undefined ? undefined : toJson(output)
    },
  })
}

function toJson(output: unknown): Json {
  try {
    return jsonCopy(output) as Json
  } catch (cause) {
    throw new TypeError('The target returned something that JSON cannot say.', { cause })
  }
}
