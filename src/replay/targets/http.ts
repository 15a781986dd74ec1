import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import * as z from 'zod'
import { contentHash } from '../../lib/hash.ts'
import { copyJson, jsonCopy, readJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { DeepReadonly, Json } from '../../schema/json.ts'
import { recordFrom } from '../../schema/read.ts'
import { upstreamsOf } from '../../tap/servers/providers.ts'
import { contextTap, type Tap, TapAborted } from '../../tap/tap.ts'
import { asTarget, type PlayContext, type Target } from '../target.ts'
import { guardedEnvironment } from '../world/guarded-environment.ts'
import { askOverHttp, type HttpAnswer, NotReached } from './http-ask.ts'
import { playedTrials } from './played-trials.ts'
import { bareEnvironment, scriptsIn } from './program.ts'
import { freePort, listens, type Service, startService } from './service.ts'
import { oneAtATime, sharing } from './sharing.ts'

/** Stands in addresses for a port that was free when evalkit started the service; the service has it in `PORT`. */
const portMark = '{port}'

const address = z.string().refine(
  (text) => {
    const url = URL.parse(text.replaceAll(portMark, '1'))
    return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  },
  { error: 'expected an address, such as http://127.0.0.1:3000/answer, without a password' },
)

/** How a service is asked, and how it is started. */
export const httpSettings = z
  .strictObject({
    /** Where it is asked. `{port}` in it is a free port, where evalkit starts the service. */
    url: address,
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST'),
    headers: z.record(z.string(), z.string()).default({}),
    /** What of a case's input is sent as JSON. Default: the input. */
    request: z
      .custom<HttpRequestOf>((value) => typeof value === 'function', 'expected a function')
      .optional(),
    /** What of the answer is the output. Default: all of it, JSON where its content type says so, else the text. */
    output: z.custom<HttpOutputOf>((value) => typeof value === 'function', 'expected a function').optional(),
    /**
     * The service hands the header `x-evalkit-trace` (or W3C `baggage` or `traceparent`) it is asked with on to its model
     * and its tools: trials may run beside each other. Default: it need not, and one trial is played at a time.
     */
    concurrent: z.boolean().default(false),
    /**
     * The port of this machine at which models and tools are answered: where the service was told that they are. Default:
     * 4141; any that is free where evalkit starts the service.
     */
    tapPort: z.number().int().min(1).max(65_535).optional(),
    /** Upstreams (`name=https://address`) as they were when it was recorded, as for `commandTarget`. */
    upstreams: z.array(z.string()).default([]),
    /** How evalkit starts the service: once for all trials of a run. Left out: it runs already. */
    start: z
      .strictObject({
        /** The program and its arguments; no shell reads them. */
        command: z.array(z.string().min(1)).min(1),
        /** The folder it runs in. Default: where evalkit runs. */
        cwd: z.string().optional(),
        /** Added to its environment, which is otherwise bare. */
        env: z.record(z.string(), z.string()).default({}),
        /** Further files it is made of: if they change, it is another agent. */
        files: z.array(z.string()).default([]),
        /** An address that answers with 2xx once it is ready. Default: something listens at `url`. */
        ready: address.optional(),
        /** Milliseconds it may take until it is ready. */
        timeoutMs: z.number().int().positive().max(600_000).default(30_000),
      })
      .optional(),
    /** What says that it is another agent now, where evalkit cannot see its files: a commit, a version. */
    version: z.string().optional(),
    /** What it is called. Default: its script's name, or where it is asked. */
    name: z.string().min(1).optional(),
  })
  .refine(({ url, start }) => start !== undefined || !url.includes(portMark), {
    path: ['url'],
    error: `${portMark} is for services that evalkit starts: say how in "start"`,
  })
export type HttpSettings = DeepReadonly<Omit<z.input<typeof httpSettings>, 'request' | 'output'>> & {
  readonly request?: HttpRequestOf
  readonly output?: HttpOutputOf
}
/** What is sent for a case. */
export type HttpRequestOf = (input: Json, context: Pick<PlayContext, 'case' | 'trial'>) => unknown
/** What of an answer is the output; `body` is `undefined` where there was none. */
export type HttpOutputOf = (body: Json | undefined) => unknown

/** Where a running service is recorded with `evalkit proxy` as the docs say it, so that it need not be told anew. */
const defaultTapPort = 4141
const reachMs = 3000

/** Our own errands are no part of the agent: they run as if no trial were under way. */
const outside = AsyncLocalStorage.snapshot()

/**
 * A service as a target: it is sent a case's input as JSON, and its answer is the output. A status other than 2xx is a
 * failure of the agent. It finds models and tools at a server of evalkit's on this machine, as a program that `evalkit
 * record` runs does (`ANTHROPIC_BASE_URL`, `OPENAI_BASE_URL`, `EVALKIT_TOOL_URL`, `EVALKIT_MCP_URL`), and is answered
 * from the recording of the very trial it was asked in. Throws `EVK_EVAL_INVALID` on wrong settings; a run of it throws
 * `EVK_TARGET_UNREACHABLE` where the service is not there or cannot be started.
 *
 * @example
 * target: httpTarget({ url: 'http://127.0.0.1:{port}/answer', start: { command: ['node', 'server.ts'] } })
 */
export function httpTarget(input: HttpSettings): Target {
  const settings: Settings = recordFrom(httpSettings, input, {}, 'httpTarget', 'EVK_EVAL_INVALID')
  upstreamsOf({}, settings.upstreams)
  const { start, concurrent } = settings
  const files = start === undefined ? {} : scriptsIn([...start.command, ...start.files], start.cwd ?? '.')
  const hold = sharing((signal: AbortSignal) => openService(settings, signal))
  const turn = oneAtATime()
  return asTarget({
    kind: 'http',
    name: nameOf(settings, Object.keys(files)[0]),
    versions: { code: codeHash(settings, files) },
    ...(concurrent ? {} : { concurrency: 1 }),
    async open(signal) {
      const { release } = await outside(hold, signal)
      return release
    },
    async play(given, context) {
      const { signal } = context
      signal.throwIfAborted()
      const tap = contextTap()
      if (tap === undefined) throw new TapAborted('A service plays under a tap only.')
      return outside(async () => {
        const { value: opened, release } = await hold(new AbortController().signal)
        try {
          const over = concurrent ? (): void => undefined : await turn(signal)
          try {
            return await opened.play(given, tap, context)
          } finally {
            over()
          }
        } finally {
          await release()
        }
      })
    },
  })
}

type Settings = z.output<typeof httpSettings>

interface OpenedService {
  play(given: Json, tap: Tap, context: PlayContext): Promise<Json | undefined>
  close(): Promise<void>
}

/** Opens what all trials of a run share: the server that answers the service, and the service where it is ours. */
async function openService(settings: Settings, signal: AbortSignal): Promise<OpenedService> {
  const { start, headers, concurrent } = settings
  const providers = upstreamsOf({}, settings.upstreams)
  const prefix = `evalkit-${randomBytes(6).toString('hex')}`
  const trials = playedTrials({ prefix, named: concurrent })
  // Only here: eval files of other targets need no server.
  const { openEndpoint } = await import('../../tap/servers/endpoint.ts')
  const endpoint = await openEndpoint({
    upstreams: providers.upstreams,
    runs: trials.runs,
    stray: trials.stray,
    port: settings.tapPort ?? (start === undefined ? defaultTapPort : 0),
  }).catch((cause: unknown) => {
    throw taken(cause, settings.tapPort ?? defaultTapPort)
  })
  const port = String(start === undefined ? 0 : await freePort())
  const at = (text: string): URL => new URL(text.replaceAll(portMark, port))
  const url = at(settings.url)
  let service: Service | undefined
  let isStale = false
  let underWay = 0
  /** Trials that were under way when the service ended. */
  let bereft = 0
  let readied: Promise<void> = Promise.resolve()

  /** Starts the service where it does not run: at first, after it ended, or after a trial that it may still be at. */
  async function ready(until: AbortSignal): Promise<void> {
    if (start === undefined || (service !== undefined && !isStale && !service.isOver())) return
    await service?.close()
    service = undefined
    isStale = false
    const { command, cwd, env, timeoutMs } = start
    service = await startService(
      {
        command: command.map((word) => word.replaceAll(portMark, port)),
        cwd,
        env: guardedEnvironment(
          {
            ...bareEnvironment(endpoint.origin),
            ...providers.variables(endpoint.origin),
            EVALKIT_MCP_URL: `${endpoint.origin}/mcp`,
            PORT: port,
            ...env,
          },
          endpoint.origin,
        ),
        url,
        ready: start.ready === undefined ? undefined : at(start.ready),
        headers,
        timeoutMs,
        onEnd: () => (bereft = underWay),
      },
      until,
    )
  }

  /** One after the other, so that it is started once. */
  function readyInTurn(until: AbortSignal): Promise<void> {
    const next = readied.catch(() => undefined).then(() => ready(until))
    readied = next
    return next
  }

  /** Ports are others in each run; what is said of a run is not. */
  const steady = (text: string): string =>
    oneLine(text, 300).replaceAll(endpoint.origin, '$EVALKIT_URL').replaceAll(url.origin, '$URL')

  async function failureOf(error: unknown): Promise<unknown> {
    const ended = await service?.ended()
    if (ended !== undefined) {
      const what = `the service ended (${steady(ended)})`
      // Whose call it was that it could not bear, nobody can say where several were under way.
      if (bereft === 1) return new Error(what)
      return new EvalkitError('EVK_TARGET_UNREACHABLE', `While ${bereft} trials were under way, ${what}.`)
    }
    return error instanceof NotReached ? unreachable(url, error.message) : error
  }

  const opened: OpenedService = {
    async play(given, tap, context) {
      await readyInTurn(context.signal)
      const trial = trials.begin({ tap, input: given, tools: context.recordedSettings.tools ?? [] })
      underWay++
      let answer: HttpAnswer
      try {
        answer = await askOverHttp(url, {
          method: settings.method,
          headers: {
            accept: 'application/json, */*;q=0.5',
            'content-type': 'application/json',
            ...lowerCase(headers),
            ...trial.headers,
          },
          body: bodyFor(settings, given, context),
          signal: context.signal,
        }).catch(async (error: unknown) => {
          throw context.signal.aborted ? error : await failureOf(error)
        })
      } finally {
        underWay--
        const cutOff = context.signal.aborted
        // Without a name nobody could tell what it still asks from what the next trial asks.
        isStale ||= cutOff && !concurrent
        trial.over({ cutOff })
      }
      const { status, text } = answer
      const end = trial.end()
      if (status < 200 || status > 299) {
        throw new Error(text.trim() === '' ? `status ${status}` : `status ${status}: ${steady(text)}`)
      }
      if (end?.error !== undefined) throw new Error(end.error)
      return end?.output ?? outputOf(settings, answer)
    },
    async close() {
      await readied.catch(() => undefined)
      await service?.close()
      await endpoint.close()
    },
  }
  try {
    await readyInTurn(signal)
    const there = AbortSignal.any([signal, AbortSignal.timeout(reachMs)])
    if (!(await listens(url, there))) throw unreachable(url, 'nothing listens there')
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

function bodyFor({ request }: Settings, given: Json, { case: one, trial }: PlayContext): string {
  const sent = request === undefined ? given : request(copyJson(given), { case: copyJson(one), trial })
  const body = JSON.stringify(sent) as string | undefined
  if (body === undefined) throw new TypeError('`request` gave nothing that JSON can say.')
  return body
}

function outputOf({ output }: Settings, { type, text }: HttpAnswer): Json | undefined {
  let body: Json | undefined = text === '' ? undefined : text
  if (text !== '' && /^application\/(?:[^/]+\+)?json$/.test(type)) {
    const read = readJson(text)
    if (!read.ok) throw new Error('it answered with JSON that cannot be read')
    body = read.value as Json
  }
  if (output === undefined) return body
  const chosen = output(body)
  return chosen === undefined ? undefined : (jsonCopy(chosen) as Json)
}

function nameOf({ name, url, start }: Settings, script: string | undefined): string {
  if (name !== undefined) return name
  if (start !== undefined) return basename(script ?? start.command[0] ?? '')
  const { hostname, pathname } = new URL(url)
  return `${hostname}${pathname.replace(/\/$/, '')}`
}

/** What of it makes it another agent: how it is asked, and what it is made of as far as that can be seen. */
function codeHash({ url, method, request, output, start, version }: Settings, files: object): string {
  const { pathname, search } = new URL(url.replaceAll(portMark, '1'))
  return contentHash({
    path: `${pathname}${search}`,
    method,
    request: request?.toString() ?? null,
    output: output?.toString() ?? null,
    command: start?.command ?? null,
    files,
    version: version ?? null,
  })
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function unreachable(url: URL, why: string): EvalkitError {
  return new EvalkitError('EVK_TARGET_UNREACHABLE', `The service at ${url.origin} cannot be reached: ${why}.`)
}

/** A port that is taken is not a matter of the command line here. */
function taken(cause: unknown, port: number): unknown {
  if (!EvalkitError.is(cause)) return cause
  return new EvalkitError('EVK_TARGET_UNREACHABLE', `No service could reach evalkit: ${cause.message}`, {
    hint: `Does another run, or evalkit proxy, use port ${port}? \`tapPort\` names another.`,
    cause,
  })
}
