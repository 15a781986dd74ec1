import { afterEach, describe, expect, it } from 'vitest'
import type { ToolReply } from '../../schema/call.ts'
import { Closing, endpoint, oneRun } from './testing/endpoint.ts'
import { mcpTap } from './testing/mcp.ts'
import { toolReports } from './tool-reports.ts'

const closing = new Closing()
afterEach(() => closing.close())

describe('tool calls of another process', () => {
  const request = { name: 'get order/ü', arguments: { order: 'W12' } }

  it('stand in the run they are reported to, with what they brought', async () => {
    const seen: Record<string, unknown>[] = []
    const { origin } = await endpoint(closing, { runs: oneRun(mcpTap(seen)) })
    const reports = toolReports(`${origin}/tools/`)
    const reply: ToolReply = { response: { content: [] }, isError: false }
    expect(await reports.tap.handle('tool', request, { live: async () => reply })).toEqual(reply)
    await expect(
      reports.tap.handle(
        'tool',
        { ...request, name: 'refund' },
        { live: () => Promise.reject(new Error('gone')) },
      ),
    ).rejects.toThrow('gone')
    await reports.settled()
    expect(seen).toEqual([
      { ...request, reply },
      { ...request, name: 'refund', reply: { response: 'Error: gone', isError: true } },
    ])
  })

  it('are made where nobody listens', async () => {
    const reports = toolReports('http://127.0.0.1:9/tools')
    const reply: ToolReply = { response: 'sent', isError: false }
    expect(await reports.tap.handle('tool', request, { live: async () => reply })).toEqual(reply)
    await reports.settled()
  })
})
