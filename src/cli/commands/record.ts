import { basename } from 'node:path'
import { Command } from 'commander'
import { defined } from '../../lib/defined.ts'
import { readJson } from '../../lib/json.ts'
import type { Json } from '../../schema/json.ts'
import { openEndpoint } from '../../tap/servers/endpoint.ts'
import { proxyEnvOf, upstreamsOf, withoutDetour } from '../../tap/servers/providers.ts'
import { recordedRuns } from '../../tap/servers/runs.ts'
import { type ChildEnd, exitCodeOf, failureOf, runInOurPlace } from '../child.ts'
import type { Io } from '../io.ts'
import { collect } from '../project.ts'
import { openRecording } from '../recording.ts'

interface Options {
  readonly name?: string
  readonly spool?: string
  readonly input?: string
  readonly upstream?: readonly string[]
}

export function command(io: Io, exit: (code: number) => void): Command {
  return new Command('record')
    .description('Runs a program in any language and records its model and tool calls as a trace.')
    .argument('<command...>', 'the program and its arguments, behind "--"')
    .option('--name <name>', 'name of the trace (default: the program’s)')
    .option('--input <text>', 'what it is asked, if it does not say so itself: JSON, or a text')
    .option('--spool <folder>', 'where the records go (default: .evalkit/spool)')
    .option('--upstream <name=url>', 'something else that may be reached, at $EVALKIT_URL/<name>', collect)
    .passThroughOptions()
    .addHelpText(
      'after',
      `
The program finds the model providers at ANTHROPIC_BASE_URL and OPENAI_BASE_URL, and says what it does besides at
EVALKIT_TOOL_URL and EVALKIT_TRACE_URL (docs/proxy.md). Its exit code is ours.

Example:
  evalkit record -- python3 agent.py "Where is my order?"`,
    )
    .action(async (words: readonly string[], options: Options) => exit(await record(io, words, options)))
}

async function record(io: Io, words: readonly string[], options: Options): Promise<number> {
  const { upstreams, variables } = upstreamsOf(io.env, options.upstream)
  const { spool } = options
  const name = options.name ?? nameOf(words)
  const recording = openRecording(io, { name, ...defined({ spool }) })
  const input = options.input === undefined ? undefined : inputIn(options.input)
  const runs = recordedRuns({ begin: recording.begin, ...defined({ input }) })
  const proxyEnv = proxyEnvOf(io.env)
  const endpoint = await openEndpoint({ upstreams, runs, ...defined({ proxyEnv }) })
  let end: ChildEnd | undefined
  try {
    const env = { ...io.env, ...withoutDetour(io.env), ...variables(endpoint.origin) }
    end = await runInOurPlace(words, { cwd: io.cwd, env })
  } finally {
    await endpoint.close()
    const error = end === undefined ? undefined : failureOf(end)
    runs.close({ ended: 'exit', ...defined({ error }) })
  }
  await recording.finish(
    'the program asked no model at ANTHROPIC_BASE_URL or OPENAI_BASE_URL, and told of no tool',
  )
  return exitCodeOf(end)
}

function inputIn(text: string): Json {
  const read = readJson(text)
  return read.ok ? (read.value as Json) : text
}

/** `agent.py` of `python3 agent.py`: the first word that names a file of the program's own, else the program. */
function nameOf([program = 'agent', ...args]: readonly string[]): string {
  const script = args.find((word) => /^[^-].*\.\w{1,5}$/.test(word))
  return basename(script ?? program)
}
