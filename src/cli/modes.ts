import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { fileError } from '../dataset/file-error.ts'
import { defined } from '../lib/defined.ts'
import { contentHash } from '../lib/hash.ts'
import { nearestWord } from '../lib/nearest.ts'
import type { Budget } from '../replay/live/budget.ts'
import type { LiveRun } from '../replay/live/live-models.ts'
import type { Overrides } from '../replay/live/override.ts'
import { EvalkitError } from '../schema/errors.ts'
import { textFrom } from '../schema/read.ts'
import { type Mode, mode as modeNoun } from '../schema/run.ts'
import type { Versions } from '../schema/trace.ts'
import { type Io, inCi } from './io.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'

/** Where replies come from, as the command line says it. */
export interface ModeFlags {
  readonly llm?: string
  readonly tools?: string
  readonly model?: string
  readonly system?: string
  readonly spend?: string
  readonly record?: boolean
  readonly judges?: string
}

/** Adds the option that says where verdicts of judges come from. */
export function withJudgesFlag(command: Command): Command {
  return command.option(
    '--judges <mode>',
    'judges: recorded (default: verdicts of evals/<eval>.judgements.jsonl), or live (what is missing is asked, and recorded)',
  )
}

/** Adds the options that say where replies come from. */
export function withModeFlags(command: Command): Command {
  return command
    .option('--llm <mode>', 'models: recorded (default), live, or cached (live, each reply kept)')
    .option('--tools <mode>', 'tools: recorded (default), pooled (other recordings of the case too), or live')
    .option('--model <id>', 'with live models: ask this one instead')
    .option('--system <file>', 'with live models: this system prompt instead')
    .option('--spend <usd>', 'with live models: stop before more is spent')
    .option(
      '--record',
      'keep what live models said in the fixtures, so that it can be replayed without a key',
    )
}

/** What a command's replies come from. */
export interface Modes {
  readonly mode: Mode
  readonly overrides: Overrides
  readonly spendUsd: number | undefined
  readonly record: boolean
  readonly judges: JudgesMode
}

/** Whether judges are asked for what is not recorded. */
export type JudgesMode = 'recorded' | 'live'

const words = {
  judges: ['recorded', 'live'],
  llm: modeNoun.shape.llm.exclude(['imported']).options,
  tools: modeNoun.shape.tools.exclude(['imported']).options,
} as const

/** Reads the flags. Throws `EVK_USAGE` for a mode there is not, and for what only live models can be told. */
export function modesFrom(flags: ModeFlags, { path }: Pick<Project, 'path'>): Modes {
  const mode = { llm: wordOf('llm', flags.llm), tools: wordOf('tools', flags.tools) }
  const record = flags.record === true
  const judges = wordOf('judges', flags.judges)
  const paid =
    judges === 'live'
      ? (['model', 'system', 'record'] as const)
      : (['model', 'system', 'spend', 'record'] as const)
  const asked = paid.find((flag) => flags[flag] !== undefined)
  if (mode.llm === 'recorded' && asked !== undefined && !(asked === 'record' && mode.tools === 'live')) {
    throw new EvalkitError('EVK_USAGE', `--${asked} goes with live models.`, {
      hint: 'A recorded model answers what was recorded: add --llm live, or --llm cached.',
    })
  }
  const spendUsd = spendFrom(flags.spend)
  const system = flags.system === undefined ? undefined : promptIn(path(flags.system), flags.system)
  return { mode, overrides: defined({ model: flags.model, system }), spendUsd, record, judges }
}

/** Reads `--spend`, in USD. Throws `EVK_USAGE`. */
export function spendFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const usd = Number(text)
  if (usd > 0 && Number.isFinite(usd)) return usd
  throw new EvalkitError('EVK_USAGE', `--spend takes US dollars, such as 2.50, not "${text.slice(0, 40)}".`)
}

/** What of an agent's versions the command line sets. */
export function versionsOf({ overrides: { model, system } }: Modes): Versions {
  return defined({ model, prompt: system === undefined ? undefined : contentHash(system) })
}

/**
 * What a run may spend on models and judges together; `cap` is the project's own, where the command line has none.
 * `undefined`: as much as it takes. Throws `EVK_USAGE` in CI without a cap.
 */
export async function openBudget(
  io: Io,
  { spendUsd }: Modes,
  cap: number | undefined,
): Promise<Budget | undefined> {
  const most = spendUsd ?? cap
  if (most === undefined && inCi(io)) {
    throw new EvalkitError('EVK_USAGE', 'Live models are not asked in CI without a spend cap.', {
      hint: 'Set policy.spend in evalkit.config.ts, or add --spend <usd>.',
    })
  }
  if (most === undefined) return undefined
  const { budgetOf } = await import('../replay/live/budget.ts')
  return budgetOf(most)
}

/** The budget of who asks no judges. */
export async function budgetOfModels(
  io: Io,
  modes: Modes,
  cap: number | undefined,
): Promise<Budget | undefined> {
  return asksModels(modes) ? openBudget(io, modes, cap) : undefined
}

/** Whether a run asks models itself. */
export function asksModels({ mode: { llm } }: Modes): boolean {
  return llm === 'live' || llm === 'cached'
}

/** The models of a run, where they are live. */
export async function openModels(
  io: Io,
  { config, store }: Project,
  { mode, overrides }: Modes,
  budget: Budget | undefined,
): Promise<LiveRun | undefined> {
  const { llm } = mode
  if (llm !== 'live' && llm !== 'cached') return undefined
  const [{ loadPrices }, { openLiveModels }, { modelAccessFrom }] = await Promise.all([
    import('../lib/price.ts'),
    import('../replay/live/live-models.ts'),
    import('../replay/live/access.ts'),
  ])
  return openLiveModels({
    mode: llm,
    overrides,
    access: modelAccessFrom(io.env),
    priceOf: await loadPrices(config.prices),
    cache: { get: (key) => store.getReply(key), put: (key, reply) => store.putReply(key, reply) },
    redact: redactorOf(io, config).json,
    now: io.now,
    random: () => chance(io),
    sleep: async (ms, signal) => setTimeout(ms, undefined, defined({ signal })),
    signal: io.signal,
    ...defined({ budget }),
  })
}

/** A number from 0, less than 1. */
export function chance(io: Pick<Io, 'random'>): number {
  return Number.parseInt(io.random(), 16) / 16 ** 6
}

function wordOf<K extends keyof typeof words>(flag: K, said: string | undefined): (typeof words)[K][number] {
  const known: readonly string[] = words[flag]
  const word = said ?? 'recorded'
  if (known.includes(word)) return word as (typeof words)[K][number]
  const near = nearestWord(word, known)
  throw new EvalkitError('EVK_USAGE', `--${flag} takes ${known.join(', ')}, not "${word.slice(0, 40)}".`, {
    details: near === undefined ? [] : [`did you mean "${near}"?`],
  })
}

/** A prompt is its file without the newline that editors put at its end. */
function promptIn(path: string, shownAs: string): string {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw fileError(error, shownAs)
  }
  return textFrom(bytes, { file: shownAs }).replace(/\r?\n$/, '')
}
