import { byCodeUnit, canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import { touchedBy } from '../schema/touched.ts'
import { lastingArguments } from '../schema/write.ts'

/**
 * Writes as a state, as far as tools say what they touch: for each tool the arguments of its last write to each resource,
 * `{ set_address: { W12: { order, city } } }`. Of a tool that does not say its resource, and of one that acts outside
 * (a mail is not written over by the next one), all its different arguments, sorted: `{ send_mail: [{ to }] }`. Arguments
 * that are new in every run are left out.
 */
export function lastWrites(
  writes: readonly { readonly name: string; readonly arguments: Json }[],
  tools: KnownTools,
): Json {
  const byTool = Map.groupBy(writes, ({ name }) => name)
  const state = [...byTool].map(([name, ofTool]): [string, Json] => {
    const tool = tools(name)
    const last = new Map<string, Json>()
    const others = new Map<string, Json>()
    for (const write of ofTool) {
      const touched = tool.effect === 'external' ? undefined : touchedBy(tool, write.arguments)
      const lasting = lastingArguments(tool, write.arguments)
      if (touched === undefined) others.set(canonicalJson(lasting), lasting)
      else last.set(touched.join(' '), lasting)
    }
    const list = [...others].sort(([a], [b]) => byCodeUnit(a, b)).map(([, lasting]) => lasting)
    if (last.size === 0) return [name, list]
    // Both kinds of one tool: some of its calls did not say what they touch.
    return [name, { ...Object.fromEntries(last), ...(list.length === 0 ? {} : { '': list }) }]
  })
  return Object.fromEntries(state)
}
