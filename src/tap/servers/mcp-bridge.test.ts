import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { TapAborted } from '../tap.ts'
import { answering } from '../testing/taps.ts'
import { mcpBridge } from './mcp-bridge.ts'
import { Closing, endpoint, oneRun } from './testing/endpoint.ts'
import { rpc } from './testing/mcp.ts'

const closing = new Closing()
afterEach(() => closing.close())

/** What comes back on stdout for these lines on stdin. */
async function bridged(url: URL, lines: readonly string[]): Promise<unknown[]> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const pieces: Buffer[] = []
  stdout.on('data', (piece: Buffer) => pieces.push(piece))
  // Cut anywhere, as pipes do.
  const text = lines.map((line) => `${line}\n`).join('')
  for (let at = 0; at < text.length; at += 17) stdin.write(text.slice(at, at + 17))
  stdin.end()
  await mcpBridge({ url, stdin, stdout })
  return Buffer.concat(pieces)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

async function played(tap = answering({ tool: { response: 'sent', isError: false } })): Promise<URL> {
  const { origin } = await endpoint(closing, {
    runs: { ...oneRun(tap), tools: () => [{ name: 'get_order' }] },
  })
  return new URL(`${origin}/mcp`)
}

const call = rpc(3, 'tools/call', { name: 'get_order', arguments: {} })

describe('an MCP server over stdio in a run that is played again', () => {
  it('answers line by line, in order, and nothing where nothing was asked', async () => {
    const said = await bridged(await played(), [
      rpc(1, 'initialize', { protocolVersion: '2025-06-18' }),
      rpc(undefined, 'notifications/initialized'),
      rpc('two', 'tools/list'),
      '',
      call,
    ])
    expect(said).toMatchObject([
      { id: 1, result: { protocolVersion: '2025-06-18' } },
      { id: 'two', result: { tools: [{ name: 'get_order' }] } },
      { id: 3, result: { content: [{ text: 'sent' }] } },
    ])
  })

  it('hands on what the tap refuses', async () => {
    const refusing = {
      ...answering({}),
      handle: () => Promise.reject(new TapAborted('nobody recorded that')),
    }
    expect(await bridged(await played(refusing), [call])).toMatchObject([
      { id: 3, error: { message: 'nobody recorded that' } },
    ])
  })

  it('says so where evalkit is not there, or is something else', async () => {
    expect(
      await bridged(new URL('http://127.0.0.1:9/mcp'), [call, rpc(undefined, 'notifications/x')]),
    ).toMatchObject([{ id: 3, error: { message: expect.stringContaining('cannot be reached') as string } }])
    const { origin } = await endpoint(closing, { runs: oneRun(answering({})) })
    expect(await bridged(new URL(`${origin}/mcp`), [call])).toMatchObject([
      { id: 3, error: { message: 'The MCP server answered with status 404.' } },
    ])
  })
})
