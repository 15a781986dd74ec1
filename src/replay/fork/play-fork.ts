import { defined } from '../../lib/defined.ts'
import type { Provenance } from '../../schema/call.ts'
import type { Fork, ForkStory } from '../../schema/fork.ts'
import { gradeOf } from '../../schema/grade.ts'
import type { Outcome } from '../../schema/outcome.ts'
import type { Recording } from '../../schema/recording.ts'
import { type Trace, stepsOf } from '../../schema/trace.ts'
import type { Injector } from '../injection.ts'
import type { Overrides } from '../live/override.ts'
import { type Play, play } from '../play.ts'
import { userKind } from '../users/index.ts'
import { childOf } from './child.ts'
import { type Edit, readEdit, recordedAt } from './edits.ts'
import { type ForkPlan, forkOf } from './fork.ts'
import { storyOf } from './story.ts'

/** What of a trace its fork needs to know. */
export type ForkParent = Pick<Trace, 'id' | 'name' | 'task' | 'attributes' | 'spans'>

/** What a fork is made of. */
export interface ForkSettings {
  /** The trace that is forked. */
  readonly parent: ForkParent
  readonly from?: number | undefined
  /** As `--set` has them. */
  readonly set?: readonly string[]
  /** The text of a file that an edit names. */
  readonly read: (file: string) => string
  /** What else is noted in the child: what people said otherwise, as `--human` takes it. */
  readonly people?: readonly string[] | undefined
  /** Of the models that are asked from the fork on: noted in the child. */
  readonly overrides?: Overrides | undefined
}

export interface Forked {
  /** Without what a fork is for: another end, another output, calls that are no longer made. */
  readonly outcome: Outcome
  readonly story: ForkStory
  /** The trace of the fork, to be kept and replayed. Left out where it cannot be: `story.unsaved` says why. */
  readonly child?: Trace
}

/**
 * Plays one trial as a fork of its recording. Its beginning is the recorded one, or the outcome is `aborted` with
 * `EVK_FORK_PREFIX`. Models are live from the fork on where the trial's mode says so; recorded ones go on only where they
 * were asked the very same. What else the trial puts in (another answer of a person) yields to an edit. Throws
 * `EVK_FORK_INVALID` before anything runs.
 */
export async function playFork(
  trial: Play & { readonly recording: Recording },
  settings: ForkSettings,
): Promise<Forked> {
  const { parent, read, people, overrides = {} } = settings
  const recording = userKind(trial.user).tape?.(trial.recording, trial.case) ?? trial.recording
  const edits = (settings.set ?? []).map((text) => readEdit(text, recording, read))
  const plan = forkOf({
    from: settings.from,
    edits,
    recording,
    liveTools: trial.replay?.mode?.tools === 'live',
  })
  const { inject: other, models } = trial.replay ?? {}
  const inject: Injector = other === undefined ? plan.inject : (asked) => plan.inject(asked) ?? other(asked)
  const replay = {
    ...trial.replay,
    inject,
    liveFrom: plan.liveFrom,
    ...defined({ models: models === undefined ? undefined : plan.guard(models) }),
  }
  const played = await play({ ...trial, recording: plan.recording, replay })
  const outcome = judged(played, plan, edits, trial.replay?.mode?.llm ?? 'recorded')
  const fork: Fork = {
    parent: parent.id,
    forkedAt: plan.from,
    edits: edits.map((edit) => ({ path: edit.path, was: wasAt(recording, edit), value: edit.value })),
    ...defined({ people: people?.length === 0 ? undefined : people, ...overrides }),
  }
  const story = storyOf({ outcome, plan, edits, fork, recording })
  if (outcome.status === 'aborted') {
    return { outcome, story: { ...story, unsaved: 'it did not come to its end' } }
  }
  const child = childOf(outcome.trace, { parent, fork, asked: (step) => plan.asked(step) })
  const { grade, missing } = gradeOf(child)
  if (grade === 'C') {
    const [first = 'a call'] = missing
    return {
      outcome,
      story: { ...story, unsaved: `what is not whole cannot be replayed, and missing is ${first}` },
    }
  }
  return { outcome: { ...outcome, trace: child }, story: { ...story, child: child.id }, child }
}

function wasAt({ calls }: Recording, edit: Edit): Fork['edits'][number]['was'] {
  const call = calls[edit.step - 1]
  return call === undefined ? null : recordedAt(call, edit)
}

/** Replies by which the beginning of a fork is still the recorded one. */
const asRecorded: ReadonlySet<Provenance | undefined> = new Set<Provenance>([
  'exact',
  'normalized',
  'injected',
])

/** The outcome as that of a fork: its beginning has to be right, and what comes after may be as it likes. */
function judged(outcome: Outcome, plan: ForkPlan, edits: readonly Edit[], llm: string): Outcome {
  const { from } = plan
  const [miss] = outcome.divergences
  const other = plan.other()
  if (outcome.status === 'aborted') {
    if (miss === undefined) return outcome
    if (other !== undefined && other.step < miss.step)
      return withoutPrefix(outcome, other.step, other.what, edits)
    if (miss.step < from) return withoutPrefix(outcome, miss.step, miss.what, edits)
    const span = outcome.trace.spans[miss.step]
    if (llm !== 'recorded' || span?.kind !== 'llm') return outcome
    const what = `${miss.what} Past the fork a recorded model can only answer what it was asked then: --llm live lets it answer anew.`
    return { ...outcome, reason: what, divergences: [{ ...miss, what }] }
  }
  if (other !== undefined) return withoutPrefix(outcome, other.step, other.what, edits)
  const spans = stepsOf(outcome.trace)
  const off = spans.slice(0, from - 1).findIndex(({ served }) => !asRecorded.has(served))
  if (off !== -1) {
    const how = spans[off]?.served ?? 'not answered'
    return withoutPrefix(outcome, off + 1, `It was ${how}, not the recorded call itself.`, edits)
  }
  if (spans.length < from - 1)
    return withoutPrefix(outcome, Math.max(1, spans.length), 'The run ended there.', edits)
  const findings = outcome.divergences.filter(
    ({ kind }) => kind !== 'unused' && kind !== 'output' && kind !== 'end',
  )
  return { ...outcome, divergences: findings }
}

function withoutPrefix(outcome: Outcome, step: number, why: string, edits: readonly Edit[]): Outcome {
  const { output: _, ...rest } = outcome
  const edit = edits.find((one) => one.step < step)
  const advice =
    edit === undefined
      ? ''
      : ` ${edit.path} was set before that: fork where it shows first, with --from ${step}.`
  const what = `The steps before the fork could not be reproduced: step ${step}. ${why}${advice}`
  const at = outcome.divergences.find((one) => one.step === step)
  return {
    ...rest,
    status: 'aborted',
    reason: what,
    code: 'EVK_FORK_PREFIX',
    divergences: [{ kind: 'miss', differences: [], ...at, step, what }],
  }
}
