import type { LiveTool } from '../run/verify/ask.ts'
import { EvalkitError } from '../schema/errors.ts'
import { loadUserExports } from './user-file.ts'

/**
 * The live tools of a user's module, by name: what it exports by name, and what its default export holds (an object by
 * name, or a list of `tool(…)`). One made with `tool(…)` is called what its definition says, a plain function by its
 * export. Throws `EVK_FILE_NOT_FOUND`, `EVK_EVAL_LOAD`, and `EVK_TOOLS_INVALID` where there is no tool in it.
 */
export async function loadLiveTools(path: string, shownAs: string): Promise<ReadonlyMap<string, LiveTool>> {
  const { default: all, ...named } = await loadUserExports(path, 'EVK_EVAL_LOAD', shownAs)
  const tools = new Map<string, LiveTool>()
  const isObject = typeof all === 'object' && all !== null
  for (const [name, value] of [...Object.entries(named), ...(isObject ? Object.entries(all) : [])]) {
    if (typeof value !== 'function') continue
    tools.set(definedName(value) ?? name, value as LiveTool)
  }
  if (typeof all === 'function') tools.set(definedName(all) ?? all.name, all as LiveTool)
  if (tools.size > 0) return tools
  throw new EvalkitError('EVK_TOOLS_INVALID', 'The file exports no tool.', {
    at: { file: shownAs },
    hint: 'export const get_order = async ({ order }) => …, or tools made with tool(…).',
  })
}

function definedName(value: object): string | undefined {
  if (!('definition' in value)) return undefined
  const { definition } = value
  const said =
    typeof definition === 'object' && definition !== null && 'function' in definition
      ? definition.function
      : definition
  return typeof said === 'object' && said !== null && 'name' in said && typeof said.name === 'string'
    ? said.name
    : undefined
}
