import type { ChildProcess } from 'node:child_process'
import { basename } from 'node:path'
import { Command } from 'commander'
import { defined } from '../../lib/defined.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { mcpBridge } from '../../tap/servers/mcp-bridge.ts'
import { openMcpHttp } from '../../tap/servers/mcp-http.ts'
import { type McpStdioEnd, mcpStdio } from '../../tap/servers/mcp-stdio.ts'
import { addressIn, proxyEnvOf } from '../../tap/servers/providers.ts'
import { toolReports } from '../../tap/servers/tool-reports.ts'
import type { Tap } from '../../tap/tap.ts'
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
Give the client this command in place of the server's: every byte passes, in both directions. In a program that
evalkit record runs, the calls stand in its trace; in one that is played again, they are answered from there, and the
server is not started. For that the client must hand EVALKIT_TOOL_URL and EVALKIT_MCP_URL on.

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
  const serve = new Command('serve')
    .description(
      'In a program that is played again, stands for its MCP servers over stdio: answers from the recording.',
    )
    .action(async () => {
      const url = io.env['EVALKIT_MCP_URL']
      if (url === undefined || url === '') {
        throw new EvalkitError('EVK_USAGE', 'EVALKIT_MCP_URL is not set: nothing is played again here.', {
          hint: 'It is set in programs that commandTarget or httpTarget start; MCP clients must hand it on.',
        })
      }
      await played(url)
    })
  return new Command('mcp')
    .description('Records the tool calls of MCP clients and servers, and answers them in a replay.')
    .enablePositionalOptions()
    .addCommand(record)
    .addCommand(serve)
}

async function played(url: string): Promise<void> {
  await mcpBridge({ url: addressIn(url, 'EVALKIT_MCP_URL'), stdin: process.stdin, stdout: process.stdout })
}

async function overStdio(io: Io, words: readonly string[], { name, spool }: Options): Promise<number> {
  const { EVALKIT_MCP_URL: playing = '', EVALKIT_TOOL_URL: reported = '' } = io.env
  if (playing !== '') {
    await played(playing)
    return 0
  }
  if (reported !== '') return intoRun(io, words, reported)
  const [program = '', ...args] = words
  const called = name ?? `mcp ${basename(args.find((word) => !word.startsWith('-')) ?? program)}`
  const recording = openRecording(io, { name: called, ...defined({ spool }) })
  const run = recording.begin({})
  try {
    const { facts, ...end } = await between(io, program, args, run.tap)
    run.end({ ended: 'exit', attributes: facts, ...defined({ error: failureOf(end) }) })
    return exitCodeOf(end)
  } finally {
    await recording.finish('the server could not be started')
  }
}

/** The calls stand in the trace of the program that makes them. */
async function intoRun(io: Io, [program = '', ...args]: readonly string[], url: string): Promise<number> {
  const reports = toolReports(url)
  const end = await between(io, program, args, reports.tap)
  await reports.settled()
  return exitCodeOf(end)
}

async function between(io: Io, command: string, args: readonly string[], tap: Tap): Promise<McpStdioEnd> {
  let release = (): void => undefined
  try {
    const { cwd, env } = io
    const { stdin, stdout } = process
    const started = (server: ChildProcess): void => void (release = handOnSignals(server))
    return await mcpStdio({ tap, command, args, cwd, env, stdin, stdout, started })
  } finally {
    release()
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
