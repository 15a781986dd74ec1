import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { mcpAnswer, mcpTools, type Rpc, rpc } from '../../src/tap/servers/testing/mcp.ts'
import { startCli } from '../support/cli-process.ts'
import { repository, runCli, runProgram, stripsTypes, workspace } from '../support/cli.ts'

const server = join(repository, 'src/tap/servers/testing/mcp-server.ts')

const session = [
  rpc(0, 'initialize', { protocolVersion: '2025-06-18' }),
  rpc(undefined, 'notifications/initialized'),
  rpc(1, 'tools/list'),
  rpc(2, 'tools/call', { name: 'get_order', arguments: { order: 'W12 ☕' } }),
  rpc(3, 'tools/call', { name: 'refund', arguments: { amount: 9 } }),
  '',
].join('\n')

describe('evalkit mcp record', () => {
  it('stands before a server on stdio: the same bytes, and a trace', async () => {
    const dir = workspace()
    const direct = await runProgram(process.execPath, [server], { dir, stdin: session, env: stripsTypes })
    const between = await runCli({}, ['mcp', 'record', '--', process.execPath, server], {
      dir,
      stdin: session,
      env: stripsTypes,
    })
    expect([between.exitCode, between.stdout]).toEqual([0, direct.stdout])
    expect(between.stderr).toContain('recorded 1 run, 3 calls, in .evalkit/spool')
    await runCli({}, ['import', '.evalkit/spool'], { dir })
    const [trace] = await traces(dir)
    expect(trace).toMatchObject({
      name: 'mcp mcp-server.ts',
      status: 'ok',
      attributes: { 'mcp.protocol': '2025-06-18', 'mcp.tools': mcpTools.slice(0, 1) },
    })
    expect(trace?.spans.slice(1)).toMatchObject([
      { kind: 'custom', name: 'tools/list', output: { tools: mcpTools.slice(0, 1) } },
      {
        kind: 'tool',
        request: { name: 'get_order', arguments: { order: 'W12 ☕' } },
        reply: { isError: false },
      },
      { kind: 'tool', request: { name: 'refund' }, reply: { isError: true }, status: 'error' },
    ])
  })

  it('ends as the server ends', async () => {
    const args = ['mcp', 'record', '--', process.execPath, server, '--crash']
    const { exitCode, stdout, dir } = await runCli({}, args, { stdin: session, env: stripsTypes })
    expect([exitCode, stdout]).toEqual([3, ''])
    await runCli({}, ['import', '.evalkit/spool'], { dir })
    expect((await traces(dir))[0]).toMatchObject({ status: 'error' })
  })

  const http = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const answer = mcpAnswer(JSON.parse(Buffer.concat(pieces).toString()) as Rpc)
      response.writeHead(answer === undefined ? 202 : 200, {
        'content-type': 'application/json',
        'mcp-session-id': 's-1',
      })
      response.end(answer === undefined ? '' : JSON.stringify(answer))
    })
  })
  afterAll(() => http.close())

  it('stands before a server on HTTP, one trace a session', async () => {
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
    const dir = workspace()
    const running = startCli(dir, ['mcp', 'record', '--url', url])
    await running.errorsSaid('recording until Ctrl-C')
    const here = running.stdout().trim()
    expect(here).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/)
    for (const message of session.trim().split('\n')) {
      const headers = {
        'content-type': 'application/json',
        ...(message.includes('initialize"') ? {} : { 'mcp-session-id': 's-1' }),
      }
      await (await fetch(here, { method: 'POST', headers, body: message })).text()
    }
    running.child.kill('SIGINT')
    const { exitCode, stderr } = await running.ended
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('recorded 1 run, 3 calls')])
    await runCli({}, ['import', '.evalkit/spool'], { dir })
    expect((await traces(dir))[0]?.spans.slice(1)).toMatchObject([
      { name: 'tools/list' },
      { name: 'get_order', reply: { isError: false } },
      { name: 'refund', reply: { isError: true } },
    ])
  })
})

interface Shown {
  readonly spans: readonly object[]
}

async function traces(dir: string): Promise<readonly Shown[]> {
  const listed = await runCli({}, ['trace', 'list', '--json'], { dir })
  const ids = (JSON.parse(listed.stdout) as { traces: { id: string }[] }).traces.map(({ id }) => id)
  return Promise.all(
    ids.map(async (id) => {
      const shown = await runCli({}, ['trace', 'show', id, '--json'], { dir })
      return (JSON.parse(shown.stdout) as { trace: Shown }).trace
    }),
  )
}
