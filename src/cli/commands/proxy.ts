import { Command } from 'commander'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { openEndpoint } from '../../tap/servers/endpoint.ts'
import { proxyEnvOf, upstreamsOf } from '../../tap/servers/providers.ts'
import { recordedRuns } from '../../tap/servers/runs.ts'
import { type Io, outJson } from '../io.ts'
import { collect } from '../project.ts'
import { openRecording } from '../recording.ts'

interface Options {
  readonly port: string
  readonly host?: string
  readonly allowHost?: readonly string[]
  readonly idle: string
  readonly name: string
  readonly spool?: string
  readonly upstream?: readonly string[]
  readonly json?: boolean
}

export function command(io: Io): Command {
  return new Command('proxy')
    .description('Stands between programs and their model providers until Ctrl-C, and records what they ask.')
    .option('--port <port>', 'where to listen; 0: any that is free', '0')
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1, this machine only)')
    .option('--allow-host <name>', 'a name under which others reach it (with --host)', collect)
    .option('--idle <time>', 'silence after which a trace is over (500ms, 60s, 5m)', '60s')
    .option('--name <name>', 'name of traces that say none', 'proxy')
    .option('--spool <folder>', 'where the records go (default: .evalkit/spool)')
    .option('--upstream <name=url>', 'something else that may be reached, at /<name>', collect)
    .option('--json', 'print the addresses as one JSON document, and nothing else on stdout')
    .addHelpText(
      'after',
      `
Requests with the same header x-evalkit-trace are one trace (x-evalkit-name is its name); without, all are one, until
nobody asks anything for a while. The header never goes on to the provider.

Example:
  evalkit proxy --port 4141
  ANTHROPIC_BASE_URL=http://127.0.0.1:4141/anthropic ruby agent.rb`,
    )
    .action((options: Options) => proxy(io, options))
}

async function proxy(io: Io, options: Options): Promise<void> {
  const port = portIn(options.port)
  const idleMs = durationIn(options.idle)
  const { upstreams, variables } = upstreamsOf(io.env, options.upstream)
  const { spool, host, name, allowHost: names } = options
  const recording = openRecording(io, { name, eachRun: true, ...defined({ spool }) })
  const runs = recordedRuns({ begin: recording.begin, idleMs })
  const proxyEnv = proxyEnvOf(io.env)
  const endpoint = await openEndpoint({ upstreams, runs, port, ...defined({ host, names, proxyEnv }) })
  const told = variables(endpoint.origin)
  if (options.json === true) outJson(io, { origin: endpoint.origin, variables: told })
  else {
    const lines = Object.entries(told).map((pair) => `${pair.join('=')}\n`)
    io.out(lines.join(''))
  }
  io.err('evalkit: recording until Ctrl-C\n')
  await untilAborted(io.signal)
  await endpoint.close()
  runs.close({ ended: 'exit' })
  await recording.finish('nobody asked anything')
}

/** Resolves on Ctrl-C. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A port as it is typed. Throws `EVK_USAGE`. */
export function portIn(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new EvalkitError('EVK_USAGE', `--port takes a number up to 65535, not "${text.slice(0, 40)}".`)
}

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** A duration as it is typed, in milliseconds. Throws `EVK_USAGE`. */
export function durationIn(text: string): number {
  const [, count = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(count) * units[unit as keyof typeof units]
  if (count !== '' && ms >= 1 && ms < 2 ** 31) return ms
  throw new EvalkitError(
    'EVK_USAGE',
    `--idle takes a time such as 500ms, 60s or 5m, not "${text.slice(0, 40)}".`,
  )
}
