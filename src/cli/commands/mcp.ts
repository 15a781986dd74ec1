import { basename } from 'node:path'
import { Command } from 'commander'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { openMcpHttp } from '../../tap/servers/mcp-http.ts'
import { mcpStdio } from '../../tap/servers/mcp-stdio.ts'
import { addressIn, proxyEnvOf } from '../../tap/servers/providers.ts'
import { exitCodeOf, failureOf, handOnSignals } from '../child.ts'
import type { Io } from '../io.ts'
import { openRecording } from '../recording.ts'
import { durationIn, portIn, untilAborted } from './proxy.ts'

interface Options {
  readonly url?: string
  readonly port: string
  readonly idle: string
  readonly name?: string
  readonly spool?: string
}

export function command(io: Io, exit: (code: number) => void): Command {
  const record = new Command('record')
    .description('Stands between an MCP client and server, and records tools/list and tools/call.')
    .argument('[command...]', 'the server’s command and its arguments, behind "--" (stdio)')
    .option('--url <address>', 'the server’s address instead (streamable HTTP)')
    .option('--port <port>', 'with --url, where to listen; 0: any that is free', '0')
    .option('--idle <time>', 'with --url and no sessions, silence after which a trace is over', '60s')
    .option('--name <name>', 'name of the traces (default: the server’s)')
    .option('--spool <folder>', 'where the records go (default: .evalkit/spool)')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Give the client this command in place of the server's: every byte passes, in both directions.

Example:
  evalkit mcp record -- npx -y @modelcontextprotocol/server-everything
  evalkit mcp record --url http://localhost:3000/mcp --port 3001`,
    )
    .action(async (words: readonly string[], options: Options) => {
      if ((words.length === 0) === (options.url === undefined)) {
        throw new EvalkitError('EVK_USAGE', 'Name the server: a command behind "--", or --url.')
      }
      if (options.url === undefined) exit(await overStdio(io, words, options))
      else await overHttp(io, addressIn(options.url, '--url'), options)
    })
  return new Command('mcp')
    .description('Records the tool calls of MCP clients and servers.')
    .enablePositionalOptions()
    .addCommand(record)
}

async function overStdio(io: Io, words: readonly string[], { name, spool }: Options): Promise<number> {
  const [program = '', ...args] = words
  const called = name ?? `mcp ${basename(args.find((word) => !word.startsWith('-')) ?? program)}`
  const recording = openRecording(io, { name: called, ...defined({ spool }) })
  const run = recording.begin({})
  let release = (): void => undefined
  try {
    const { facts, ...end } = await mcpStdio({
      tap: run.tap,
      command: program,
      args,
      cwd: io.cwd,
      env: io.env,
      stdin: process.stdin,
      stdout: process.stdout,
      started: (server) => (release = handOnSignals(server)),
    })
    run.end({ ended: 'exit', attributes: facts, ...defined({ error: failureOf(end) }) })
    return exitCodeOf(end)
  } finally {
    release()
    await recording.finish('the server could not be started')
  }
}

async function overHttp(io: Io, url: URL, { name, spool, port, idle }: Options): Promise<void> {
  const recording = openRecording(io, {
    name: name ?? `mcp ${url.host}`,
    eachRun: true,
    ...defined({ spool }),
  })
  const server = await openMcpHttp({
    url,
    port: portIn(port),
    idleMs: durationIn(idle),
    begin: recording.begin,
    ...defined({ proxyEnv: proxyEnvOf(io.env) }),
  })
  io.out(`${server.url}\n`)
  io.err('evalkit: recording until Ctrl-C\n')
  await untilAborted(io.signal)
  await server.close('exit')
  await recording.finish('nobody asked anything')
}
