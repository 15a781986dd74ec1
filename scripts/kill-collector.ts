import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jsonRequest, spansOf, traceIdOf } from '../src/collect/testing/spans.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'

/**
 * `node scripts/kill-collector.ts [times]`: kills `evalkit collect` under load with SIGKILL, again and again, and then
 * counts: every acknowledged span has to be in the store, once. Clients send again what was not acknowledged, as exporters
 * do, so spans also come twice; half of the runs come in two requests, some of them late, so that kills fall between them.
 */
export interface Killed {
  readonly times: number
  /** Traces of which every span was acknowledged. */
  readonly traces: number
  /** What is wrong with the store; empty where nothing is. */
  readonly wrong: readonly string[]
}

const clients = 8

export async function killCollector(
  times: number,
  program: readonly [command: string, ...args: string[]],
): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'kill-collector-'))
  try {
    return await killedIn(folder, times, program)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function killedIn(
  folder: string,
  times: number,
  program: readonly [command: string, ...args: string[]],
): Promise<Killed> {
  let origin: string | undefined
  let stopped = false
  let next = 0
  let acknowledged = 0
  const send = async (body: string): Promise<void> => {
    for (;;) {
      const answered = origin === undefined ? undefined : await post(`${origin}/v1/traces`, body)
      if (answered === 200) {
        acknowledged++
        return
      }
      await later(10)
    }
  }
  const client = async (): Promise<void> => {
    while (!stopped) {
      const run = next++
      const spans = spansOf(run)
      const cut = run % 2 === 0 ? spans.length : 1 + (run % 3)
      await send(JSON.stringify(jsonRequest(spans.slice(0, cut))))
      // Of some, the second half comes late: when the trace was closed, perhaps by a process that was killed since.
      if (run % 6 === 5) await later(1200)
      if (cut < spans.length) await send(JSON.stringify(jsonRequest(spans.slice(cut))))
    }
  }
  const working = Array.from({ length: clients }, client)
  for (let time = 0; time < times; time++) {
    const collector = await started(folder, program)
    ;({ origin } = collector)
    const before = acknowledged
    // Kills fall everywhere: while requests are kept, while traces are closed, and right after the start.
    while (acknowledged < before + 3 + (time % 5) * 4) await later(2)
    await later((time * 37) % 400)
    origin = undefined
    await ended(collector.child, 'SIGKILL')
  }
  stopped = true
  const last = await started(folder, program)
  ;({ origin } = last)
  await Promise.all(working)
  await ended(last.child, 'SIGTERM')
  return { times, traces: next, wrong: await wrongIn(join(folder, 'store.db'), next) }
}

async function wrongIn(path: string, runs: number): Promise<readonly string[]> {
  const store = await openSqliteStore(path)
  const found = new Map<string, number[]>()
  for await (const { id } of store.listTraces({ where: [] })) {
    const { attributes, spans } = await store.getTrace(id)
    const of = JSON.stringify(attributes['otlp.trace_id'])
    found.set(of, [...(found.get(of) ?? []), spans.length])
  }
  await store.close()
  const wanted = Array.from({ length: runs }, (_, run) => traceIdOf(run))
  return wanted.flatMap((id) => {
    const spans = found.get(JSON.stringify(id)) ?? []
    if (spans.length === 1 && spans[0] === 4) return []
    return [
      `trace ${id} is in the store ${spans.length} times, with ${spans.join(' and ') || 'no'} spans of 4`,
    ]
  })
}

async function started(
  folder: string,
  [command, ...args]: readonly [command: string, ...args: string[]],
): Promise<{ readonly child: ChildProcess; readonly origin: string }> {
  const child = spawn(
    command,
    [
      ...args,
      'collect',
      '--otlp',
      '--port',
      '0',
      '--idle',
      '300ms',
      '--store',
      'store.db',
      '--inbox',
      'inbox',
      '--json',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')))
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      const [, origin] = /"origin": "([^"]+)"/.exec(said) ?? []
      if (origin !== undefined) resolve({ child, origin })
    })
    child.once('exit', () => reject(new Error(`the collector ended: ${errors.slice(-2000)}`)))
  })
}

function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

async function post(url: string, body: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    // Killed under it: whether it was kept nobody knows, so it is sent again.
    return undefined
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

if (import.meta.main) {
  const times = Number(process.argv[2] ?? 50)
  const launcher = join(import.meta.dirname, '..', 'bin', 'evalkit.mjs')
  const { traces, wrong } = await killCollector(times, [process.execPath, launcher])
  for (const what of wrong) console.log(what)
  console.log(`killed ${times} times: ${traces} traces acknowledged, ${wrong.length} of them wrong`)
  process.exit(wrong.length === 0 ? 0 : 1)
}
