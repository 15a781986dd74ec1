import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { SpoolRecord } from '../../schema/spool.ts'
import type { Trace } from '../../schema/trace.ts'
import { type Collector, startCollector } from '../testing/collector.ts'
import { recordSink, traceSink } from './function.ts'
import { otlpSink } from './otlp.ts'
import { recordsFromOtlp } from './testing/otlp-read.ts'
import { type Behind, describeSink, endedIn, type Mood, toldIn } from './sink.contract.ts'
import { spoolSink } from './spool.ts'

describeSink('spool', ['gone'], async () => {
  const root = await mkdtemp(join(tmpdir(), 'spool-'))
  const dir = join(root, 'spool')
  const read = (): SpoolRecord[] =>
    fs
      .readdirSync(dir)
      .flatMap((name) => fs.readFileSync(join(dir, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SpoolRecord)
  return {
    sink: spoolSink({ dir, pid: 1, startedAt: 0, random: 'r' }),
    arrived: async () => endedIn(read()),
    told: async () => toldIn(read()),
    async turn(mood) {
      if (mood === 'fine') await rm(dir)
      else {
        await rm(dir, { recursive: true })
        fs.writeFileSync(dir, 'in the way')
      }
    },
    dispose: () => rm(root, { recursive: true }),
  }
})

/** A function that does as it is told. */
function moody(): { readonly take: () => Promise<void>; readonly turn: (mood: Mood) => void } {
  let mood: Mood = 'fine'
  let release: (() => void)[] = []
  return {
    async take() {
      if (mood === 'failing' || mood === 'gone') throw new Error('no')
      if (mood === 'slow') await after(2)
      if (mood === 'hanging') await new Promise<void>((resolve) => release.push(resolve))
    },
    turn(next) {
      mood = next
      if (next !== 'fine') return
      for (const resolve of release) resolve()
      release = []
    },
  }
}

const functionMoods = ['slow', 'failing', 'hanging'] as const

describeSink('function, records', functionMoods, async (): Promise<Behind> => {
  const records: SpoolRecord[] = []
  const { take, turn } = moody()
  return {
    sink: recordSink(async (record) => {
      await take()
      records.push(record)
    }),
    arrived: async () => endedIn(records),
    told: async () => toldIn(records),
    turn,
    dispose: async () => undefined,
  }
})

describeSink('function, traces', functionMoods, async (): Promise<Behind> => {
  const traces: Trace[] = []
  const { take, turn } = moody()
  return {
    sink: traceSink(async (trace) => {
      await take()
      traces.push(trace)
    }),
    arrived: async () => traces.filter(({ ended }) => ended !== 'unfinished').map(({ id }) => id),
    told: async () =>
      traces.reduce(
        (sum, { attributes: { 'evalkit.dropped': lost = 0, 'evalkit.dropped_before': before = 0 } }) =>
          sum + Number(lost) + Number(before),
        0,
      ),
    turn,
    dispose: async () => undefined,
  }
})

describeSink('otlp', ['slow', 'failing', 'hanging', 'gone'], async (): Promise<Behind> => {
  const collector: Collector = await startCollector()
  const records = (): readonly SpoolRecord[] => recordsFromOtlp(collector.spans())
  return {
    sink: otlpSink({
      endpoint: collector.url,
      fetch: globalThis.fetch,
      now: () => Date.now(),
      backOffMs: 5,
    }),
    arrived: async () => endedIn(records()),
    told: async () => toldIn(records()),
    async turn(mood) {
      if (mood === 'gone') return collector.reset(true)
      collector.reset(false)
      collector.answer(
        mood === 'failing'
          ? { status: 500 }
          : mood === 'slow'
            ? { status: 200, afterMs: 10 }
            : mood === 'hanging'
              ? 'hang'
              : { status: 200 },
      )
    },
    dispose: () => collector.close(),
  }
})
