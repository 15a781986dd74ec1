import { parse, stringify } from 'yaml'
import { agentSdk } from './agent-sdk.ts'
import { agentdojo } from './agentdojo.ts'
import { claudeCode } from './claude-code.ts'
import { evalkitSpool } from './evalkit-spool.ts'
import { evalkitTraces } from './evalkit-traces.ts'
import { har } from './har.ts'
import { describeImporter, describeLines, describeRecording, describeSample } from './importer.contract.ts'
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

function listIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('the sample holds no list of runs')
  return value
}

describeImporter(tauBench, new URL('./tau-bench.sample.json', import.meta.url), listIn)
describeImporter(tau2, new URL('./tau2.sample.json', import.meta.url), (document) =>
  listIn((document as { simulations?: unknown }).simulations),
)

describeSample(agentdojo, new URL('./agentdojo.sample.jsonl', import.meta.url), 4)

describeLines(claudeCode, new URL('./claude-code.sample.jsonl', import.meta.url), 1)

describeLines(agentSdk, new URL('./agent-sdk.sample.jsonl', import.meta.url), 1)

describeLines(evalkitTraces, new URL('./evalkit-traces.sample.jsonl', import.meta.url), 2)

describeLines(mcp, new URL('./mcp.sample.jsonl', import.meta.url), 1)

for (const sample of [
  'ai-sdk-v4.sample.json',
  'ai-sdk-v6.sample.json',
  'ai-sdk-v7.sample.json',
  'claude-code.sample.jsonl',
  'instrumentation-openai.sample.jsonl',
  'langfuse.sample.json',
  'openinference.sample.json',
  'openllmetry.sample.json',
  'openllmetry-indexed.sample.json',
]) {
  describeSample(otlp, new URL(`./otlp-${sample}`, import.meta.url), 1)
}

describeImporter(inspect, new URL('./inspect.sample.json', import.meta.url), (document) =>
  listIn((document as { samples?: unknown }).samples),
)

describeSample(inspect, new URL('./inspect-eval.sample.eval', import.meta.url), 2)

describeRecording(sweAgent, new URL('./swe-agent.sample.json', import.meta.url), (document) =>
  listIn((document as { history?: unknown }).history),
)

describeSample(langfuse, new URL('./langfuse.sample.json', import.meta.url), 1)

describeSample(langsmith, new URL('./langsmith.sample.json', import.meta.url), 1)
describeSample(langsmith, new URL('./langsmith-multipart.sample.txt', import.meta.url), 1)

describeSample(openaiAgents, new URL('./openai-agents.sample.json', import.meta.url), 1)

describeSample(langgraph, new URL('./langgraph.sample.json', import.meta.url), 1)

describeSample(evalkitSpool, new URL('./evalkit-spool.sample.jsonl', import.meta.url), 2)

describeSample(
  temporal,
  new URL('../../../test/data/temporal/customer-service-workflow-history.json', import.meta.url),
  1,
)

describeRecording(
  har,
  new URL(
    '../../../test/data/wire/har/instrumentation-langchain__should-set-attributes-in-span-for-agent-instrumentation_1316891278.har',
    import.meta.url,
  ),
  (document) => listIn((document as { log: { entries: unknown } }).log.entries),
)
describeRecording(
  vcr,
  new URL('../../../test/data/wire/vcr/test_multiple_parallel_tool_calls.yaml', import.meta.url),
  (document) => listIn((document as { interactions: unknown }).interactions),
  { parse, write: stringify },
)
