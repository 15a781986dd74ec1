import type { Json } from '../../schema/json.ts'
import { isRecord, readInput, recordIn } from '../../tap/wire/text.ts'
import { hidden } from '../otlp/genai-span.ts'
import { langchainMessage } from './langchain-message.ts'
import type { Observation } from './observation.ts'
import { toolResult } from './provider-talk.ts'

/**
 * The call and the result of a tool that LangSmith ran: its inputs are the arguments, or `{ input }` with them as text; its outputs
 * what it gave, wrapped in `{ output }`, where LangChain ran it as the message it became, which knows its call. `id` is the call's, if known.
 */
export function langsmithTool(
  name: string,
  id: string,
  inputs: Json | undefined,
  outputs: Json | undefined,
): Pick<Observation, 'kind' | 'call' | 'result' | 'fidelity'> {
  const { input, ...others } = recordIn(inputs)
  const only = typeof input === 'string' && Object.keys(others).length === 0
  const output = unwrapped(outputs)
  const message = langchainMessage(output)?.message
  const [shown] = message?.role === 'tool' ? message.parts : []
  const told = shown?.type === 'tool_call_response' ? shown : undefined
  const known = told?.id ?? id
  return {
    kind: 'tool',
    call: {
      name,
      ...(known === '' ? {} : { id: known }),
      ...(inputs === undefined ? {} : readInput(only ? input : inputs)),
    },
    ...toolResult(output, told),
    ...hidden({ arguments: inputs, result: output }),
  }
}

/** What is no object is wrapped in one: `{ output: … }`, `{ outputs: … }`. */
export function unwrapped(value: Json | undefined): Json | undefined {
  if (!isRecord(value)) return value
  const [[name, only] = [], ...others] = Object.entries(value)
  return others.length === 0 && (name === 'output' || name === 'outputs') ? (only ?? null) : value
}
