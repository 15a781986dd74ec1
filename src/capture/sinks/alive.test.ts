import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { startCollector } from '../testing/collector.ts'
import { runOf } from '../testing/records.ts'

/** An agent that records a run to a sink, says that it is done, and has nothing left to do. */
function agentWith(sink: string, last = ''): string {
  const from = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)))
  return `
    const { createQueue } = await import(${from('../queue.ts')})
    const { otlpSink } = await import(${from('otlp.ts')})
    const { quietFetch } = await import(${from('quiet-fetch.ts')})
    const { recordSink } = await import(${from('function.ts')})
    const queue = createQueue({ sink: ${sink}, now: () => performance.now() })
    for (const record of ${JSON.stringify(runOf('t_1'))}) queue.add(() => record, 100)
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.stdout.write(JSON.stringify({ done: Date.now(), counts: queue.counts() }))
    ${last}
  `
}

async function run(program: string): Promise<{ readonly code: number | null; readonly lingered: number }> {
  const flags = process.features.typescript ? [] : ['--experimental-strip-types', '--no-warnings']
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString()
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const { done, counts } = JSON.parse(said) as { done: number; counts: { queued: number } }
  // Else the sink did not hang, and nothing is shown.
  expect(counts.queued).toBe(4)
  return { code, lingered: Date.now() - done }
}

describe('a process that is done', () => {
  it('ends at once though the collector hangs', async () => {
    const collector = await startCollector()
    collector.answer('hang')
    const url = JSON.stringify(collector.url)
    const sink = `otlpSink({ endpoint: ${url}, fetch: quietFetch, now: Date.now })`
    const { code, lingered } = await run(agentWith(sink))
    expect(collector.requests).toHaveLength(1)
    expect(code).toBe(0)
    expect(lingered).toBeLessThan(5000)
    await collector.close()
  }, 20_000)

  it('ends at once though the user’s function hangs', async () => {
    const { code, lingered } = await run(agentWith('recordSink(() => new Promise(() => {}))'))
    expect(code).toBe(0)
    expect(lingered).toBeLessThan(5000)
  }, 20_000)

  it('comes to its end where it waits for a flush that cannot be', async () => {
    const hangs = 'recordSink(() => new Promise(() => {}))'
    const { code } = await run(agentWith(hangs, 'await queue.flush(100)'))
    expect(code).toBe(0)
  }, 20_000)
})
