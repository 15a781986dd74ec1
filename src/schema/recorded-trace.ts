import { defined } from '../lib/defined.ts'
import type { Call } from './call.ts'
import type { Recording } from './recording.ts'
import type { Span, Trace } from './trace.ts'

/**
 * A recording as a trace again, to be set beside what a trial did: an agent, and below it every call in order. What a
 * recording does not keep (calls that nothing answered, what a tool did inside, the input) is not there.
 */
export function traceOfRecording(recording: Recording, name: string): Trace {
  const { trace, trial, ended, versions, dialogue, scores, output, calls } = recording
  return {
    v: 1,
    id: trace,
    name,
    source: { format: 'evalkit-fixture' },
    status: 'ok',
    trial,
    versions,
    tags: [],
    attributes: {},
    scores,
    ...defined({ ended, dialogue, output }),
    spans: [{ id: 's1', parent: null, kind: 'agent', name, status: 'ok' }, ...calls.map(spanOf)],
  }
}

function spanOf(call: Call, at: number): Span {
  const { startedAt, durationMs } = call
  const base = {
    id: `s${at + 2}`,
    parent: 's1',
    status: 'ok' as 'ok' | 'error',
    ...defined({ startedAt, durationMs }),
  }
  switch (call.kind) {
    case 'llm': {
      const { by, request, reply, attempts } = call
      const name = reply.model ?? request.model ?? 'llm'
      return { ...base, kind: 'llm', name, request, reply, ...defined({ by, attempts }) }
    }
    case 'tool': {
      const { request, reply, served } = call
      const status = reply.isError ? 'error' : 'ok'
      return { ...base, kind: 'tool', name: request.name, status, request, reply, ...defined({ served }) }
    }
    case 'human':
      return { ...base, kind: 'human', name: call.request.name, request: call.request, reply: call.reply }
    case 'custom': {
      const { request, reply, attempts } = call
      const name = `${request.method} ${request.url}`
      return { ...base, kind: 'custom', name, request, reply, ...defined({ attempts }) }
    }
  }
}
