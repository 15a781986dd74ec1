import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import type { Needed } from '../../collect/collector.ts'
import type { Receiver, ReceiverCounters } from '../../collect/receiver.ts'
import { defined } from '../../lib/defined.ts'
import { plain } from '../../lib/text.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Io, outJson } from '../io.ts'
import { collect, type CommonOptions, withCommonOptions, withProject } from '../project.ts'
import { redactorOf } from '../redactor.ts'
import { lockReferences } from '../reference-lock.ts'
import { traceReferences } from '../trace-references.ts'
import { durationIn, portIn, untilAborted } from './proxy.ts'

interface Options extends CommonOptions {
  readonly otlp?: boolean
  readonly port: string
  readonly host?: string
  readonly allowHost?: readonly string[]
  readonly token?: string
  readonly idle: string
  readonly inbox: string
}

/** Traces are made side by side, and written one after the other. */
const mostThreads = 4

/** How often it is looked which traces are over (ms). */
const tickMs = 500

export function command(io: Io): Command {
  return withCommonOptions(
    new Command('collect')
      .description('Receives traces of agents over OTLP/HTTP until Ctrl-C, and puts them into the store.')
      .option('--otlp', 'OpenTelemetry traces and logs, in protobuf and JSON')
      .option('--port <port>', 'where to listen; 0: any that is free', '4318')
      .option('--host <address>', 'the address to listen on (default: 127.0.0.1, this machine only)')
      .option('--allow-host <name>', 'a name under which others reach it (with --host)', collect)
      .option(
        '--token <token>',
        'what clients must send as Authorization: Bearer (also EVALKIT_COLLECT_TOKEN)',
      )
      .option('--idle <time>', 'silence after which a trace without a root is over (500ms, 30s, 5m)', '30s')
      .option('--inbox <folder>', 'where requests are kept until their traces are stored', '.evalkit/inbox'),
  )
    .addHelpText(
      'after',
      `
Example:
  evalkit collect --otlp
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node agent.js`,
    )
    .action((options: Options) => receive(io, options))
}

async function receive(io: Io, options: Options): Promise<void> {
  if (options.otlp !== true) {
    throw new EvalkitError('EVK_USAGE', 'Say what to collect: --otlp.')
  }
  const port = portIn(options.port)
  const idleMs = durationIn(options.idle)
  const { host, allowHost: names } = options
  const token = options.token ?? io.env['EVALKIT_COLLECT_TOKEN']
  if (host !== undefined && !isLoopback(host) && (token === undefined || token === '')) {
    throw new EvalkitError('EVK_USAGE', `Others reach ${host.slice(0, 80)}: a token is needed there.`, {
      hint: 'Name one with --token or EVALKIT_COLLECT_TOKEN.',
    })
  }
  await withProject(io, options, async (project) => {
    const { config, path } = project
    const { openCollector } = await import('../../collect/collector.ts')
    const { openReceiver } = await import('../../collect/receiver.ts')
    const { openRequestFolder } = await import('../../collect/requests.ts')
    const { lockInbox } = await import('../../collect/inbox-lock.ts')
    const { openMakerThreads } = await import('../../collect/maker-thread.ts')
    const folder = path(options.inbox)
    using _lock = await lockInbox(folder)
    const requests = await openRequestFolder(folder, io.now, io.random)
    const threads = Math.min(mostThreads, availableParallelism())
    await using maker = await openMakerThreads(
      { store: project.storeFile, folder, prices: config.prices },
      threads,
    )
    // An old version of a trace that a dataset, a label or a run names stays.
    const needed = async (): Promise<Needed> => {
      const lock = await lockReferences(project, 'alone')
      const release = (): void => lock[Symbol.dispose]()
      const references = await traceReferences(project).catch((error: unknown) => {
        release()
        throw error
      })
      return { has: (trace) => references.has(trace), [Symbol.dispose]: release }
    }
    const collector = await openCollector({ folder, requests, now: io.now, maker, needed, idleMs })
    const receiver = await openReceiver({
      collector,
      redactor: redactorOf(io, config),
      port,
      ...defined({ host, names, token: token === '' ? undefined : token }),
    })
    if (options.json === true) outJson(io, { origin: receiver.origin })
    else io.out(`${receiver.origin}\n`)
    io.err('evalkit: collecting until Ctrl-C\n')
    let told = ''
    const tick = (): Promise<void> =>
      collector
        .tick()
        .then(() => maker.packWhenQuiet())
        .catch((error: unknown) => {
          // What failed is tried again; a person wants to know once.
          const what = error instanceof Error ? error.message : String(error)
          if (what !== told) io.err(`evalkit: cannot store traces, trying again: ${plain(what)}\n`)
          told = what
        })
    const timer = setInterval(() => void tick(), tickMs)
    try {
      const died = await Promise.race([untilAborted(io.signal), maker.died])
      if (died !== undefined) throw died
    } finally {
      clearInterval(timer)
      await receiver.close()
    }
    await collector.drain()
    await maker.packAll()
    io.err(summary(receiver))
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function summary(receiver: Receiver): string {
  const counters: ReceiverCounters = receiver.counters()
  const { requests, spans, logs, traces, reopened, rejected, unmade, refused } = counters
  const turned = Object.entries(refused).map(([status, count]) => `${count} answered with ${status}`)
  const more = [
    ...(reopened > 0 ? [`${reopened} made anew by late spans`] : []),
    ...(rejected > 0 ? [`${rejected} spans and logs rejected`] : []),
    ...(unmade > 0 ? [`${unmade} traces that could not be made`] : []),
    ...turned,
  ]
  const rest = more.length === 0 ? '' : `, ${more.join(', ')}`
  return `evalkit: ${requests} requests, ${spans} spans, ${logs} logs, ${traces} traces${rest}\n`
}
