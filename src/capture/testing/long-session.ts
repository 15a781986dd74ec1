/**
 * The lines of a session of Claude Code in which the model uses a tool `turns` times, each line some 240 bytes. Nothing is said
 * twice. `wide` are characters of each result.
 */
export function* longSession(turns: number, wide = 80): Iterable<string> {
  const id = (turn: number, who: string): string => `${who}-${turn}`
  const at = (turn: number, second: number): string =>
    new Date(Date.UTC(2026, 0, 1) + turn * 2000 + second * 1000).toISOString()
  const base = { sessionId: 'long', version: '2.0.0' }
  const ask = { role: 'user', content: 'Read all of it.' }
  yield JSON.stringify({ ...base, type: 'user', uuid: 'ask', timestamp: at(0, 0), message: ask })
  for (let turn = 1; turn <= turns; turn++) {
    const call = { type: 'tool_use', id: `call_${turn}`, name: 'read', input: { page: turn } }
    const usage = { input_tokens: turn, output_tokens: 5 }
    const reply = { role: 'assistant', id: `m${turn}`, model: 'claude-test', content: [call], usage }
    const parent = turn === 1 ? 'ask' : id(turn - 1, 'result')
    const said = { ...base, type: 'assistant', uuid: id(turn, 'reply'), parentUuid: parent }
    yield JSON.stringify({ ...said, requestId: `r${turn}`, timestamp: at(turn, 0), message: reply })
    const text = `page ${turn} `.repeat(Math.ceil(wide / 8)).slice(0, wide)
    const content = [{ type: 'tool_result', tool_use_id: `call_${turn}`, content: text }]
    const answer = { ...base, type: 'user', uuid: id(turn, 'result'), parentUuid: id(turn, 'reply') }
    yield JSON.stringify({ ...answer, timestamp: at(turn, 1), message: { role: 'user', content } })
  }
}
