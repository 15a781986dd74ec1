import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { playMatrix } from '../replay/faults/matrix.ts'
import { type Faulted, playFaulted } from '../replay/faults/play-faulted.ts'
import { assertKnown, type Schedule, writeRule } from '../replay/faults/schedule.ts'
import { type FaultedTrial, faultVerdict } from '../replay/faults/verdict.ts'
import { type Play, play } from '../replay/play.ts'
import { showInjected, showMatrix } from '../report/show-faults.ts'
import { type FaultCell, type FaultWord, isHarm } from '../schema/fault.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Recording } from '../schema/recording.ts'
import type { Trace } from '../schema/trace.ts'
import { type FaultFlags, faultPlansFrom } from './fault-plans.ts'
import { type Io, outJson } from './io.ts'
import type { Project } from './project.ts'

/** How a replay with faults is asked for. */
interface FaultOptions extends FaultFlags {
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
  const plan = faultPlansFrom(project, options)(recording)
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
      showMatrix(
        title,
        cells,
        io.style,
        ({ rule }) => `evalkit replay ${trace.id}${as} --fault ${quoted(rule)}`,
      ),
    )
  }
  return cancelled ? 4 : exitOfWords(cells.map(({ verdict }) => verdict.word))
}

/** As a shell reads it. */
export function quoted(rule: string): string {
  return `'${rule.replaceAll("'", "'\\''")}'`
}

/** 1 where an agent did harm or broke, 3 where nothing was decided, else 0. */
export function exitOfWords(words: readonly FaultWord[]): number {
  if (words.some(isHarm)) return 1
  return words.every((word) => word === 'not decided') ? 3 : 0
}

function spelled({ rules, seed }: Schedule): object {
  return { schedule: rules.map(writeRule), ...(seed === undefined ? {} : { seed }) }
}
