import type { IncomingMessage, ServerResponse } from 'node:http'
import { defined } from '../../lib/defined.ts'
import { isRecord } from '../wire/text.ts'
import { answerJson, readMembers, refuse } from './answer-json.ts'
import type { Asking, Beginning, Runs } from './runs.ts'

const mostBytes = 16 * 1024 * 1024

/**
 * Where a program says what it was asked and what it answers: `POST /trace` with `{"input": …}` (and `"name"`,
 * `"version"` of its prompt, `"attributes"`) begins a run, `POST /trace/end` with `{"output": …}` (or `"error"`, a text) ends it. `GET /trace` gives `{"input": …}` where
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
    const input = runs.input(asking)
    answerJson(response, 200, input === undefined ? {} : { input })
    return
  }
  if (method !== 'POST' || (path !== '' && path !== '/end')) {
    refuse(response, path === '' || path === '/end' ? 405 : 404, 'GET or POST /trace, POST /trace/end.')
    return
  }
  const said = await readMembers(request, response, mostBytes)
  if (said === undefined) return
  const { input, name, version, attributes, output, error } = said
  if (path === '') {
    if (![name, version].every((one) => one === undefined || typeof one === 'string')) {
      refuse(response, 400, '"name" and "version" are texts.')
      return
    }
    if (attributes !== undefined && !isRecord(attributes)) {
      refuse(response, 400, '"attributes" is an object.')
      return
    }
    runs.begin({ ...asking, ...(defined({ input, name, version, attributes }) as Beginning) })
  } else {
    if (error !== undefined && typeof error !== 'string') {
      refuse(response, 400, '"error" is a text: what went wrong.')
      return
    }
    if (!runs.end(asking, defined({ output, error }))) {
      refuse(response, 404, 'No run is open: it begins with POST /trace, or with its first call.')
      return
    }
  }
  response.writeHead(204).end()
}
