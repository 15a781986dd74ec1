import { join, resolve } from 'node:path'

/** What a workflow asks of evalkit. */
export interface Asked {
  /** The folder evalkit is called in, absolute. */
  readonly folder: string
  /** The arguments of evalkit. Nothing in them is ever read by a shell. */
  readonly args: readonly string[]
  readonly token: string
  /** The folder of reports, absolute; absent where none are written. */
  readonly report: string | undefined
}

export type ReadInputs =
  | { readonly ok: true; readonly asked: Asked }
  | { readonly ok: false; readonly problems: readonly string[] }

type Env = Readonly<Record<string, string | undefined>>
type Kind = 'value' | 'lines'

/** Inputs that are flags of one command, by the same name but for `reporters`, of which each line is one. */
const flags = {
  ci: {
    trials: 'value',
    baseline: 'value',
    pool: 'value',
    blobs: 'value',
    reporters: 'lines',
    suite: 'value',
    'comment-author': 'value',
    'on-inconclusive': 'value',
    llm: 'value',
    judges: 'value',
    spend: 'value',
  },
  comment: { suite: 'value', 'comment-author': 'value' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>

/** What stands behind the flags, one a line. */
const operands = { ci: 'evals', comment: 'reports' } as const

/** Every input that is read, by its name in action.yml. */
export const inputNames: readonly string[] = [
  'command',
  'working-directory',
  'report',
  'token',
  ...new Set([...Object.keys(flags.ci), ...Object.keys(flags.comment), ...Object.values(operands)]),
]

/**
 * Reads the inputs of the action (`INPUT_<NAME>`) and puts them into a command line. What a value may be is for evalkit to
 * say; here only what would be lost on the way is refused: an input of the other command, a value that is several lines.
 * Each value is one argument, and none can be taken for a flag.
 */
export function readInputs(env: Env): ReadInputs {
  const command = input(env, 'command') || 'ci'
  if (command !== 'ci' && command !== 'comment') {
    return { ok: false, problems: [`The input "command" is ci or comment, not "${command}".`] }
  }
  const own = new Set([
    ...Object.keys(flags[command]),
    operands[command],
    ...(command === 'ci' ? ['report'] : []),
  ])
  const problems = inputNames
    .filter((name) => !own.has(name) && !everyones.has(name) && input(env, name) !== '')
    .map((name) => `The input "${name}" does not go with the command "${command}".`)
  const given: string[] = []
  for (const [name, kind] of Object.entries<Kind>(flags[command])) {
    const values = lines(input(env, name))
    if (kind === 'value' && values.length > 1) problems.push(`The input "${name}" is one line.`)
    given.push(...values.map((value) => `--${kind === 'lines' ? 'reporter' : name}=${value}`))
  }
  const behind = lines(input(env, operands[command]))
  if (command === 'comment' && behind.length === 0)
    problems.push('The command "comment" needs the input "reports".')
  if (problems.length > 0) return { ok: false, problems }

  const folder = resolve(env['GITHUB_WORKSPACE'] ?? '.', input(env, 'working-directory') || '.')
  const report = command === 'ci' ? reportFolder(env, folder) : undefined
  const args = [command, ...given, ...(report === undefined ? [] : [`--report=${report}`]), '--', ...behind]
  return { ok: true, asked: { folder, args, token: input(env, 'token'), report } }
}

const everyones = new Set(['command', 'working-directory', 'token'])

function reportFolder(env: Env, folder: string): string {
  const asked = input(env, 'report')
  return asked === '' ? join(env['RUNNER_TEMP'] ?? folder, 'evalkit-report') : resolve(folder, asked)
}

/** As the runner names it (actions/toolkit, `packages/core/src/core.ts`, `getInput`). */
function input(env: Env, name: string): string {
  return (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
