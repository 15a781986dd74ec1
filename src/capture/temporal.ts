import type { Context } from '@temporalio/activity'
import { thrownAs } from '../lib/thrown.ts'
import type { LlmReply, LlmRequest, ToolReply } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { Part } from '../schema/message.ts'
import { wireAt } from '../tap/sent.ts'
import { contextTap, type Tap, withTap } from '../tap/tap.ts'
import { isFields, replyIn, requestIn, jsonIn } from './ai-messages.ts'
import { captureSession } from './process.ts'
import { temporalTraceId } from './temporal-trace.ts'

export { temporalTraceId } from './temporal-trace.ts'

/** What an activity is to an agent: one of its tools, a call of its model, a step of its own, or nothing to record. */
export type ActivityKind = 'tool' | 'llm' | 'custom' | 'off'

export interface EvalkitActivityOptions {
  /** By activity type. What is not named is a `tool`. */
  readonly kinds?: Readonly<Record<string, ActivityKind>>
}

/** An interceptor for the activities of a worker, as `@temporalio/worker` defines it. */
export type EvalkitActivityInterceptor = (context: Context) => {
  readonly inbound: {
    execute<I extends { readonly args: unknown[] }>(
      input: I,
      next: (input: I) => Promise<unknown>,
    ): Promise<unknown>
  }
}

/**
 * Records the activities of a Temporal worker: each is a span in the trace of its workflow's run, and what it calls
 * through the tap (models, tools) is recorded under it. All workers that run activities of one run write to one trace:
 * its id comes from namespace, workflow id and run id (`temporalTraceId`), and `evalkit import` puts their parts
 * together. Each attempt of an activity is a span of its own.
 *
 * The activity sees nothing of it: what it returns or throws, its heartbeats and its cancellation go their way
 * unchanged. In a replay an activity that is a tool is answered from the recording. An `llm` activity is a step, with
 * the model calls that were met in it; where none was, with one made of what went in and came out.
 *
 * @example
 * await Worker.create({ …, interceptors: { activity: [evalkitActivity({ kinds: { invokeModel: 'llm' } })] } })
 */
export function evalkitActivity({ kinds = {} }: EvalkitActivityOptions = {}): EvalkitActivityInterceptor {
  return ({ info }) => ({
    inbound: {
      execute(input, next) {
        const kind = Object.hasOwn(kinds, info.activityType) ? kinds[info.activityType] : 'tool'
        const part = kind === 'off' ? undefined : partFor(info)
        if (part === undefined || kind === 'off') return next(input)
        let running: Promise<unknown> | undefined
        // Once, whatever happens here; and an activity may be a plain function.
        const run = (): Promise<unknown> => (running ??= (async () => next(input))())
        const activity = { info, tap: part.tap, args: input.args, run }
        const { outcome, recorded } =
          kind === 'tool' || kind === undefined ? asTool(activity) : asStep(activity, kind)
        void recorded.then(part.end)
        return outcome
      },
    },
  })
}

interface Activity {
  readonly info: Context['info']
  readonly tap: Tap
  readonly args: readonly unknown[]
  readonly run: () => Promise<unknown>
}

interface Running {
  /** What the activity is told: its own result, or what it threw. */
  readonly outcome: Promise<unknown>
  /** Resolves when it is noted. Never rejects. */
  readonly recorded: Promise<void>
}

/** Where this activity is recorded: in the run that is under way here, else in its part of the workflow's trace. */
function partFor(info: Context['info']): { readonly tap: Tap; readonly end: () => void } | undefined {
  const outer = contextTap()
  if (outer !== undefined) return { tap: outer, end: () => undefined }
  try {
    const recorder = captureSession()?.start(info.workflowType ?? info.activityType, {
      id: temporalTraceId(runOf(info)),
      part: `${info.activityId}.${info.attempt}.`,
      attributes: traceAttributes(info),
    })
    return recorder === undefined ? undefined : { tap: recorder.tap, end: () => recorder.end() }
  } catch {
    // What cannot be recorded runs all the same.
    return undefined
  }
}

function asTool({ info, tap, args, run }: Activity): Running {
  let outcome: Promise<unknown> | undefined
  const live = async (): Promise<ToolReply> => {
    outcome = run()
    try {
      return { response: jsonOf(await outcome), isError: false }
    } catch (error) {
      // It goes on elsewhere, and what comes of it is told to the server.
      if (nameOf(error) === 'CompleteAsyncError')
        return { response: { completes: 'elsewhere' }, isError: false }
      return { response: { thrown: thrownAs(error) }, isError: true }
    }
  }
  const request = { name: info.activityType, arguments: argumentsIn(args), id: info.activityId }
  const answered = tap.handle('tool', request, { live, attributes: spanAttributes(info) })
  const recorded = answered.then(
    () => undefined,
    () => undefined,
  )
  if (outcome !== undefined) return { outcome, recorded }
  // Nothing ran: this is a replay, and the reply is all there is.
  return { outcome: tap.closed === true ? answered.then(given) : run(), recorded }
}

function asStep({ info, tap, args, run }: Activity, kind: 'llm' | 'custom'): Running {
  const input = argumentsIn(args)
  const part = { kind: 'custom', name: info.activityType, input, attributes: spanAttributes(info) } as const
  let outcome: Promise<unknown> | undefined
  let recorded: Promise<void> | undefined
  void tap
    .within(part, async () => {
      const inside = contextTap() ?? tap
      if (kind === 'custom') return (outcome = run())
      const meeting = watched(inside)
      outcome = withTap(meeting.tap, run)
      recorded = outcome.then(
        (result) => (meeting.met() ? undefined : modelCall(inside, args, result)),
        () => undefined,
      )
      return outcome
    })
    .catch(() => undefined)
  const settled = outcome ?? run()
  return { outcome: settled, recorded: recorded ?? settled.then(nothing, nothing) }
}

/** The same tap, and whether it met a model call. */
function watched(tap: Tap): { readonly tap: Tap; readonly met: () => boolean } {
  let met = false
  return {
    met: () => met,
    tap: {
      ...tap,
      meet(sent) {
        met ||= sent.method === 'POST' && wireAt(sent.url) !== undefined
        return tap.meet(sent)
      },
    },
  }
}

/** A model call as an activity's arguments and result tell it: those of the AI SDK's plugin can be read. */
async function modelCall(tap: Tap, args: readonly unknown[], result: unknown): Promise<void> {
  const [asked] = args
  const { modelId, options } = isFields(asked) ? asked : {}
  const request: LlmRequest =
    isFields(options) && Array.isArray(options.prompt)
      ? requestIn({ ...options, modelId, messages: options.prompt })
      : { messages: [{ role: 'user', parts: [{ type: 'opaque', value: argumentsIn(args) }] }] }
  const said: Part =
    typeof result === 'string' ? { type: 'text', content: result } : { type: 'opaque', value: jsonOf(result) }
  const reply: LlmReply = replyIn(result) ?? { message: { role: 'assistant', parts: [said] } }
  await tap.handle('llm', request, { live: async () => reply }).then(nothing, nothing)
}

/** One argument is itself, as a tool is given it; more are a list. */
function argumentsIn(args: readonly unknown[]): Json {
  const given = args.map(jsonOf)
  return given.length === 1 && given[0] !== undefined ? given[0] : given
}

function jsonOf(value: unknown): Json {
  const json = value === undefined ? null : jsonIn(value)
  return json === undefined ? { 'evalkit.unread': 'something that JSON cannot say' } : json
}

/** A recorded reply as the activity's outcome. */
function given({ response, isError }: ToolReply): Json {
  if (!isError) return response
  const thrown = isFields(response) && isFields(response.thrown) ? response.thrown : {}
  const error = new Error(typeof thrown.message === 'string' ? thrown.message : '')
  if (typeof thrown.name === 'string') error.name = thrown.name
  throw error
}

function runOf(info: Context['info']): Parameters<typeof temporalTraceId>[0] {
  const { workflowExecution, activityId, activityRunId } = info
  // An activity that no workflow asked for is a run of its own.
  const own = { workflowId: `activity:${activityId}`, runId: activityRunId ?? '' }
  return { namespace: namespaceOf(info), ...(workflowExecution ?? own) }
}

/** Older SDKs say only whose namespace the workflow is in. */
function namespaceOf(info: { readonly namespace?: string; readonly workflowNamespace?: string }): string {
  return info.namespace ?? info.workflowNamespace ?? 'default'
}

function traceAttributes(info: Context['info']): { readonly [key: string]: Json } {
  const { workflowExecution, workflowType } = info
  return {
    'temporal.namespace': namespaceOf(info),
    ...(workflowType === undefined ? {} : { 'temporal.workflow_type': workflowType }),
    ...(workflowExecution === undefined
      ? {}
      : {
          'temporal.workflow_id': workflowExecution.workflowId,
          'temporal.run_id': workflowExecution.runId,
        }),
  }
}

function spanAttributes(info: Context['info']): { readonly [key: string]: Json } {
  const { workflowId, runId } = info.workflowExecution ?? {}
  return {
    ...(workflowId === undefined ? {} : { 'temporal.workflow_id': workflowId }),
    ...(runId === undefined ? {} : { 'temporal.run_id': runId }),
    'temporal.activity_id': info.activityId,
    'temporal.activity_type': info.activityType,
    'temporal.attempt': info.attempt,
    'temporal.task_queue': info.taskQueue,
  }
}

function nameOf(error: unknown): string {
  return thrownAs(error).name
}

function nothing(): void {
  return undefined
}
