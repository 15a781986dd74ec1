import type { SpoolRecord, SpoolRecordOf } from '../../schema/spool.ts'

/** Records of a bakery's agent, for tests of what carries them. */
export function startOf(trace: string): SpoolRecordOf<'start'> {
  return {
    v: 1,
    type: 'start',
    trace,
    name: 'bakery',
    startedAt: '2026-11-21T10:00:00.000Z',
    input: 'Two rye loaves, please.',
    versions: { prompt: 'p7' },
    attributes: { 'service.name': 'bakery' },
  }
}

export function spanOf(trace: string, id: string, text = 'Two rye loaves, please.'): SpoolRecordOf<'span'> {
  return {
    v: 1,
    type: 'span',
    trace,
    span: {
      id,
      parent: 's1',
      kind: 'llm',
      name: 'claude-sonnet-4-5',
      startedAt: '2026-11-21T10:00:00.100Z',
      request: {
        model: 'claude-sonnet-4-5',
        system: [{ type: 'text', content: 'You sell bread.' }],
        messages: [{ role: 'user', parts: [{ type: 'text', content: text }] }],
        tools: [{ name: 'order', description: 'Orders bread.', inputSchema: { type: 'object' } }],
        parameters: { max_tokens: 500 },
      },
    },
  }
}

export function replyOf(trace: string, span: string, body = '{"id":"msg_1"}'): SpoolRecordOf<'reply'> {
  return {
    v: 1,
    type: 'reply',
    trace,
    span,
    status: 'ok',
    reply: {
      message: { role: 'assistant', parts: [{ type: 'text', content: 'Two rye loaves: done.' }] },
      model: 'claude-sonnet-4-5-20250929',
      finishReason: 'stop',
      responseId: 'msg_1',
      usage: { input: 20, cacheRead: 1000, cacheWrite: 5, output: 9, reasoning: 3 },
    },
    attempts: [{ status: 200, headers: { 'content-type': 'application/json' }, body }],
    durationMs: 812.5,
  }
}

export function endOf(trace: string): SpoolRecordOf<'end'> {
  return {
    v: 1,
    type: 'end',
    trace,
    status: 'ok',
    output: 'Two rye loaves: done.',
    durationMs: 900,
    versions: { model: 'claude-sonnet-4-5' },
    attributes: {},
  }
}

/** A whole run: start, one model call, end. */
export function runOf(trace: string): SpoolRecord[] {
  return [startOf(trace), spanOf(trace, 's2'), replyOf(trace, 's2'), endOf(trace)]
}
