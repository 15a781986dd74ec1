import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { evalkitTraces } from './evalkit-traces.ts'
import { sourceFrom } from './source.ts'

const [line = ''] = readFileSync(new URL('./evalkit-traces.sample.jsonl', import.meta.url), 'utf8').split(
  '\n',
)

it.each([
  [{ parent: 'elsewhere' }, 'a span lies in one that is not there'],
  [{ id: 's1' }, 'two of its spans have one id'],
])('a trace whose spans are no tree is skipped: %j', (change, reason) => {
  const trace = JSON.parse(line) as { spans: object[] }
  const spans = trace.spans.map((span, index) => (index === 1 ? { ...span, ...change } : span))
  const text = JSON.stringify({ ...trace, spans })
  expect([...evalkitTraces.read(sourceFrom('a.jsonl', new TextEncoder().encode(text)))]).toEqual([
    { problem: { action: 'skipped', at: 'line 1', reason } },
  ])
})
