import { contentHash } from '../lib/hash.ts'
import { sameJson } from '../lib/json.ts'
import { slugOf } from '../lib/slug.ts'
import { defined } from '../lib/defined.ts'
import { isAgentsModelCall } from '../schema/call.ts'
import { type Case, caseSource, category } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Fixture, PackedRecording } from '../schema/fixture.ts'
import { textOf } from '../schema/message.ts'
import { normalizersOf } from '../schema/normalizers.ts'
import { packRecording, recordingOf } from '../schema/recording.ts'
import type { ToolsFile } from '../schema/tool.ts'
import type { Trace } from '../schema/trace.ts'

/** What a dataset holds of a case already. */
export interface Existing {
  readonly case?: Case | undefined
  readonly fixture?: Fixture | undefined
}

export interface Promotion {
  readonly case: Case
  readonly fixture: Fixture
  /** `created` a case, `appended` a recording to it, or found everything there: `unchanged`. */
  readonly change: 'created' | 'appended' | 'unchanged'
}

/**
 * Makes a regression test of a production trace: a case, and the fixture it is replayed against. Another trace of
 * the same case appends a recording; the same trace again changes nothing. `tools` is what
 * the project knows of its tools: what is new in every run is frozen into a new fixture. What a right answer must show comes from
 * the trace's task; a recorded output is an example, not the truth, and is not made an expectation. Throws
 * `EVK_TRACE_UNREPLAYABLE` for a trace without calls and `EVK_TRACE_TASKLESS` where no case id can be had.
 */
export function promote(
  trace: Trace,
  dataset: string,
  existing: Existing,
  caseId?: string,
  tools?: ToolsFile,
): Promotion {
  const recording = packRecording(recordingOf(trace))
  if (recording.calls.length === 0) {
    throw new EvalkitError(
      'EVK_TRACE_UNREPLAYABLE',
      `Trace ${trace.id} holds no call that could be replayed.`,
    )
  }
  const id = existing.case?.id ?? caseId ?? caseIdOf(trace)
  const recordings = existing.fixture?.recordings ?? []
  const known = recordings.some(({ trace: earlier }) => earlier === trace.id)
  const { rerecordings } = existing.fixture ?? {}
  // Frozen: what a fixture matches changes when somebody makes it anew, and not when a line of a file does.
  const normalizers =
    existing.fixture === undefined ? normalizersOf(tools, toolsIn(recording)) : existing.fixture.normalizers
  const fixture: Fixture = {
    v: 1,
    dataset,
    case: id,
    ...defined({ normalizers, rerecordings }),
    recordings: known ? recordings : [...recordings, { ...recording, trial: recordings.length }],
  }
  // A fixture without its case is what a killed promotion leaves: its recordings belong to the case made now.
  const traces = fixture.recordings.map((one) => one.trace)
  const promoted =
    existing.case === undefined
      ? { ...caseOf(trace, id), source: { traces, ...defined({ recordedAt: ranAt(trace) }) } }
      : withSource(existing.case, trace.id)
  const unchanged = known && sameJson(promoted, existing.case)
  const change = existing.case === undefined ? 'created' : unchanged ? 'unchanged' : 'appended'
  return { case: promoted, fixture, change }
}

function toolsIn({ calls }: PackedRecording): readonly string[] {
  return calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : []))
}

/**
 * The id a trace's case gets: its task's; where it names none, the agent and what it was asked, so that runs of the
 * same input are recordings of one case. Throws `EVK_TRACE_TASKLESS` where neither is known.
 */
export function caseIdOf(trace: Trace): string {
  if (trace.task === undefined && trace.input !== undefined) {
    return `${slugOf(trace.name).slice(0, 48)}-${contentHash(trace.input).slice(0, 8)}`
  }
  if (trace.task === undefined) {
    throw new EvalkitError(
      'EVK_TRACE_TASKLESS',
      `Trace ${trace.id} says neither which task it was an attempt at nor what it was asked.`,
    )
  }
  const { id } = trace.task
  // Numbers sort as people count.
  return slugOf(/^\d{1,4}$/.test(id) ? `task-${id.padStart(3, '0')}` : id)
}

/** The case a trace makes: what was wanted, and what its task says a right answer shows. */
export function caseOf(trace: Trace, id: string): Case {
  return {
    v: 1,
    id,
    ...askedOf(trace),
    ...defined({
      reference: trace.task?.reference,
      user: trace.task?.user,
      // A source has categories of its own; one of ours is kept.
      category: category.safeParse(trace.task?.category).data,
    }),
    tags: trace.tags,
    source: { traces: [trace.id], ...defined({ recordedAt: ranAt(trace) }) },
  }
}

/** When a trace ran, where its source told it in a form that stands in a dataset. */
function ranAt({ startedAt }: Trace): string | undefined {
  return caseSource.shape.recordedAt.safeParse(startedAt).data
}

/**
 * What was wanted, in the best words there are: the task's, the run's input, what the user opened with, the messages
 * the model was first asked with. Where a person answers in the recording, these are no messages of the case: the
 * person would say them twice.
 */
function askedOf(trace: Trace): Pick<Case, 'input' | 'messages'> {
  const said = trace.task?.instruction ?? trace.input
  if (said !== undefined) return { input: said }
  const { calls } = recordingOf(trace)
  // Who is asked for an approval is not who wanted something.
  const person = calls.find((call) => call.kind === 'human' && call.request.name === 'user')
  if (person?.kind === 'human') return { input: textOf(person.reply.message) }
  const model = calls.find(isAgentsModelCall)
  const opening = trace.dialogue?.opening.length ?? 0
  return model === undefined ? { input: null } : { messages: model.request.messages.slice(opening) }
}

function withSource(given: Case, trace: string): Case {
  const traces = given.source?.traces ?? []
  return traces.includes(trace)
    ? given
    : { ...given, source: { ...given.source, traces: [...traces, trace] } }
}
