import { agentSdk } from './agent-sdk.ts'
import { agentdojo } from './agentdojo.ts'
import { claudeCode } from './claude-code.ts'
import { evalkitSpool } from './evalkit-spool.ts'
import { evalkitTraces } from './evalkit-traces.ts'
import { har } from './har.ts'
import { inspect } from './inspect.ts'
import { langfuse } from './langfuse.ts'
import { langgraph } from './langgraph.ts'
import { langsmith } from './langsmith.ts'
import { mcp } from './mcp.ts'
import { openaiAgents } from './openai-agents.ts'
import { otlp } from './otlp.ts'
import { sweAgent } from './swe-agent.ts'
import { tau2 } from './tau2.ts'
import { tauBench } from './tau-bench.ts'
import { temporal } from './temporal.ts'
import { vcr } from './vcr.ts'

/** The formats that can be imported: name and member, one line each. */
export const importers = {
  'evalkit-spool': evalkitSpool,
  'evalkit-traces': evalkitTraces,
  'tau-bench': tauBench,
  tau2,
  agentdojo,
  'claude-code': claudeCode,
  'agent-sdk': agentSdk,
  mcp,
  langgraph,
  langfuse,
  langsmith,
  'openai-agents': openaiAgents,
  inspect,
  'swe-agent': sweAgent,
  otlp,
  har,
  vcr,
  temporal,
} as const

export type ImporterName = keyof typeof importers
