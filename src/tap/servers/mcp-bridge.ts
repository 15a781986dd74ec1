import type { Readable, Writable } from 'node:stream'
import { readJson } from '../../lib/json.ts'
import { thrownAs } from '../../lib/thrown.ts'
import { isRecord } from '../wire/text.ts'
import { lineReader } from './lines.ts'

export interface McpBridgeOptions {
  /** Where an MCP server answers POSTs with JSON: a run that is played again (`EVALKIT_MCP_URL`). */
  readonly url: URL
  /** What the client says, and where it listens. */
  readonly stdin: Readable
  readonly stdout: Writable
}

/**
 * Stands for an MCP server over stdio: each line goes to a server over HTTP, and what that answers comes back as a line, in
 * the order of the questions. Resolves when the client has said its last, and all of it is answered.
 */
export async function mcpBridge({ url, stdin, stdout }: McpBridgeOptions): Promise<void> {
  let last: Promise<void> = Promise.resolve()
  const say = (text: string): void => {
    if (text !== '' && !stdout.destroyed) stdout.write(`${text}\n`)
  }
  const read = lineReader(
    (line) => {
      if (line.trim() !== '') last = last.then(async () => say(await answerTo(url, line)))
    },
    () => say(JSON.stringify(failure(null, 'That line is too long.'))),
  )
  // A client that reads no more has gone.
  stdout.on('error', () => stdin.destroy())
  await new Promise<void>((resolve) => {
    stdin.on('data', (bytes: Buffer) => read(bytes)).on('close', () => resolve())
    stdin.on('end', () => resolve()).on('error', () => resolve())
  })
  await last
}

async function answerTo(url: URL, line: string): Promise<string> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: line,
    })
    const text = (await answer.text()).trim()
    const isMessage = text === '' || text.includes('"jsonrpc"')
    return isMessage ? text : sayFailure(line, `The MCP server answered with status ${answer.status}.`)
  } catch (error) {
    return sayFailure(line, `evalkit cannot be reached (${thrownAs(error).message}).`)
  }
}

/** What a request gets that could not be handed on; what asks nothing gets nothing. */
function sayFailure(line: string, why: string): string {
  const read = readJson(line)
  if (!read.ok || !isRecord(read.value) || read.value.id === undefined) return ''
  return JSON.stringify(failure(read.value.id, why))
}

function failure(id: unknown, message: string): object {
  return { jsonrpc: '2.0', id, error: { code: -32000, message } }
}
