import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatServer, serveChat } from '../support/chat-server.ts'
import { startCli } from '../support/cli-process.ts'
import { runCli, workspace } from '../support/cli.ts'

let model: ChatServer
beforeAll(async () => {
  model = await serveChat(() => ({ text: 'Hello.' }))
})
afterAll(() => model.close())

async function ask(base: string, headers: Record<string, string> = {}): Promise<number> {
  const body = JSON.stringify({ model: 'gpt-shop', messages: [{ role: 'user', content: 'Hello?' }] })
  const answer = await fetch(`${base}/chat/completions`, { method: 'POST', headers, body })
  await answer.text()
  return answer.status
}

describe('evalkit proxy', () => {
  it('records runs by name, and the others until they are quiet, until Ctrl-C', async () => {
    const dir = workspace()
    const env = { OPENAI_BASE_URL: `${model.url}/v1` }
    const running = startCli(dir, ['proxy', '--idle', '200ms', '--json'], { env })
    await running.errorsSaid('recording until Ctrl-C')
    const { variables } = JSON.parse(running.stdout()) as { variables: Record<string, string> }
    expect(Object.keys(variables)).toEqual([
      'EVALKIT_URL',
      'EVALKIT_TOOL_URL',
      'EVALKIT_TRACE_URL',
      'ANTHROPIC_BASE_URL',
      'OPENAI_BASE_URL',
    ])
    const base = variables['OPENAI_BASE_URL'] ?? ''
    const named = { 'x-evalkit-trace': 'ticket-7', 'x-evalkit-name': 'support' }
    expect(await Promise.all([ask(base, named), ask(base), ask(base, named), ask(base)])).toEqual([
      200, 200, 200, 200,
    ])
    await running.errorsSaid('support: 2 calls (trace ticket-7)')
    await running.errorsSaid('proxy: 2 calls (trace t_')
    expect(await ask(base, named)).toBe(200)
    running.child.kill('SIGINT')
    const { exitCode, stderr } = await running.ended
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringContaining('recorded 3 runs, 5 calls, in .evalkit/spool'),
    ])
    expect((await runCli({}, ['import', '.evalkit/spool'], { dir })).stdout).toContain('3 traces')
    const listed = await runCli({}, ['trace', 'list', '--json'], { dir })
    const { traces } = JSON.parse(listed.stdout) as { traces: { id: string; name: string }[] }
    expect(traces.map(({ name }) => name).sort()).toEqual(['proxy', 'support', 'support'])
  })

  it('prints what a shell can take', async () => {
    const running = startCli(workspace(), ['proxy'])
    await running.errorsSaid('recording until Ctrl-C')
    expect(running.stdout()).toMatch(/^EVALKIT_URL=http:\/\/127\.0\.0\.1:\d+\n(\w+=http\S+\n){4}$/)
    running.child.kill('SIGTERM')
    const { exitCode, stderr } = await running.ended
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringContaining('nothing was recorded: nobody asked anything'),
    ])
  })
})
