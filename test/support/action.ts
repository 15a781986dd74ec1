import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CliResult, repository, runProgram } from './cli.ts'

const bundle = join(repository, 'action', 'dist', 'index.mjs')

export interface Step {
  /** The workspace the step runs in. */
  readonly dir: string
  readonly event: string
  /** The event's document; `undefined` for a file that is missing. */
  readonly payload: object | undefined
  readonly inputs?: Readonly<Record<string, string>>
  readonly apiUrl?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Stepped extends CliResult {
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
}

/**
 * Runs the committed bundle of the action as the runner does: inputs as `INPUT_…`, event, summary and outputs as files, and
 * the tokens that an action gets and a step of a shell does not.
 */
export async function runStep({
  dir,
  event,
  payload,
  inputs = {},
  apiUrl = '',
  env = {},
}: Step): Promise<Stepped> {
  const at = (file: string): string => join(dir, file)
  for (const file of ['summary.md', 'output.txt']) writeFileSync(at(file), '')
  if (payload !== undefined) writeFileSync(at('event.json'), JSON.stringify(payload))
  const given = Object.entries({ command: 'ci', 'working-directory': '.', token: 'ghs_x', ...inputs })
  const result = await runProgram(process.execPath, [bundle], {
    dir,
    env: {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_API_URL: apiUrl,
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: at(payload === undefined ? 'none.json' : 'event.json'),
      GITHUB_STEP_SUMMARY: at('summary.md'),
      GITHUB_OUTPUT: at('output.txt'),
      GITHUB_WORKSPACE: dir,
      RUNNER_TEMP: at('tmp'),
      ACTIONS_RUNTIME_TOKEN: 'writes-the-cache',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
      ...Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...env,
    },
  })
  return { ...result, outputs: outputsIn(at('output.txt')), summary: readFileSync(at('summary.md'), 'utf8') }
}

/** What later steps see: of an output that is set twice, the last. */
function outputsIn(file: string): Readonly<Record<string, string>> {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return Object.fromEntries(
    [...text.matchAll(/^(\S+)<<(\S+)\n(.*)\n\2$/gm)].map(([, name, , value]) => [name, value]),
  )
}

/** At most so many at a time: programs that are started all at once only wait for each other. */
export function atMost(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    while (running >= count) await new Promise<void>((go) => waiting.push(go))
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}
