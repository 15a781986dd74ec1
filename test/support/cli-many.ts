import { join } from 'node:path'
import { type CliResult, repository, runProgram, workspace } from './cli.ts'

/** One command line of several that one program runs. */
export interface ManyCommand {
  readonly dir: string
  readonly args: readonly string[]
  /** All of the environment but what every test has. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs command lines in its own process, one after the other, each in its own folder and environment. */
const program = `
import { main } from ${JSON.stringify(join(repository, 'dist/cli/main.js'))}
import { processIo } from ${JSON.stringify(join(repository, 'dist/cli/process-io.js'))}
const { io } = processIo({ oneDocument: true })
const results = []
for (const { dir, args, env = {} } of JSON.parse(process.argv[2])) {
  let stdout = ''
  let stderr = ''
  process.chdir(dir)
  Object.assign(process.env, env)
  const exitCode = await main(args, {
    ...io,
    cwd: dir,
    env,
    out: (text) => void (stdout += text),
    err: (text) => void (stderr += text),
  })
  for (const name of Object.keys(env)) delete process.env[name]
  results.push({ exitCode, stdout, stderr, dir })
}
io.out(JSON.stringify(results))
`

/** The results of several command lines, in order, for the price of one start. They share a process: nothing in them may count on one of its own. */
export async function runMany(commands: readonly ManyCommand[]): Promise<readonly CliResult[]> {
  const dir = workspace({ 'many.mjs': program })
  const { stdout, stderr } = await runProgram(
    process.execPath,
    [join(dir, 'many.mjs'), JSON.stringify(commands)],
    { dir },
  )
  try {
    return JSON.parse(stdout) as readonly CliResult[]
  } catch {
    throw new Error(`it did not come to its end: ${stderr}`)
  }
}
