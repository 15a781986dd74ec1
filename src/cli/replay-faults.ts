import { readFileSync, statSync } from 'node:fs'
import { yamlFrom } from '../capture/importers/yaml.ts'
import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { fileError } from '../dataset/file-error.ts'
import { allColumns, type MatrixColumn, playMatrix } from '../replay/faults/matrix.ts'
import { type Faulted, playFaulted } from '../replay/faults/play-faulted.ts'
import { type FaultPlan, planOf, profileFrom } from '../replay/faults/profile.ts'
import { assertKnown, readFault, readRule, type Schedule, writeRule } from '../replay/faults/schedule.ts'
import { type FaultedTrial, faultVerdict } from '../replay/faults/verdict.ts'
import { type Play, play } from '../replay/play.ts'
import { showInjected, showMatrix } from '../report/show-faults.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type FaultCell, type FaultWord, isHarm } from '../schema/fault.ts'
import type { Outcome } from '../schema/outcome.ts'
import { jsonFrom, textFrom } from '../schema/read.ts'
import type { Recording } from '../schema/recording.ts'
import type { Trace } from '../schema/trace.ts'
import { type Io, outJson } from './io.ts'
import type { Project } from './project.ts'

/** What `replay` takes to put faults in. */
export interface FaultOptions {
  readonly fault?: readonly string[]
  readonly faults?: string
  readonly seed?: string
  readonly json?: boolean
  readonly eval?: string
}

/** One trial that is to meet faults, and how a replay is told of. */
export interface FaultyReplay {
  readonly trace: Trace
  /** Makes a trial that was not played. */
  readonly trial: () => Play & { readonly recording: Recording }
  readonly show: (outcome: Outcome) => string
  readonly document: (outcome: Outcome) => object
}

/** Bytes of a profile: rules, no data. */
const mostBytes = 1024 * 1024

/** Whether faults are asked for. Throws `EVK_USAGE` where that is said in two ways. */
export function asksForFaults({ fault, faults, seed }: FaultOptions): boolean {
  if (fault !== undefined && faults !== undefined) {
    throw new EvalkitError('EVK_USAGE', '--fault and --faults exclude each other.', {
      hint: 'Put all rules into a profile, or give each with --fault.',
    })
  }
  if (seed !== undefined && faults === undefined) {
    throw new EvalkitError('EVK_USAGE', '--seed belongs to --faults with a profile that has rates.')
  }
  return fault !== undefined || faults !== undefined
}

/**
 * Replays a run with faults: one schedule as a replay like any other, or each call with each fault as a matrix. Gives the
 * exit code: 1 where the agent did harm or broke, 3 where nothing could be decided, else 0.
 */
export async function replayFaults(
  io: Io,
  project: Project,
  replay: FaultyReplay,
  options: FaultOptions,
): Promise<number> {
  const { recording } = replay.trial()
  const plan = planFrom(project, recording, options)
  const { config, path } = project
  const known = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  const fresh = (): Play & { readonly recording: Recording } => {
    const trial = replay.trial()
    return { ...trial, replay: { ...trial.replay, known } }
  }
  if ('schedule' in plan) assertKnown(plan.schedule, recording)
  const clean = await play(fresh())
  if (io.signal.aborted) return 4
  // What differs without faults differs with them as well: nothing could be told apart.
  if (clean.status === 'aborted') {
    const schedule = 'schedule' in plan ? plan.schedule : { rules: [] }
    return printOne(io, replay, { outcome: clean, injected: [], clean, known }, schedule, options)
  }
  if ('columns' in plan) {
    const cells = await playMatrix(fresh, plan.columns, { clean, known })
    return printMatrix(io, replay, cells, clean, options)
  }
  const faulted = await playFaulted(fresh(), plan.schedule)
  if (io.signal.aborted) return 4
  return printOne(io, replay, { ...faulted, clean, known }, plan.schedule, options)
}

/** One trial: its replay as any other, what was put in, and what came of it. */
function printOne(
  io: Io,
  replay: FaultyReplay,
  {
    outcome,
    injected,
    clean,
    known,
  }: Pick<Faulted, 'outcome' | 'injected'> & Pick<FaultedTrial, 'clean' | 'known'>,
  schedule: Schedule,
  { json }: FaultOptions,
): number {
  const verdict = faultVerdict({ clean, faulted: outcome, injected, known })
  if (json === true) {
    outJson(io, { ...replay.document(outcome), faults: { ...spelled(schedule), injected, verdict } })
  } else {
    io.out(replay.show(outcome))
    io.out(showInjected(injected, verdict, { width: io.style.width, seed: schedule.seed }))
  }
  return exitOfWords([verdict.word])
}

function printMatrix(
  io: Io,
  { trace }: FaultyReplay,
  cells: readonly FaultCell[],
  clean: Outcome,
  options: FaultOptions,
): number {
  const cancelled = io.signal.aborted
  if (options.json === true) {
    outJson(io, {
      trace: trace.id,
      clean: { status: clean.status, divergences: clean.divergences },
      cells,
      cancelled,
    })
  } else {
    const as = options.eval === undefined ? '' : ` --eval ${options.eval}`
    const title = `faults on ${trace.id} (${trace.name})${cancelled ? ', cut short' : ''}`
    io.out(
      showMatrix(title, cells, io.style, (rule) => `evalkit replay ${trace.id}${as} --fault ${quoted(rule)}`),
    )
  }
  return cancelled ? 4 : exitOfWords(cells.map(({ verdict }) => verdict.word))
}

/** As a shell reads it. */
function quoted(rule: string): string {
  return `'${rule.replaceAll("'", "'\\''")}'`
}

function exitOfWords(words: readonly FaultWord[]): number {
  if (words.some(isHarm)) return 1
  return words.every((word) => word === 'not decided') ? 3 : 0
}

function spelled({ rules, seed }: Schedule): object {
  return { schedule: rules.map(writeRule), ...(seed === undefined ? {} : { seed }) }
}

function planFrom(
  project: Project,
  recording: Recording,
  { fault, faults = 'all', seed }: FaultOptions,
): FaultPlan | { readonly columns: readonly MatrixColumn[] } {
  if (fault !== undefined) return { schedule: { rules: fault.map(readRule) } }
  if (/\.(?:json|ya?ml)$/i.test(faults)) {
    return planOf(profileFrom(profileIn(project, faults), faults), recording, seedFrom(seed))
  }
  if (seed !== undefined) throw new EvalkitError('EVK_USAGE', '--seed belongs to a profile that has rates.')
  return { columns: faults === 'all' ? allColumns() : faults.split(',').map(readFault) }
}

function profileIn({ path }: Project, name: string): unknown {
  const at = { file: name }
  let bytes: Uint8Array
  try {
    if (statSync(path(name)).size > mostBytes)
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `A fault profile has ${mostBytes} bytes at most.`, { at })
    bytes = readFileSync(path(name))
  } catch (error) {
    throw EvalkitError.is(error) ? error : fileError(error, name)
  }
  const text = textFrom(bytes, at)
  return /\.json$/i.test(name) ? jsonFrom(text, at) : yamlFrom(text, name)
}

function seedFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(seed <= 0xffff_ffff))
    throw new EvalkitError('EVK_USAGE', 'A seed is a whole number from 0 to 4294967295.')
  return seed
}
