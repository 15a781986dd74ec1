import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textMessage } from '../src/schema/message.ts'
import type { Span, Trace } from '../src/schema/trace.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { gather } from '../src/store/testing/gather.ts'
import { sampleTrace } from '../src/store/testing/samples.ts'
import { parseWhere } from '../src/store/where.ts'

/** A question, asked of how many spans, in how long: the median of five and the slowest. */
export interface QuestionMeasurement {
  readonly question: string
  readonly found: number
  readonly medianMs: number
  readonly worstMs: number
  /** The processor's time of the median, which others on the machine do not add to. */
  readonly cpuMs: number
}

/** What people ask, and what is hard: nothing found, nearly all, no index, words that are everywhere. */
const questions = [
  '',
  'tool=search',
  'tool=rare_tool',
  'tool=nobody',
  'tool~SEAR',
  'status=error',
  'error and cost>0.05',
  'cost>0.05 or duration>30s',
  'cost>9',
  'session=s_77',
  'user=u_5 and not tool=refund',
  'tool = refund and cost > 0.05 and status = error and any(span.tool = search and span.error)',
  'any(span.tool=search and span.duration>900ms)',
  'any(span.duration>100000)',
  'none(span.error) and model=large',
  'all(span.kind=llm)',
  'started>=2025-03-01 started<2025-03-02',
  '"luggage"',
  '"lost luggage"',
  'text~"everywhere luggage"',
  '"everywhere"',
  '"unheard of"',
  '"everywhere" and tool=rare_tool',
  'not "everywhere"',
] as const

/** Fills a store of its own with `traces` of 25 spans and asks it. Reports progress by `say`. */
export async function run(
  traces: number,
  say: (line: string) => void,
): Promise<readonly QuestionMeasurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'evalkit-bench-'))
  try {
    const file = join(folder, 'questions.db')
    const store = await openSqliteStore(file)
    const start = performance.now()
    const before = process.memoryUsage().rss
    await store.putTraces(made(traces))
    const seconds = (performance.now() - start) / 1000
    const megabytes = (statSync(file).size / 1e6).toFixed(0)
    const grown = ((process.memoryUsage().rss - before) / 1e6).toFixed(0)
    say(
      `${traces * 25} spans written in ${seconds.toFixed(1)} s (words included), ${megabytes} MB, ${grown} MB more memory`,
    )
    const measured: QuestionMeasurement[] = []
    for (const question of questions) {
      const times: number[] = []
      const cpu: number[] = []
      let found = 0
      for (let turn = 0; turn < 5; turn++) {
        const asked = performance.now()
        const worked = process.cpuUsage()
        found = (await gather(store.listTraces({ where: parseWhere(question), limit: 50 }))).length
        times.push(performance.now() - asked)
        const { user, system } = process.cpuUsage(worked)
        cpu.push((user + system) / 1000)
      }
      times.sort((a, b) => a - b)
      cpu.sort((a, b) => a - b)
      measured.push({ question, found, medianMs: times[2] ?? 0, worstMs: times[4] ?? 0, cpuMs: cpu[2] ?? 0 })
    }
    await store.close()
    return measured
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function* made(count: number): Generator<Trace> {
  for (let at = 0; at < count; at++) yield traceNumbered(at)
}

/** A trace of 12 turns, one after another in 2025; what is rare comes once in a thousand. */
function traceNumbered(at: number): Trace {
  const random = randomFrom(at)
  const failed = random() < 0.05
  const started = Date.UTC(2025, 0, 1) + at * 600_000
  const spans: Span[] = [
    { id: 's0', parent: null, name: 'support', kind: 'agent', status: failed ? 'error' : 'ok' },
  ]
  for (let turn = 0; turn < 12; turn++) {
    const tool =
      turn === 11 && at % 1000 === 0 ? 'rare_tool' : (['search', 'get_order', 'refund'][turn % 3] as string)
    const wrong = failed && random() < 0.2
    spans.push(
      {
        id: `l${turn}`,
        parent: 's0',
        name: 'chat',
        kind: 'llm',
        status: 'ok',
        durationMs: random() * 4000,
        request: { model: at % 4 === 0 ? 'small' : 'large', messages: [] },
        reply: {
          message: textMessage(
            'assistant',
            `turn ${turn} of ${at}: ${wordOf(random)} ${wordOf(random)} everywhere`,
          ),
          usage: { input: 900 + turn * 100, cacheRead: 0, cacheWrite: 0, output: 40 },
          costUsd: random() * 0.01,
        },
      },
      {
        id: `t${turn}`,
        parent: 's0',
        name: tool,
        kind: 'tool',
        status: wrong ? 'error' : 'ok',
        durationMs: random() * 1000,
        request: { name: tool, arguments: { query: wordOf(random), order: `W${at}` } },
        reply: { response: { items: [wordOf(random), wordOf(random)] }, isError: wrong },
      },
    )
  }
  const said = at % 500 === 0 ? 'I lost luggage' : at % 50 === 0 ? 'my luggage is lost' : 'a question'
  return sampleTrace({
    id: `t_${at.toString(16).padStart(8, '0')}`,
    name: 'support',
    startedAt: new Date(started).toISOString(),
    durationMs: random() * 40_000,
    status: failed ? 'error' : 'ok',
    session: `s_${Math.floor(at / 4)}`,
    user: `u_${at % 997}`,
    versions: { prompt: `v${Math.floor(at / 5000)}` },
    tags: at % 10 === 0 ? ['vip'] : [],
    usage: { input: 12_000, cacheRead: 0, cacheWrite: 0, output: 480 },
    costUsd: random() * 0.1,
    input: said,
    spans,
  })
}

function wordOf(random: () => number): string {
  return `word${Math.floor(random() ** 2 * 5000)}`
}

/** mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c): the same traces each time. */
function randomFrom(seed: number): () => number {
  let state = seed + 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

if (import.meta.main) {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  for (const { question, found, medianMs, worstMs, cpuMs } of await run(
    Number(process.argv[2] ?? 40_000),
    say,
  )) {
    say(
      `${cpuMs.toFixed(1).padStart(8)} ms cpu ${medianMs.toFixed(1).padStart(8)} ms ${worstMs.toFixed(1).padStart(8)} ms  ${String(found).padStart(3)}  ${question}`,
    )
  }
}
