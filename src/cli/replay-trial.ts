import { loadEvals } from '../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { caseOf } from '../dataset/promote.ts'
import { defined } from '../lib/defined.ts'
import { slugOf } from '../lib/slug.ts'
import type { LiveRun } from '../replay/live/live-models.ts'
import type { Play } from '../replay/play.ts'
import type { Target } from '../replay/target.ts'
import { loop } from '../replay/targets/loop.ts'
import type { Simulated } from '../replay/tool-fallback.ts'
import type { UserKind } from '../replay/user.ts'
import { script } from '../replay/users/script.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import { normalizersOf } from '../schema/normalizers.ts'
import { type Recording, recordingOf } from '../schema/recording.ts'
import { defaultReplayPolicy, type ReplayPolicy } from '../schema/replay-policy.ts'
import type { ToolsFile } from '../schema/tool.ts'
import type { Trace } from '../schema/trace.ts'
import type { Check } from '../score/check.ts'
import { type WireName, wires } from '../tap/wire/index.ts'
import { recordedConditions } from './conditions.ts'
import type { Io } from './io.ts'
import { type ModeFlags, type Modes, modesFrom, budgetOfModels, openModels } from './modes.ts'
import type { CommonOptions, Project } from './project.ts'
import { redactorOf } from './redactor.ts'
import { incompleteness } from './replayable.ts'

/** What a command line says of how one trace is played. */
export interface TrialOptions extends CommonOptions, ModeFlags {
  readonly eval?: string
  readonly api?: string
  readonly trials?: string
  readonly strict?: boolean
}

/** What is played: an agent, and how its calls are answered. */
export interface Agent {
  readonly target: Target
  readonly user: UserKind
  readonly timeoutMs: number
  readonly checks: readonly Check[]
  readonly replay: ReplayPolicy
  readonly simulate: Readonly<Record<string, Simulated>>
  /** How calls are answered, the same for every trace. */
  readonly answering: Answering
}

/** How calls are answered: the modes, and what they need. */
export interface Answering {
  readonly modes: Modes
  readonly file: ToolsFile | undefined
  readonly known: KnownTools
  readonly models: LiveRun | undefined
}

/**
 * The agent of an eval, or the built-in loop. Throws what loading an eval, the tools file and the modes throws.
 */
export async function agentOf(io: Io, project: Project, options: TrialOptions): Promise<Agent> {
  const { folder, config, path } = project
  const modes = modesFrom(options, project)
  if (options.trials !== undefined && modes.mode.llm === 'recorded') {
    throw new EvalkitError(
      'EVK_USAGE',
      '--trials goes with live models: a recorded one says the same each time.',
    )
  }
  const file = readToolsFile(path(config.tools), config.tools)
  const models = await openModels(
    io,
    project,
    modes,
    await budgetOfModels(io, modes, config.policy.spend?.usd),
  )
  const answering = { modes, file, known: toolsKnownTo(file), models }
  if (options.eval === undefined) {
    const alone = { checks: [], replay: defaultReplayPolicy, simulate: {} }
    return { target: loop(), user: script(), timeoutMs: 300_000, ...alone, answering }
  }
  const [loaded] = await loadEvals(folder, config, [options.eval])
  if (loaded === undefined)
    throw new EvalkitError('EVK_EVAL_NOT_FOUND', `There is no eval "${options.eval}".`)
  return { ...loaded.eval, answering }
}

/** One trial of a trace. Throws `EVK_TRACE_UNREPLAYABLE`. */
export function trialOf(
  io: Io,
  { config }: Project,
  trace: Trace,
  { answering, replay: policy, simulate, ...agent }: Agent,
  options: TrialOptions,
  pool: readonly Recording[],
): Play & { readonly recording: Recording } {
  const refusal = refusalOf(trace)
  if (refusal !== undefined) throw refusal
  const { modes, known, file, models } = answering
  const recording = recordingOf(trace)
  const tools = recording.calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : []))
  return {
    ...agent,
    target: options.eval === undefined ? loopFor(trace, options.api) : agent.target,
    case: caseOf(trace, slugOf(trace.task?.id ?? trace.id)),
    trial: trace.trial ?? 0,
    recording,
    ...startOf(trace),
    signal: io.signal,
    now: io.now,
    redact: redactorOf(io, config).json,
    time: policy.time,
    network: policy.network,
    seed: policy.seed,
    replay: {
      mode: modes.mode,
      known,
      pool,
      simulate,
      policy: options.strict === true ? { ...policy, strict: true } : policy,
      ...defined({
        normalizers: normalizersOf(file, tools),
        models: models?.forTrial({ signal: io.signal }),
      }),
    },
  }
}

/** Other recorded runs of the same task, where they may be asked too. */
export async function poolOf(
  { store }: Project,
  { id, task }: Trace,
  { answering }: Agent,
): Promise<readonly Recording[]> {
  if (answering.modes.mode.tools !== 'pooled' || task === undefined) return []
  const where = recordedConditions({}).concat({ field: 'task', op: '=', value: task.id })
  const pool: Recording[] = []
  for await (const summary of store.listTraces({ where, limit: mostPooled })) {
    if (summary.id !== id) pool.push(recordingOf(await store.getTrace(summary.id)))
  }
  return pool
}

/** Recordings of one task that are asked at most. */
const mostPooled = 50

function startOf({ startedAt = '' }: Trace): Pick<Play, 'recordedStart'> {
  const recordedStart = Date.parse(startedAt)
  return Number.isNaN(recordedStart) ? {} : { recordedStart }
}

/** Why a trace cannot be replayed. */
export function refusalOf(trace: Trace): EvalkitError | undefined {
  const incomplete = incompleteness(trace)
  if (incomplete !== undefined || recordingOf(trace).calls.length > 0) return incomplete
  return new EvalkitError('EVK_TRACE_UNREPLAYABLE', `Trace ${trace.id} holds no call that could be replayed.`)
}

/** The built-in loop in the wire format the recording's model speaks, or the one asked for. */
function loopFor(trace: Trace, asked: string | undefined): Target {
  if (asked !== undefined && !Object.hasOwn(wires, asked)) {
    throw new EvalkitError('EVK_USAGE', `There is no wire format "${asked.slice(0, 40)}".`, {
      details: [`formats: ${Object.keys(wires).join(', ')}`],
    })
  }
  return loop({ api: (asked as WireName | undefined) ?? spokenIn(trace), maxTurns: 1000 })
}

/** The wire format a trace was recorded in; where it does not say, the one its model is known for. */
function spokenIn({ spans, versions }: Trace): WireName {
  const recorded = spans
    .map(({ attributes }) => attributes?.['evalkit.wire'])
    .find((name) => name !== undefined)
  if (typeof recorded === 'string' && Object.hasOwn(wires, recorded)) return recorded as WireName
  return /claude/i.test(versions.model ?? '') ? 'anthropic-messages' : 'openai-chat'
}
