import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { readFixture, writeFixture } from '../../src/dataset/fixture-file.ts'
import { promote } from '../../src/dataset/promote.ts'
import { folderWith } from '../../src/dataset/testing/folder.ts'
import { jsonDifferences } from '../../src/lib/json-diff.ts'
import type { Trace } from '../../src/schema/trace.ts'
import { fetch as tapped } from '../../src/tap/fetch.ts'
import { tool } from '../../src/tap/function.ts'
import { modelServer } from './support/model-server.ts'
import { recorded, replayed } from './support/sessions.ts'

/** How long each call takes, in the order of calls, and how many were answered. */
let waits: number[] = []
let answered = 0

const getOrder = tool({ name: 'get_order' }, async ({ order }: { order: string }) => {
  await new Promise((resolve) => setTimeout(resolve, waits.shift()))
  return { order, status: 'sent', nth: ++answered }
})

/** Records an agent with a model on this machine: it looks an order up, twice at once, and asks. */
async function run(id: string, took: readonly number[] = [0, 0]): Promise<Trace> {
  waits = [...took]
  answered = 0
  await using server = await modelServer(() => ({
    headers: { 'content-type': 'application/json' },
    chunks: [
      '{"id":"c_1","choices":[{"index":0,"message":{"role":"assistant","content":"Sent."},"finish_reason":"stop"}]}',
    ],
  }))
  const client = new OpenAI({ apiKey: 'x', baseURL: `${server.origin}/v1`, fetch: tapped })
  const { trace } = await recorded(() => agent(client), { id, input: 'Where is W1?' })
  return trace
}

async function agent(client: OpenAI): Promise<unknown> {
  const found = await Promise.all([getOrder({ order: 'W1' }), getOrder({ order: 'W1' })])
  return client.chat.completions.create({
    model: 'gpt-shop',
    messages: [{ role: 'user', content: JSON.stringify(found) }],
  })
}

/** The file that a trace is promoted to, and the folder it stands in. */
function promoted(trace: Trace, folder = folderWith()): { text: string; folder: string } {
  writeFixture(folder, promote(trace, 'desk', {}, 'orders').fixture)
  return { text: readFileSync(join(folder, 'desk/orders.json'), 'utf8'), folder }
}

describe('recording again what did not change', () => {
  it('the same trace again leaves the same bytes, also beside what is there', async () => {
    const trace = await run('t_one')
    const first = promoted(trace)
    expect(promoted(trace).text).toBe(first.text)
    const { fixture } = readFixture(first.folder, 'desk', 'orders')
    const again = promote(trace, 'desk', { fixture, case: promote(trace, 'desk', {}, 'orders').case })
    expect(again.change).toBe('unchanged')
    writeFixture(first.folder, again.fixture)
    expect(readFileSync(join(first.folder, 'desk/orders.json'), 'utf8')).toBe(first.text)
  })

  it('another recording of the same run differs by its id and its times, and by nothing else', async () => {
    const [first, second] = [promoted(await run('t_one')), promoted(await run('t_two'))]
    const differences = jsonDifferences(JSON.parse(first.text), JSON.parse(second.text), 1000)
    const others = differences.filter(({ path }) => !/\.(?:startedAt|durationMs|firstByteMs)$/.test(path))
    expect(others).toEqual([{ path: 'recordings[0].trace', expected: 't_one', got: 't_two' }])
    expect(second.text.split('\n')).toHaveLength(first.text.split('\n').length)
  })
})

it('calls that are the same, made at once, are served in the order they were made, whichever came back first', async () => {
  const trace = await run('t_one', [20, 1])
  const client = new OpenAI({ apiKey: 'x', baseURL: 'http://127.0.0.1:9/v1', fetch: tapped })
  const replies = trace.spans.flatMap((span) => (span.kind === 'tool' ? [span.reply?.response] : []))
  expect(replies).toMatchObject([{ nth: 2 }, { nth: 1 }])
  const { player } = await replayed(trace, () => agent(client))
  expect(player.aborted()).toBeUndefined()
  expect(player.fidelity()).toEqual({ share: 1, steps: 3, counts: { exact: 3 } })
  expect(answered).toBe(2)
})
