import { defined } from '../lib/defined.ts'
import type { Case, Reference } from '../schema/case.ts'
import type { Provenance, Usage } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import { type Message, textMessage } from '../schema/message.ts'
import type { Divergence, Outcome, OutcomeStatus } from '../schema/outcome.ts'
import type { Score } from '../schema/score.ts'
import type { ToolsFile } from '../schema/tool.ts'
import type { Plan, Span, Trace } from '../schema/trace.ts'
import type { Subject } from './check.ts'

/** What matters of a subject in an example; everything else is filled in. */
export interface SubjectSketch {
  readonly input?: Json
  readonly messages?: readonly Message[]
  readonly expected?: Json
  readonly reference?: Reference
  readonly output?: Json
  /** Tool calls the agent made, in order; answered with `response`, or with null. */
  readonly calls?: readonly SketchedCall[]
  /** Spans that a sketch has no word for, as they are, before the calls; ids are given by place. */
  readonly spans?: readonly SketchedSpan[]
  /** What the agent said it was going to do. */
  readonly plan?: Plan
  /** What is known of tools, as evals/tools.json says it. */
  readonly tools?: ToolsFile['tools']
  /** Replies of the model, in order, after the calls. */
  readonly says?: readonly (string | SketchedReply)[]
  readonly status?: OutcomeStatus
  readonly reason?: string
  readonly usage?: Partial<Usage>
  readonly costUsd?: number
  /** Wall time in ms. Default: 1000. */
  readonly durationMs?: number
  readonly divergences?: readonly Divergence[]
  /** Fidelity's share. Default: 1. */
  readonly share?: number
  /** Scores of the recording the trial was replayed against. */
  readonly recorded?: readonly Score[]
  /** What the recorded run put out. */
  readonly recordedOutput?: Json
  /** Scores that came with the trial's own trace. */
  readonly scores?: readonly Score[]
}

/** A span as a sketch gives it: its id is given by its place. */
export type SketchedSpan = DistributiveOmit<Span, 'id'>

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

export interface SketchedCall {
  readonly name: string
  readonly arguments?: Json
  readonly malformed?: true
  readonly response?: Json
  readonly isError?: true
  readonly served?: Provenance
  readonly durationMs?: number
}

export interface SketchedReply {
  readonly text: string
  readonly usage?: Partial<Usage>
  readonly costUsd?: number
  readonly served?: Provenance
  readonly durationMs?: number
}

/** The smallest valid subject that shows what a sketch says. */
export function subjectOf(sketch: SubjectSketch): Subject {
  const { recorded, recordedOutput, tools } = sketch
  return {
    case: caseOf(sketch),
    outcome: outcomeOf(sketch),
    ...defined({ recorded, recordedOutput, tools: tools && knownTools({ v: 1, tools }) }),
  }
}

function caseOf({ input, messages, expected, reference }: SubjectSketch): Case {
  return {
    v: 1,
    id: 'example',
    ...(messages === undefined ? { input: input ?? 'Please help.' } : { messages }),
    ...(messages === undefined || input === undefined ? {} : { input }),
    ...(expected === undefined ? {} : { expected }),
    ...(reference === undefined ? {} : { reference }),
    tags: [],
  }
}

function outcomeOf(sketch: SubjectSketch): Outcome {
  const { output, reason, usage, costUsd, share = 1 } = sketch
  return {
    status: sketch.status ?? 'completed',
    ...(reason === undefined ? {} : { reason }),
    ...(output === undefined ? {} : { output }),
    trace: traceOf(sketch),
    ...(usage === undefined ? {} : { usage: fullUsage(usage) }),
    ...(costUsd === undefined ? {} : { costUsd }),
    durationMs: sketch.durationMs ?? 1000,
    fidelity: { share, steps: 0, counts: {} },
    divergences: sketch.divergences ?? [],
  }
}

function traceOf({
  spans: given = [],
  calls = [],
  says = [],
  output,
  plan,
  scores = [],
}: SubjectSketch): Trace {
  const spans: Span[] = given.map((span, at) => ({ ...span, id: `s${at + 1}` }))
  for (const call of calls) spans.push(toolSpan(`s${spans.length + 1}`, call))
  for (const reply of says) spans.push(llmSpan(`s${spans.length + 1}`, reply))
  return {
    v: 1,
    id: `t_${'0'.repeat(20)}`,
    name: 'example',
    source: { format: 'example' },
    status: 'ok',
    ...defined({ output, plan }),
    versions: {},
    tags: [],
    attributes: {},
    scores,
    spans,
  }
}

function toolSpan(id: string, call: SketchedCall): Span {
  const request = { name: call.name, arguments: call.arguments ?? {} }
  return {
    id,
    parent: null,
    name: call.name,
    status: call.isError === true ? 'error' : 'ok',
    ...servedIn(call),
    kind: 'tool',
    request: call.malformed === true ? { ...request, malformed: true } : request,
    reply: { response: call.response ?? null, isError: call.isError === true },
  }
}

function llmSpan(id: string, reply: string | SketchedReply): Span {
  const sketch: SketchedReply = typeof reply === 'string' ? { text: reply } : reply
  const { text, usage, costUsd } = sketch
  return {
    id,
    parent: null,
    name: 'chat',
    status: 'ok',
    ...servedIn(sketch),
    kind: 'llm',
    request: { messages: [] },
    reply: {
      message: textMessage('assistant', text),
      ...(usage === undefined ? {} : { usage: fullUsage(usage) }),
      ...(costUsd === undefined ? {} : { costUsd }),
    },
  }
}

function fullUsage(usage: Partial<Usage>): Usage {
  return { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, ...usage }
}

function servedIn({ served, durationMs }: SketchedCall | SketchedReply) {
  return { ...(served === undefined ? {} : { served }), ...(durationMs === undefined ? {} : { durationMs }) }
}
