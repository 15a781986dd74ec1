import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../../src/schema/json.ts'
import type { Message, Part, Role } from '../../src/schema/message.ts'
import type { ArgumentsRule } from '../../src/score/match-arguments.ts'
import type { MatchMode } from '../../src/score/match-calls.ts'
import { matchTrajectory } from '../../src/score/trajectory.ts'
import type { NamedFigures, Section } from './figures.ts'

/** What agentevals and openevals say of their own cases, and agentevals of real runs. */
export const trajectory: Section = {
  name: 'trajectory',
  expected: {
    'library cases': { comparable: 85, 'same verdict': 85, different: [] },
    'gpt-4o-airline.json, pairs of runs': { verdicts: 4800, same: 4800, different: [] },
    'gpt-4o-airline.json, runs against the task': { verdicts: 2400, same: 2400, different: [] },
    'of these, not strict': { verdicts: 6000, same: 6000 },
    // Where the words mean another thing here: docs/function-calls.md.
    'arguments in our own words': { verdicts: 6000, same: 6000 },
  },
  async compute(directory) {
    const folder = join(directory, 'trajectory-match')
    const real = await readAs<Real>(join(folder, 'real-gpt-4o-airline-verdicts.json'))
    const runs = await readAs<readonly Run[]>(join(directory, 'tau-bench/trajectories/gpt-4o-airline.json'))
    const byTrial = new Map(runs.map((run) => [`${run.task_id} ${run.trial}`, run]))
    const pairs = real.pairs.flatMap(
      ({ task_id: task, output_trial: output, reference_trial: of, verdicts }) => {
        const outputs = messagesOf(byTrial.get(`${task} ${output}`))
        const reference = messagesOf(byTrial.get(`${task} ${of}`))
        return held(`task ${task}, trial ${output} against ${of}`, outputs, reference, verdicts)
      },
    )
    const truths = real.ground_truth.flatMap(({ task_id: task, trial, verdicts }) => {
      const run = byTrial.get(`${task} ${trial}`)
      return held(`task ${task}, trial ${trial}`, messagesOf(run), [truthOf(run)], verdicts)
    })
    const loose = [...pairs, ...truths].filter(({ mode }) => mode !== 'strict')
    return {
      'library cases': await libraryCases(folder),
      'gpt-4o-airline.json, pairs of runs': figuresOf(pairs),
      'gpt-4o-airline.json, runs against the task': figuresOf(truths),
      'of these, not strict': {
        verdicts: loose.length,
        same: loose.filter(({ ours, theirs }) => ours === theirs).length,
      },
      'arguments in our own words': {
        verdicts: loose.length,
        same: loose.filter(({ plain, theirs }) => plain === theirs).length,
      },
    }
  },
}

interface Held {
  readonly what: string
  readonly mode: string
  /** By agentevals' reading of the two modes, with the best pairing. */
  readonly ours: boolean
  /** By our reading of the argument mode. */
  readonly plain: boolean
  readonly theirs: boolean
}

function held(
  what: string,
  outputs: readonly Message[],
  reference: readonly Message[],
  verdicts: { readonly [modes: string]: boolean },
): readonly Held[] {
  return Object.entries(verdicts).map(([modes, theirs]) => {
    const [mode, args] = modes.split('/') as [Mode, Args]
    return {
      what: `${what}: ${modes}`,
      mode,
      ours: asAgentevals(outputs, reference, mode, args),
      plain: matchTrajectory(outputs, reference, { mode, args }).passed,
      theirs,
    }
  })
}

type Mode = Exclude<MatchMode, 'in-order'>
type Args = 'exact' | 'ignore' | 'subset' | 'superset'

/**
 * agentevals asks one question, whether one side has all calls of the other: `subset` asks it the other way round, the
 * argument mode with it, and `unordered` both ways.
 */
function asAgentevals(
  outputs: readonly Message[],
  reference: readonly Message[],
  mode: Mode,
  args: Args,
): boolean {
  const superset = (one: readonly Message[], other: readonly Message[]) =>
    matchTrajectory(one, other, { mode: 'superset', args }).passed
  if (mode === 'strict') return matchTrajectory(outputs, reference, { mode, args }).passed
  if (mode === 'superset') return superset(outputs, reference)
  if (mode === 'subset') return superset(reference, outputs)
  return superset(outputs, reference) && superset(reference, outputs)
}

function figuresOf(all: readonly Held[]): NamedFigures {
  const different = all.filter(({ ours, theirs }) => ours !== theirs)
  return {
    verdicts: all.length,
    same: all.length - different.length,
    different: different.map(({ what, ours }) => `${what}: ours ${ours ? 'passes' : 'fails'}`),
  }
}

async function libraryCases(folder: string): Promise<NamedFigures> {
  const rows = [
    ...(await readAs<readonly LibraryCase[]>(join(folder, 'agentevals-cases.json'))),
    ...(await readAs<readonly LibraryCase[]>(join(folder, 'openevals-cases.json'))),
  ]
  const comparable = rows.flatMap((row) => {
    const rules = Object.entries(row.tool_args_match_overrides ?? {})
    // A comparator in Python is no data.
    if (rules.some(([, rule]) => rule === 'custom')) return []
    const tools = Object.fromEntries(rules.map(([tool, args]) => [tool, { args: args as ArgumentsRule }]))
    const options = { mode: row.trajectory_match_mode, args: row.tool_args_match_mode, tools }
    const outputs = row.outputs.map(messageOf)
    return [{ ...row, ours: matchTrajectory(outputs, row.reference_outputs.map(messageOf), options).passed }]
  })
  const different = comparable.filter(({ expected, ours }) => expected !== ours)
  return {
    comparable: comparable.length,
    'same verdict': comparable.length - different.length,
    different: different.map(({ id }) => id),
  }
}

function messagesOf(run: Run | undefined): readonly Message[] {
  return run?.traj.map(messageOf) ?? []
}

/** What the task's author did, as one message. */
function truthOf(run: Run | undefined): Message {
  const actions = run?.info.task.actions ?? []
  const parts = actions.map(
    ({ name, kwargs }) => ({ type: 'tool_call', id: '', name, arguments: kwargs }) as const,
  )
  return { role: 'assistant', parts }
}

function messageOf({ role, content, tool_calls: calls }: ChatMessage): Message {
  const parts: Part[] = typeof content === 'string' ? [{ type: 'text', content }] : []
  for (const { function: asked } of calls ?? []) {
    const call = { type: 'tool_call', id: '', name: asked.name } as const
    try {
      parts.push({ ...call, arguments: JSON.parse(asked.arguments) as Json })
    } catch {
      parts.push({ ...call, arguments: asked.arguments, malformed: true })
    }
  }
  return { role, parts }
}

interface ChatMessage {
  readonly role: Role
  readonly content?: string | null
  readonly tool_calls?:
    | readonly { readonly function: { readonly name: string; readonly arguments: string } }[]
    | null
}

interface LibraryCase {
  readonly id: string
  readonly trajectory_match_mode: MatchMode
  readonly tool_args_match_mode: Args
  readonly tool_args_match_overrides: Readonly<Record<string, ArgumentsRule | 'custom'>> | null
  readonly outputs: readonly ChatMessage[]
  readonly reference_outputs: readonly ChatMessage[]
  readonly expected: boolean
}

interface Run {
  readonly task_id: number
  readonly trial: number
  readonly traj: readonly ChatMessage[]
  readonly info: {
    readonly task: { readonly actions: readonly { readonly name: string; readonly kwargs: Json }[] }
  }
}

interface Real {
  readonly pairs: readonly {
    readonly task_id: number
    readonly output_trial: number
    readonly reference_trial: number
    readonly verdicts: { readonly [modes: string]: boolean }
  }[]
  readonly ground_truth: readonly {
    readonly task_id: number
    readonly trial: number
    readonly verdicts: { readonly [modes: string]: boolean }
  }[]
}

async function readAs<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T
}
