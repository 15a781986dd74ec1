import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { openMcpHttp } from './mcp-http.ts'
import type { RunEnd } from './runs.ts'
import { bodyOf, Closing, drip, raw, under, until, upstream } from './testing/endpoint.ts'
import { mcpAnswer, mcpTap, mcpTools, type Rpc, rpc } from './testing/mcp.ts'

const closing = new Closing()
afterEach(() => closing.close())

interface Run {
  readonly key: string | undefined
  readonly seen: Record<string, unknown>[]
  end?: RunEnd
}

async function between(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ url: string; runs: Run[]; close: () => Promise<void> }> {
  const runs: Run[] = []
  const base = await upstream(closing, answer)
  const server = await openMcpHttp({
    url: under(base, '/mcp'),
    begin({ key }) {
      const run: Run = { key, seen: [] }
      runs.push(run)
      return { tap: mcpTap(run.seen), end: (end) => Object.assign(run, { end }) }
    },
  })
  const close = async (): Promise<void> => server.close('exit')
  closing.add(close)
  return { url: server.url, runs, close }
}

/** The server of the tests: JSON in answer to calls, an event stream where the client asks for `refund`. */
async function shop(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'DELETE') {
    response.writeHead(200).end()
    return
  }
  const message = JSON.parse(await bodyOf(request)) as Rpc
  const answer = mcpAnswer(message)
  const session = message.method === 'initialize' ? { 'mcp-session-id': 'secret-session' } : {}
  if (answer === undefined) response.writeHead(202).end()
  else if (message.params?.['name'] === 'refund') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const events = `: hello\n\nevent: message\ndata: ${rpc(undefined, 'notifications/progress')}\n\ndata: ${JSON.stringify(answer)}\n\n`
    await drip(response, [events.slice(0, 30), events.slice(30, 150), events.slice(150)])
    response.end()
  } else {
    response.writeHead(200, { 'content-type': 'application/json', ...session }).end(JSON.stringify(answer))
  }
}

const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const post = (url: string, body: string, more = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { ...headers, ...more }, body })

describe('an MCP server over HTTP', () => {
  it('is talked to in a session, which is one run (revision 2025-06-18)', async () => {
    const { url, runs } = await between(shop)
    const opened = await post(url, rpc(0, 'initialize', { protocolVersion: '2025-06-18' }))
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    expect(session).toEqual({ 'mcp-session-id': 'secret-session' })
    expect(await opened.json()).toMatchObject({ id: 0, result: { serverInfo: { name: 'shop' } } })
    expect((await post(url, rpc(undefined, 'notifications/initialized'), session)).status).toBe(202)
    await (await post(url, rpc(1, 'tools/list'), session)).text()
    await (
      await post(url, rpc(2, 'tools/call', { name: 'get_order', arguments: { order: 1 } }), session)
    ).text()
    const streamed = await post(url, rpc(3, 'tools/call', { name: 'refund' }), session)
    expect(await streamed.text()).toContain('over the limit')
    await fetch(url, { method: 'DELETE', headers: session })
    await until(() => runs[0]?.end !== undefined)
    expect(runs).toMatchObject([
      {
        key: expect.stringMatching(/^mcp-[0-9a-f]{16}$/),
        seen: [
          { part: 'tools/list', output: { tools: mcpTools.slice(0, 1) } },
          { name: 'get_order', arguments: { order: 1 }, reply: { isError: false } },
          { name: 'refund', reply: { isError: true } },
        ],
        end: { attributes: { 'mcp.protocol': '2025-06-18', 'mcp.tools': mcpTools.slice(0, 1) } },
      },
    ])
    expect(JSON.stringify(runs)).not.toContain('secret-session')
  })

  it('needs no session, and clients that use the same ids are kept apart (revision 2026-07-28)', async () => {
    const { url, runs, close } = await between(shop)
    const stateless = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }
    const all = Array.from({ length: 20 }, async (_, at) => {
      const asked = rpc(1, 'tools/call', { name: at % 2 === 0 ? 'get_order' : 'refund', arguments: { at } })
      return (await post(url, asked, stateless)).text()
    })
    await Promise.all(all)
    await close()
    expect(runs).toHaveLength(1)
    expect(runs[0]?.end).toMatchObject({ ended: 'exit' })
    for (const { name, arguments: given, reply } of runs[0]?.seen ?? []) {
      const text = name === 'refund' ? 'over the limit' : JSON.stringify(given)
      expect(reply).toMatchObject({ isError: name === 'refund', response: { content: [{ text }] } })
    }
    expect(runs[0]?.seen).toHaveLength(20)
  })

  it('may answer on the session’s own stream, after the first one broke off', async () => {
    const { url, runs } = await between(async (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (request.method === 'POST') {
        response.write('id: 1\ndata: {"half":')
        setTimeout(() => response.socket?.resetAndDestroy(), 20)
        return
      }
      await drip(response, [`data: ${JSON.stringify({ id: 9, result: 'late' })}\n`, '\n'])
      response.end()
    })
    const session = { 'mcp-session-id': 's' }
    const asked = await post(url, rpc(9, 'tools/call', { name: 'slow' }), session)
    await expect(asked.text()).rejects.toThrow('terminated')
    await (await fetch(url, { headers: { ...headers, ...session } })).text()
    await until(() => Object.keys(runs[0]?.seen[0] ?? {}).length > 2)
    expect(runs[0]?.seen).toMatchObject([{ name: 'slow', reply: { response: 'late', isError: false } }])
  })

  it.each([
    ['says no', 404, '', 'The server answered with status 404.'],
    ['ends without a result', 200, '{}', 'The server ended its answer without a result.'],
  ])('may not answer: it %s', async (_, status, body, why) => {
    const { url, runs } = await between((__, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    expect((await post(url, rpc(1, 'tools/call', { name: 'x' }))).status).toBe(status)
    await until(() => runs[0]?.seen[0]?.['error'] !== undefined)
    expect(runs[0]?.seen).toMatchObject([{ name: 'x', error: `Error: ${why}` }])
  })

  it('may be gone', async () => {
    const { url, runs } = await between((request) => request.socket.resetAndDestroy())
    expect((await post(url, rpc(1, 'tools/call', { name: 'x' }))).status).toBe(502)
    expect(runs[0]?.seen).toMatchObject([{ name: 'x', error: 'Error: fetch failed' }])
  })

  it('has other pages, which are no session, and its own place only', async () => {
    const asked: unknown[] = []
    const { url, runs } = await between((request, response) => {
      asked.push(request.url)
      response.end('meta')
    })
    const other = under(new URL(url), '/.well-known/oauth-protected-resource')
    expect(await (await fetch(other)).text()).toBe('meta')
    expect(runs).toEqual([])
    const rebound = `POST /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`
    expect(await raw(new URL(url).origin, rebound)).toMatch(/^HTTP\/1.1 403/)
    const page = await post(url, rpc(1, 'tools/list'), { origin: 'https://evil.example' })
    expect(page.status).toBe(403)
    expect(asked).toEqual(['/.well-known/oauth-protected-resource'])
  })
})
