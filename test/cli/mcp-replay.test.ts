import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serveChat } from '../support/chat-server.ts'
import { runCli, workspace } from '../support/cli.ts'

/** A server of MCP tools over stdio, that leaves a trace in the world: a file. */
const server = `
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
const tools = [{ name: 'get_order', description: 'Looks an order up.', inputSchema: { type: 'object', properties: { order: { type: 'string' } } } }]
appendFileSync('started', 'x')
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) continue
  const result = {
    initialize: () => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'shop', version: '1' } }),
    'tools/list': () => ({ tools }),
    'tools/call': () => ({ content: [{ type: 'text', text: params.arguments.order + ' was sent' }] }),
  }[method]()
  console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
`

/** An agent whose tools are an MCP server's, which its settings name. */
const agent = `
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
const { mcpServer: [program, ...args] } = JSON.parse(process.env.SETTINGS)
const mcp = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: process.env })
const waiting = new Map()
createInterface({ input: mcp.stdout }).on('line', (line) => {
  const { id, result, error } = JSON.parse(line)
  const { resolve, reject } = waiting.get(id)
  if (error === undefined) resolve(result)
  else reject(new Error(error.message))
})
let ids = 0
const rpc = (method, params) => new Promise((resolve, reject) => {
  waiting.set(++ids, { resolve, reject })
  mcp.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: ids, method, params }) + '\\n')
})
await rpc('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'agent', version: '1' } })
mcp.stdin.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }) + '\\n')
const { tools } = await rpc('tools/list')
const question = process.argv[2]
const messages = [{ role: 'user', content: question }]
for (;;) {
  const answer = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer ' + process.env.OPENAI_API_KEY },
    body: JSON.stringify({ model: 'gpt-shop', messages, tools: tools.map(({ name, description, inputSchema }) => (
      { type: 'function', function: { name, description, parameters: inputSchema } })) }),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.error.message)
  const { message } = said.choices[0]
  messages.push(message)
  for (const { id, function: { name, arguments: given } } of message.tool_calls ?? []) {
    const { content } = await rpc('tools/call', { name, arguments: { ...JSON.parse(given) EXTRA } })
    messages.push({ role: 'tool', tool_call_id: id, content: content[0].text })
  }
  if (message.tool_calls === undefined) {
    console.log(JSON.stringify(message.content))
    break
  }
}
mcp.stdin.end()
`

const settings = JSON.stringify({
  mcpServer: ['node', 'node_modules/evalkit/bin/evalkit.mjs', 'mcp', 'record', '--', 'node', 'server.mjs'],
})

const evalFile = `
import { commandTarget, defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'shop', dataset: 'shop', checks: [equals()],
  target: commandTarget({ command: ['node', 'agent.mjs', '{input}'], env: { SETTINGS: ${JSON.stringify(settings)} } }),
})
`

interface Report {
  readonly cases: { readonly trials: object[] }[]
}

describe('an agent whose tools are an MCP server’s, over stdio', () => {
  it('is recorded in one trace, and played again without the server', async () => {
    const model = await serveChat((messages) => {
      const result = messages.find(({ role }) => role === 'tool')?.content
      return result === undefined || result === null
        ? { call: ['get_order', { order: 'W12' }] }
        : { text: `${result}.` }
    })
    const dir = workspace({
      'agent.mjs': agent.replace('EXTRA', ''),
      'server.mjs': server,
      'evals/shop.eval.ts': evalFile,
    })
    const question = 'Where is W12?'
    const env = {
      OPENAI_BASE_URL: `${model.url}/v1`,
      OPENAI_API_KEY: `sk-proj-${'k'.repeat(40)}`,
      SETTINGS: settings,
    }
    const words = ['record', '--input', question, '--', 'node', 'agent.mjs', question]
    const recorded = await runCli({}, words, { dir, env })
    expect(recorded).toMatchObject({
      exitCode: 0,
      stdout: '"W12 was sent."\n',
      stderr: expect.stringContaining('recorded 1 run, 3 calls') as string,
    })
    await model.close()
    await runCli({}, ['import', '.evalkit/spool'], { dir })
    expect((await runCli({}, ['promote', '--all', '--dataset', 'shop'], { dir })).stdout).toContain('1 case')
    const dataset = join(dir, 'datasets/shop.jsonl')
    const [line = ''] = readFileSync(dataset, 'utf8').split('\n')
    writeFileSync(dataset, `${JSON.stringify({ ...JSON.parse(line), expected: 'W12 was sent.' })}\n`)

    rmSync(join(dir, 'started'))
    const trialOf = async (): Promise<object | undefined> => {
      const { stdout } = await runCli({}, ['run', 'shop', '--json'], { dir })
      return (JSON.parse(stdout) as { reports: Report[] }).reports[0]?.cases[0]?.trials[0]
    }
    expect(await trialOf()).toMatchObject({
      status: 'completed',
      divergences: [],
      fidelity: { share: 1, steps: 3 },
    })
    expect(existsSync(join(dir, 'started'))).toBe(false)

    // Another argument is another call: nobody recorded what it brings.
    writeFileSync(join(dir, 'agent.mjs'), agent.replace('EXTRA', ', fast: true'))
    expect(await trialOf()).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(existsSync(join(dir, 'started'))).toBe(false)
  })

  it('says where `mcp serve` belongs', async () => {
    const alone = await runCli({}, ['mcp', 'serve'])
    expect(alone).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('EVALKIT_MCP_URL is not set') as string,
    })
  })
})
