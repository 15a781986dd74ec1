import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson, readMembers, refuse } from './answer-json.ts'
import type { Asking, Runs } from './runs.ts'

const mostBytes = 16 * 1024 * 1024

/**
 * Where a program says what it was asked and what it answers: `POST /trace` with `{"input": …}` (and `"name"`) begins
 * a run, `POST /trace/end` with `{"output": …}` (or `"error"`, a text) ends it. `GET /trace` gives `{"input": …}` where
 * a recorded run is played again, and `{}` elsewhere.
 */
export async function answerTrace(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  asking: Asking,
  runs: Runs,
): Promise<void> {
  const { method } = request
  if (path === '' && method === 'GET') {
    const input = runs.input()
    answerJson(response, 200, input === undefined ? {} : { input })
    return
  }
  if (method !== 'POST' || (path !== '' && path !== '/end')) {
    refuse(response, path === '' || path === '/end' ? 405 : 404, 'GET or POST /trace, POST /trace/end.')
    return
  }
  const said = await readMembers(request, response, mostBytes)
  if (said === undefined) return
  const { input, name, output, error } = said
  if (path === '') {
    if (name !== undefined && typeof name !== 'string') {
      refuse(response, 400, '"name" is a text.')
      return
    }
    runs.begin({
      ...asking,
      ...(name === undefined ? {} : { name }),
      ...(input === undefined ? {} : { input }),
    })
  } else {
    if (error !== undefined && typeof error !== 'string') {
      refuse(response, 400, '"error" is a text: what went wrong.')
      return
    }
    const end = { ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) }
    if (!runs.end(asking.key, end)) {
      refuse(response, 404, 'No run is open: it begins with POST /trace, or with its first call.')
      return
    }
  }
  response.writeHead(204).end()
}
