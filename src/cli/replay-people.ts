import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { type Play, play } from '../replay/play.ts'
import { type People, peopleOf, type PersonRule, readPersonRule } from '../replay/people.ts'
import { userKind } from '../replay/users/index.ts'
import { showPeople } from '../report/show-people.ts'
import { type ErrorCode, EvalkitError } from '../schema/errors.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Recording } from '../schema/recording.ts'
import type { Trace } from '../schema/trace.ts'
import { type Io, outJson } from './io.ts'
import type { Project } from './project.ts'
import { isOurs } from './replay-live.ts'

/** What `replay` takes to let people answer otherwise. */
export interface PeopleOptions {
  readonly human?: readonly string[]
  readonly json?: boolean
}

/** One trial in which people answer otherwise, and how a replay is told of as JSON. */
export interface PeopleReplay {
  readonly trial: Play & { readonly recording: Recording }
  readonly trace: Trace
  readonly document: (outcome: Outcome) => object
}

export function asksForPeople({ human }: PeopleOptions): boolean {
  return human !== undefined
}

/**
 * A trial in which people answer as rules say. What is counted in it is of one trial: make it anew for each. Throws
 * `EVK_HUMAN_INVALID`, `EVK_HUMAN_SHAPE`.
 */
export function withPeople<T extends PeopleReplay['trial']>(
  trial: T,
  { human = [] }: PeopleOptions,
): { readonly trial: T; readonly people: People; readonly rules: readonly PersonRule[] } {
  const rules = human.map(readPersonRule)
  const recording = userKind(trial.user).tape?.(trial.recording, trial.case) ?? trial.recording
  const people = peopleOf(rules, recording)
  const other = trial.replay?.inject
  const inject: typeof people.inject =
    other === undefined ? people.inject : (asked) => people.inject(asked) ?? other(asked)
  return {
    trial: rules.length === 0 ? trial : { ...trial, replay: { ...trial.replay, inject } },
    people,
    rules,
  }
}

/**
 * Replays a run with other answers of people. Gives the exit code: 1 where the agent failed or no longer asks what it
 * asked, 3 where it could not be played to its end or nobody was asked, else 0: that it ends otherwise is the point.
 */
export async function replayPeople(
  io: Io,
  project: Project,
  { trace, trial: given, document }: PeopleReplay,
  options: PeopleOptions,
): Promise<number> {
  const { trial, people } = withPeople(withTools(project, given), options)
  const outcome = withAdvice(await play(trial), trial.replay?.mode?.llm ?? 'recorded')
  assertAsked(outcome)
  const unused = people.unused().map(({ text }) => text)
  const said = people.said()
  if (options.json === true) outJson(io, { ...document(outcome), people: { said, unused } })
  else io.out(showPeople({ trace, outcome, said, unused }, io.style))
  return io.signal.aborted ? 4 : exitOfPeople(outcome, unused)
}

/** Throws what kept models from being asked at all: that says nothing of the agent. */
export function assertAsked({ status, code, reason = '' }: Outcome): void {
  if (status === 'aborted' && code !== undefined && isOurs(code))
    throw new EvalkitError(code as ErrorCode, reason)
}

/** A trial that knows what the project says of its tools: what an answer stops touches no more state than it has to. */
export function withTools<T extends PeopleReplay['trial']>({ config, path }: Project, trial: T): T {
  const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  return { ...trial, replay: { known, ...trial.replay } }
}

/** The exit code of a replay with other answers. */
export function exitOfPeople({ status, divergences }: Outcome, unused: readonly string[]): number {
  if (status === 'aborted') return 3
  if (status === 'failed' || divergences.some(({ kind }) => kind === 'approval')) return 1
  return unused.length === 0 ? 0 : 3
}

/** A model that was told of another answer is asked what nobody asked it: who stops there is told how to go on. */
function withAdvice(outcome: Outcome, llm: string): Outcome {
  const [miss] = outcome.divergences
  if (outcome.status !== 'aborted' || miss === undefined || llm !== 'recorded') return outcome
  if (outcome.trace.spans[miss.step]?.kind !== 'llm') return outcome
  const what = `${miss.what} What a model says to another answer its recording cannot know: --llm live lets it answer anew.`
  return { ...outcome, reason: what, divergences: [{ ...miss, what }] }
}
