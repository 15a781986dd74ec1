import { describe, expect, it } from 'vitest'
import { EvalkitError } from '../../schema/errors.ts'
import { listMcpTools, type McpListing, mcpToolsInLog } from './mcp-list.ts'

/** A server whose answer to a request is the expression `answer` of `method`, `params`, `id`. */
function server(answer: string, before = ''): string {
  return `
    let text = ''
    const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
    ${before}
    process.stdin.on('data', (bytes) => {
      text += bytes
      for (let end = text.indexOf('\\n'); end !== -1; end = text.indexOf('\\n')) {
        const { id, method, params, error } = JSON.parse(text.slice(0, end))
        text = text.slice(end + 1)
        if (method === undefined) { globalThis.heard?.(id, error); continue }
        if (id === undefined) continue
        const said = method === 'initialize' ? { result: { serverInfo: { name: 'desk\\u001b[31m' } } } : ${answer}
        if (said !== undefined) say({ id, ...said })
      }
    })`
}

async function list(
  code: string,
  timeoutMs = 10_000,
  signal = new AbortController().signal,
): Promise<McpListing> {
  return listMcpTools({ command: process.execPath, args: ['-e', code], cwd: '.', env: {}, timeoutMs, signal })
}

async function failureOf(listing: Promise<McpListing>): Promise<string> {
  const error: unknown = await listing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return EvalkitError.is(error) ? [error.code, error.message, ...error.details].join(' | ') : String(error)
}

describe('listMcpTools', () => {
  it('asks for every page, and makes the name of the server inert', async () => {
    const pages = `{ result: params.cursor === 'two' ? { tools: [{ name: 'pay' }] } : { tools: [{ name: 'ask' }], nextCursor: 'two' } }`
    expect(await list(server(pages))).toEqual({ server: 'desk', tools: [{ name: 'ask' }, { name: 'pay' }] })
  })

  it('answers what the server asks, and lists all the same', async () => {
    const asking = server(
      `(say({ id: 'p', method: 'ping' }), say({ id: 'r', method: 'roots/list' }), globalThis.heard = (from, error) => {
        if (from === 'r') say({ id, result: { tools: [{ name: 'code ' + error.code }] } })
      }, undefined)`,
    )
    expect((await list(asking)).tools).toEqual([{ name: 'code -32601' }])
  })

  it.each<[string, string, RegExp]>([
    ['refuses', server(`{ error: { code: 1, message: 'no' } }`), /EVK_MCP_FAILED .*refused: .*"no"/],
    ['lists nothing', server('{ result: {} }'), /holds no list of tools/],
    ['never stops listing', server(`{ result: { tools: [], nextCursor: 'on' } }`), /more than 100 pages/],
    ['ends', 'console.error("no key"); process.exit(3)', /ended \(exit code 3\).*it said last: no key/],
    [
      'says what is no MCP',
      'console.log("hello"); setTimeout(() => process.exit(0), 50)',
      /ended \(exit code 0\)/,
    ],
  ])('says so where the server %s', async (_, code, message) => {
    expect(await failureOf(list(code))).toMatch(message)
  })

  it('does not wait for ever, nor for a server that does not go', async () => {
    const stubborn = server(
      'undefined',
      "process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1e6)",
    )
    expect(await failureOf(list(stubborn, 300))).toMatch(/did not answer within 300 ms/)
    const stop = new AbortController()
    const listing = failureOf(list(server('undefined'), 10_000, stop.signal))
    setTimeout(() => stop.abort(), 300)
    expect(await listing).toMatch(/evalkit was stopped/)
  }, 20_000)

  it('says what cannot be started', async () => {
    const options = { args: [], cwd: '.', env: {}, timeoutMs: 1000, signal: new AbortController().signal }
    expect(await failureOf(listMcpTools({ command: 'no-such-server', ...options }))).toMatch(
      /EVK_USAGE .*ENOENT/,
    )
  })
})

describe('mcpToolsInLog', () => {
  const result = { serverInfo: { name: 'desk' }, tools: [{ name: 'pay', description: 'first' }] }

  it.each<[string, string]>([
    ['messages, one a line', `not JSON\n${JSON.stringify({ id: 0, result })}\n`],
    [
      'messages in log lines',
      `${JSON.stringify({ ts: 1, dir: 'in', message: { id: 0, result } })}\n{"other":1}`,
    ],
    ['a message', JSON.stringify({ jsonrpc: '2.0', id: 1, result }, null, 2)],
    ['a result', JSON.stringify(result)],
    ['a batch', JSON.stringify([{ id: 0, result }])],
  ])('reads %s', (_, text) => {
    expect(mcpToolsInLog(text)).toEqual({ server: 'desk', tools: result.tools })
  })

  it('believes the later listing, and says where there is none', () => {
    const later = { result: { tools: [{ name: 'pay', description: 'second' }, { name: 7 }] } }
    expect(mcpToolsInLog(`${JSON.stringify({ result })}\n${JSON.stringify(later)}`)?.tools).toEqual([
      { name: 'pay', description: 'second' },
    ])
    expect([mcpToolsInLog(''), mcpToolsInLog('{}'), mcpToolsInLog('hello')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
