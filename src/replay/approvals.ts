import { flatJson } from '../lib/pretty-json.ts'
import { oneLine } from '../lib/text.ts'
import { type Call, isApproval } from '../schema/call.ts'
import type { Divergence } from '../schema/outcome.ts'

/**
 * What is to be said of recorded questions that people are no longer asked: each is a finding of its own, because an
 * agent that stopped asking may do now what it was not allowed to.
 */
export function approvalsLeft(
  unused: readonly { readonly step: number; readonly call: Call }[],
  step: number,
): readonly Divergence[] {
  return unused.flatMap(({ step: recorded, call }): readonly Divergence[] => {
    if (!isApproval(call)) return []
    const { name, question } = call.request
    const about = question === undefined ? '' : ` about ${oneLine(flatJson(question), 200)}`
    const what = `"${oneLine(name, 80)}" is no longer asked${about}: in the recording a person answers that in step ${recorded}.`
    return [{ step, kind: 'approval', what, differences: [] }]
  })
}
