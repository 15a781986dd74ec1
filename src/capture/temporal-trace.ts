import { sha256 } from '../lib/hash.ts'

/**
 * The id of the trace of one run of a Temporal workflow: the same in every worker. An imported history has another id,
 * made of its content: it is another view of the run, and none of the two replaces the other.
 * Not the workflow id itself, which may hold anything, a customer's name included.
 */
export function temporalTraceId(run: {
  readonly namespace: string
  readonly workflowId: string
  readonly runId: string
}): string {
  return `t_${sha256(JSON.stringify(['temporal', run.namespace, run.workflowId, run.runId])).slice(0, 20)}`
}
