import { PassThrough } from 'node:stream'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mcpStdio } from './mcp-stdio.ts'
import { mcpTap, mcpTools, rpc } from './testing/mcp.ts'

const server = join(import.meta.dirname, 'testing/mcp-server.ts')

interface Talk {
  readonly seen: Record<string, unknown>[]
  readonly said: () => string
  readonly say: (text: string) => void
  readonly end: () => void
  readonly done: ReturnType<typeof mcpStdio>
}

function talk(...args: readonly string[]): Talk {
  const seen: Record<string, unknown>[] = []
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const pieces: Buffer[] = []
  stdout.on('data', (piece: Buffer) => pieces.push(piece))
  const done = mcpStdio({
    tap: mcpTap(seen),
    command: process.execPath,
    // The server is TypeScript, which an older Node reads only when told.
    args: [
      ...(process.features.typescript ? [] : ['--experimental-strip-types', '--no-warnings']),
      server,
      ...args,
    ],
    cwd: process.cwd(),
    env: process.env,
    stdin,
    stdout,
  })
  return {
    seen,
    said: () => Buffer.concat(pieces).toString(),
    say: (text) => void stdin.write(text),
    end: () => void stdin.end(),
    done,
  }
}

describe('an MCP server over stdio', () => {
  it('is talked to byte for byte, and its tools are recorded', async () => {
    const { seen, said, say, end, done } = talk()
    const session = [
      rpc(0, 'initialize', { protocolVersion: '2025-06-18' }),
      rpc(undefined, 'notifications/initialized'),
      rpc(1, 'tools/list'),
      rpc(2, 'tools/list', { cursor: 'p2' }),
      `  ${rpc(3, 'tools/call', { name: 'get_order', arguments: { order: 'W12 ☕' } })}\r`,
      rpc(4, 'tools/call', { name: 'refund', arguments: { amount: 9 } }),
    ].join('\n')
    say(`${session}\n`)
    end()
    const { code, facts } = await done
    // The server repeats on its last line what it was told.
    const lines = said().split('\n')
    expect(lines.pop()).toBe('')
    expect(JSON.parse(lines.pop() ?? '')).toEqual({ echo: `${session}\n` })
    expect(lines.map((line) => (JSON.parse(line) as { id?: unknown }).id)).toEqual([0, 1, 2, 3, 4])
    expect(code).toBe(0)
    expect(facts).toMatchObject({ 'mcp.tools': mcpTools, 'mcp.protocol': '2025-06-18' })
    expect(seen.filter(({ name }) => name !== undefined)).toEqual([
      {
        name: 'get_order',
        arguments: { order: 'W12 ☕' },
        reply: {
          response: {
            content: [{ type: 'text', text: '{"order":"W12 ☕"}' }],
            structuredContent: { state: 'sent' },
          },
          isError: false,
        },
      },
      {
        name: 'refund',
        arguments: { amount: 9 },
        reply: {
          response: { content: [{ type: 'text', text: 'over the limit' }], isError: true },
          isError: true,
        },
      },
    ])
  })

  it('needs no handshake (revision 2026-07-28)', async () => {
    const { seen, say, end, done } = talk()
    say(
      `${rpc('q-1', 'tools/call', { name: 'get_order', _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } })}\n`,
    )
    end()
    await done
    expect(seen).toMatchObject([{ name: 'get_order', reply: { isError: false } }])
  })

  it('passes lines of megabytes, and halves of lines', async () => {
    const { seen, said, say, end, done } = talk()
    const big = 'x'.repeat(3_000_000)
    const line = rpc(1, 'tools/call', { name: 'get_order', arguments: { big } })
    for (let at = 0; at < line.length; at += 700_000) say(line.slice(at, at + 700_000))
    say('\n{"half":')
    end()
    await done
    expect(seen).toMatchObject([{ name: 'get_order', reply: { isError: false } }])
    const echoed = JSON.parse(said().trimEnd().split('\n').at(-1) ?? '') as { echo: string }
    expect(echoed.echo === `${line}\n{"half":`).toBe(true)
  })

  it('may end in the middle of a call', async () => {
    const { seen, say, done } = talk('--crash')
    say(`${rpc(1, 'tools/call', { name: 'get_order' })}\n`)
    expect((await done).code).toBe(3)
    expect(seen).toMatchObject([{ name: 'get_order', error: 'Error: The server ended (exit code 3).' }])
  })

  it('must exist', async () => {
    const done = mcpStdio({
      tap: mcpTap([]),
      command: 'no-such-program-anywhere',
      args: [],
      cwd: process.cwd(),
      env: {},
      stdin: new PassThrough(),
      stdout: new PassThrough(),
    })
    await expect(done).rejects.toMatchObject({
      code: 'EVK_USAGE',
      message: '"no-such-program-anywhere" cannot be started (ENOENT).',
    })
  })
})
