import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { EvalkitError } from '../../schema/errors.ts'
import type { Tap } from '../tap.ts'
import { lineReader } from './lines.ts'
import { type McpCalls, mcpCalls } from './mcp-calls.ts'

export interface McpStdioOptions {
  readonly tap: Tap
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the client says, and where it listens. */
  readonly stdin: Readable
  readonly stdout: Writable
  /** Is handed the server once it runs: signals go there. */
  readonly started?: (server: ChildProcess) => void
}

/** How the server ended. */
export interface McpStdioEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly facts: ReturnType<McpCalls['facts']>
}

/**
 * Stands between an MCP client and a server that speaks over stdio (modelcontextprotocol.io, transports): bytes pass
 * in both directions as they are, and are read beside. The server's stderr is ours. Resolves when the server has
 * ended and everything it said was handed on. Throws `EVK_USAGE` where it cannot be started.
 */
export async function mcpStdio(options: McpStdioOptions): Promise<McpStdioEnd> {
  const { tap, stdin, stdout } = options
  const calls = mcpCalls(tap)
  const server = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await started(server, options.command)
  options.started?.(server)
  const tooLong = (whose: string) => (): void => tap.pass(`${whose} said more in one line than can be read`)
  void pump(
    stdin,
    server.stdin,
    lineReader((line) => calls.asked(line), tooLong('the client')),
  )
  const handedOn = pump(
    server.stdout,
    stdout,
    lineReader((line) => calls.answered(line), tooLong('the server')),
  )
  const closed = once(server, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  // A client that has gone reads nothing more; the server sees its input end, as it would without us.
  stdout.on('error', () => {
    server.stdin.end()
    server.stdout.resume()
  })
  const [code, signal] = await closed
  await handedOn
  stdin.destroy()
  calls.close(
    signal === null ? `The server ended (exit code ${code}).` : `The server was ended by ${signal}.`,
  )
  return { code, signal, facts: calls.facts() }
}

/** Bytes from one stream to another as they come, read beside once they are on their way. */
function pump(from: Readable, to: Writable, read: (bytes: Uint8Array) => void): Promise<void> {
  // Who reads no more has closed his end, and what writes to it learns of that by itself.
  to.on('error', () => from.resume())
  return new Promise((resolve) => {
    from.on('data', (bytes: Buffer) => {
      if (!to.destroyed && !to.writableEnded && !to.write(bytes)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
      read(bytes)
    })
    from.on('end', () => {
      if (isStandard(to)) to.write('', () => resolve())
      else to.end(resolve)
    })
    from.on('error', () => resolve())
  })
}

/** Our own stdout is not ours to close. */
function isStandard(stream: Writable): boolean {
  return 'fd' in stream && stream.fd === 1
}

async function started(server: ChildProcess, command: string): Promise<void> {
  try {
    await once(server, 'spawn')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new EvalkitError('EVK_USAGE', `"${command.slice(0, 200)}" cannot be started (${code}).`, {
      hint: 'The command stands behind "--", as you would type it.',
      cause,
    })
  }
}
