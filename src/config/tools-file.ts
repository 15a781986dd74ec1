import { existsSync, readFileSync } from 'node:fs'
import { fileError } from '../dataset/file-error.ts'
import { type KnownTools, knownTools } from '../schema/known-tools.ts'
import { jsonFrom, recordFrom, textFrom } from '../schema/read.ts'
import { type ToolsFile, toolsFile } from '../schema/tool.ts'
import { tappedTool } from '../tap/tap.ts'

/**
 * What a project knows of its tools: `evals/tools.json`, or `undefined` where there is none. `shownAs` is how errors name
 * it. Throws `EVK_TOOLS_INVALID`, naming the tool and the fact, and the readers' codes for what is no JSON.
 */
export function readToolsFile(path: string, shownAs: string): ToolsFile | undefined {
  if (!existsSync(path)) return undefined
  const at = { file: shownAs }
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw fileError(error, shownAs)
  }
  return recordFrom(toolsFile, jsonFrom(textFrom(bytes, at), at), at, 'tools file', 'EVK_TOOLS_INVALID')
}

/** What is known of tools: what the file says, then what the code of this process says (`tool(…, facts)`). */
export function toolsKnownTo(file: ToolsFile | undefined): KnownTools {
  return knownTools(file, tappedTool)
}
