import { compareContracts } from '../run/contracts/compare-contracts.ts'
import { contractsInCode } from '../run/contracts/found-contracts.ts'
import type { ToolsFile } from '../schema/tool.ts'
import type { FoundContracts, ToolChange } from '../schema/tool-contract.ts'
import { tappedTool, tappedTools } from '../tap/tap.ts'

/** The tools that the code of this process put behind the tap: those of every eval that is loaded. */
export function codeContracts(): FoundContracts {
  return contractsInCode(tappedTools(), tappedTool)
}

/**
 * How the tools of the code differ from evals/tools.json, for the gate. A tool that this process did not make is not said
 * to be gone: not every eval is loaded.
 */
export function contractChanges(file: ToolsFile | undefined): readonly ToolChange[] {
  return file === undefined ? [] : compareContracts(file, codeContracts(), new Set()).changes
}
