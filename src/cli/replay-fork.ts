import { readFileSync, statSync } from 'node:fs'
import { fileError } from '../dataset/file-error.ts'
import { playFork } from '../replay/fork/play-fork.ts'
import type { Overrides } from '../replay/live/override.ts'
import type { Play } from '../replay/play.ts'
import { showFork } from '../report/show-fork.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Outcome } from '../schema/outcome.ts'
import { textFrom } from '../schema/read.ts'
import type { Recording } from '../schema/recording.ts'
import type { Trace } from '../schema/trace.ts'
import { type Io, outJson } from './io.ts'
import type { Project } from './project.ts'
import { assertAsked, type PeopleOptions, withPeople, withTools } from './replay-people.ts'

/** What `replay` takes to fork a run. */
export interface ForkOptions extends PeopleOptions {
  readonly from?: string
  readonly set?: readonly string[]
}

/** The trial that is forked. Its models are live where its mode says so. */
export interface ForkReplay {
  readonly trace: Trace
  readonly trial: Play & { readonly recording: Recording }
  readonly document: (outcome: Outcome) => object
  readonly overrides?: Overrides | undefined
}

/** Bytes of a file that an edit names. */
const mostBytes = 16 * 1024 * 1024

export function asksForFork({ from, set }: ForkOptions): boolean {
  return from !== undefined || set !== undefined
}

/**
 * Plays a fork of a run, and saves it as a trace that can be replayed. Gives the exit code: 1 where the agent failed, 3
 * where the fork could not be played to its end or an edit was of a call that nobody made, else 0.
 */
export async function replayFork(
  io: Io,
  project: Project,
  { trace, trial: given, document, overrides }: ForkReplay,
  options: ForkOptions,
): Promise<number> {
  const { trial, people, rules } = withPeople(withTools(project, given), options)
  const { outcome, story, child } = await playFork(trial, {
    parent: trace,
    from: stepFrom(options.from),
    set: options.set ?? [],
    read: (file) => contentOf(project.path(file), file),
    people: rules.map(({ text }) => text),
    overrides,
  })
  assertAsked(outcome)
  if (child !== undefined) await project.store.putTraces([child])
  const said = people.said()
  if (options.json === true)
    outJson(io, { ...document(outcome), result: 'forked', fork: story, people: said })
  else io.out(showFork({ trace, outcome, story, people: said }, io.style))
  if (io.signal.aborted) return 4
  if (outcome.status === 'aborted') return 3
  if (outcome.status === 'failed') return 1
  return story.edits.every(({ reached }) => reached) && people.unused().length === 0 ? 0 : 3
}

/** Reads `--from`. Throws `EVK_USAGE`. */
export function stepFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new EvalkitError('EVK_USAGE', `--from takes a step, from 1, not "${text.slice(0, 40)}".`, {
    hint: 'evalkit replay <trace-id> numbers the steps.',
  })
}

/** The text of a file that an edit names. Throws what reading it throws. */
export function contentOf(path: string, file: string): string {
  const at = { file }
  try {
    if (statSync(path).size > mostBytes)
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `What an edit puts in has ${mostBytes} bytes at most.`, {
        at,
      })
    return textFrom(readFileSync(path), at)
  } catch (error) {
    throw EvalkitError.is(error) ? error : fileError(error, file)
  }
}
