import { Command, CommanderError } from 'commander'
import { nearestWord } from '../lib/nearest.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Io } from './io.ts'

/** A command's module: it builds its own commander command, with options, examples and action. */
export interface CommandModule {
  command(io: Io, exit: (code: number) => void): Command
}

interface Entry {
  readonly summary: string
  readonly load: () => Promise<CommandModule>
}

/** The commands. Each is loaded only when it is called: `--help` and `--version` load none. */
const commands: Readonly<Record<string, Entry>> = {
  init: {
    summary: 'set a project up, with a demo that runs at once',
    load: () => import('./commands/init.ts'),
  },
  plan: {
    summary: 'say what a run would play, cost and find, before it runs',
    load: () => import('./commands/plan.ts'),
  },
  run: { summary: 'play evals, score, compare with the baseline', load: () => import('./commands/run.ts') },
  merge: {
    summary: 'put the shards of a run together, and gate it',
    load: () => import('./commands/merge.ts'),
  },
  ci: {
    summary: 'run, gate, and tell the pull request',
    load: () => import('./commands/ci.ts'),
  },
  comment: {
    summary: 'tell a pull request what its own run claims, for forks',
    load: () => import('./commands/comment.ts'),
  },
  replay: { summary: 'play one recorded run again', load: () => import('./commands/replay.ts') },
  doctor: {
    summary: 'find what is not the same in two runs, and what is stale or broken',
    load: () => import('./commands/doctor.ts'),
  },
  verify: {
    summary: 'ask live tools whether recorded replies are still true',
    load: () => import('./commands/verify.ts'),
  },
  diff: {
    summary: 'compare two traces, or two runs, step by step',
    load: () => import('./commands/diff.ts'),
  },
  gate: { summary: 'compare two runs, or a run with a baseline', load: () => import('./commands/gate.ts') },
  score: {
    summary: 'score a run anew, without running the agent',
    load: () => import('./commands/score.ts'),
  },
  stats: { summary: 'figures of a run', load: () => import('./commands/stats.ts') },
  label: {
    summary: 'say of outcomes whether they are right, one by one',
    load: () => import('./commands/label.ts'),
  },
  judge: {
    summary: 'list judges, calibrate them on labels, compare them',
    load: () => import('./commands/judge.ts'),
  },
  baseline: { summary: 'accept a run as the baseline', load: () => import('./commands/baseline.ts') },
  record: {
    summary: 'run a program in any language, and record it',
    load: () => import('./commands/record.ts'),
  },
  collect: {
    summary: 'receive traces of any agent over OTLP',
    load: () => import('./commands/collect.ts'),
  },
  proxy: {
    summary: 'record whatever asks its models through here',
    load: () => import('./commands/proxy.ts'),
  },
  mcp: { summary: 'record MCP clients and servers', load: () => import('./commands/mcp.ts') },
  tools: {
    summary: 'keep the contracts of tools, check them, audit who uses which',
    load: () => import('./commands/tools.ts'),
  },
  scan: { summary: 'look for secrets in files', load: () => import('./commands/scan.ts') },
  import: { summary: 'import recorded runs', load: () => import('./commands/import.ts') },
  trace: { summary: 'list, show, search and count traces', load: () => import('./commands/trace.ts') },
  store: {
    summary: 'check, copy and tidy the store',
    load: () => import('./commands/store.ts'),
  },
  prune: {
    summary: 'remove old traces from the store',
    load: () => import('./commands/prune.ts'),
  },
  dataset: {
    summary: 'check datasets, see what they lack, import those of other tools',
    load: () => import('./commands/dataset.ts'),
  },
  promote: { summary: 'make a case and its fixture of a trace', load: () => import('./commands/promote.ts') },
}

/**
 * Runs one command line (without node and script) and gives the exit code: 0 pass, 1 the gate said no, 2 usage,
 * 3 nothing to judge or inconclusive, 4 infrastructure. Never throws.
 */
export async function main(argv: readonly string[], given?: Io): Promise<number> {
  // What stands behind "--" is somebody else's.
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json')
  const { io, dispose } = given === undefined ? await realIo(json) : { io: given, dispose: () => undefined }
  try {
    return await dispatch(argv, io)
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? ours(thrown) : thrown
    if (error === 0 || error === 2) return error
    const { printError } = await import('./print-error.ts')
    return printError(error, io, json)
  } finally {
    dispose()
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const [about] = rest
    if (name === 'help' && about !== undefined) return dispatch([about, '--help'], io)
    overview().configureOutput({ writeOut: io.out, writeErr: io.err }).outputHelp()
    return name === undefined ? 2 : 0
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) throw unknownCommand(name)
  let code = 0
  const module = await entry.load()
  const command = module.command(io, (to) => {
    code = to
  })
  quiet(command, io)
  command.name(`evalkit ${command.name()}`)
  await command.parseAsync([...rest], { from: 'user' })
  return code
}

function overview(): Command {
  const program = new Command('evalkit')
    .description('Turns production traces into regression tests, and says no when an agent got worse.')
    .option('-v, --version', 'print the version')
    .addHelpText(
      'after',
      '\nEach command has a --help with an example.\nExit codes: 0 pass, 1 the gate said no, 2 usage, 3 nothing to judge, 4 infrastructure.',
    )
  for (const [name, { summary }] of Object.entries(commands)) program.command(name).description(summary)
  return program.helpCommand(false)
}

/** Commander throws instead of exiting, speaks through our streams, and leaves what is wrong to `printError`. */
function quiet(command: Command, io: Io): void {
  command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => undefined })
  for (const child of command.commands) quiet(child, io)
}

/** What commander threw: help that was asked for, help where a word is missing, or a wrong command line. */
function ours(error: CommanderError): EvalkitError | 0 | 2 {
  if (error.exitCode === 0) return 0
  if (error.code === 'commander.help') return 2
  const [what = '', ...more] = error.message.replace(/^error: /, '').split('\n')
  return new EvalkitError('EVK_USAGE', `${what.charAt(0).toUpperCase()}${what.slice(1)}.`, { details: more })
}

function unknownCommand(name: string): EvalkitError {
  const near = nearestWord(name, Object.keys(commands))
  return new EvalkitError('EVK_USAGE', `There is no command "${name.slice(0, 40)}".`, {
    details: near === undefined ? [] : [`did you mean "${near}"?`],
  })
}

async function realIo(oneDocument: boolean): Promise<{ io: Io; dispose: () => void }> {
  const { processIo } = await import('./process-io.ts')
  return processIo({ oneDocument })
}
