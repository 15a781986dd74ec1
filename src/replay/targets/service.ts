import { spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { oneLine } from '../../lib/text.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { killGroup } from './program.ts'
import { askOverHttp } from './http-ask.ts'

/** How a service is started, and where it answers. */
export interface ServiceOptions {
  readonly command: readonly string[]
  readonly cwd: string | undefined
  /** The environment, whole. */
  readonly env: Readonly<Record<string, string>>
  /** Where it is asked; without `ready` it is ready once something listens there. */
  readonly url: URL
  /** Answers with a status of 2xx once the service is ready. */
  readonly ready: URL | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds it may take until it is ready. */
  readonly timeoutMs: number
  /** Is told at once when it ends. */
  readonly onEnd: () => void
}

/** A service that evalkit started. */
export interface Service {
  /** How it ended, where it did: `exit code 3: the last line it said on stderr`. Waits a moment for that. */
  ended(): Promise<string | undefined>
  /** Whether it has ended, as far as that was heard. */
  isOver(): boolean
  /** Ends it, and what it started. */
  close(): Promise<void>
}

/** Milliseconds between two looks whether it is ready. */
const pollMs = 25
/** Milliseconds a service has to end in good order. */
const graceMs = 2000
/** Milliseconds after a broken connection in which the end of its process is learned of. */
const learnMs = 500
/** Characters of stderr that are kept. */
const mostErrors = 4096

/**
 * Starts a service and waits until it is ready. Throws `EVK_TARGET_UNREACHABLE` where it cannot be started, ends before it
 * is ready, takes too long, or `signal` aborts.
 */
export async function startService(options: ServiceOptions, signal: AbortSignal): Promise<Service> {
  const { command, cwd, env, timeoutMs } = options
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  let end: string | undefined
  child.stderr.on('data', (bytes: Buffer) => {
    errors = `${errors}${bytes.toString('utf8')}`.slice(-mostErrors)
  })
  const closed = new Promise<void>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      end ??= `it cannot be started${cwd === undefined ? '' : ` in ${cwd}`}: ${error.code ?? error.message}`
      resolve()
    })
    child.on('close', (code, killed) => {
      const how = killed === null ? `exit code ${code}` : `killed by ${killed}`
      const last = oneLine(errors.trimEnd().split('\n').at(-1) ?? '', 300)
      end ??= last === '' ? how : `${how}: ${last}`
      options.onEnd()
      resolve()
    })
  })
  // Who is ended himself takes with him what he started, however that comes.
  const last = (): void => killGroup(child)
  process.once('exit', last)

  const service: Service = {
    isOver: () => end !== undefined,
    async ended() {
      if (end === undefined) await Promise.race([closed, pause(learnMs)])
      return end
    },
    async close() {
      if (end === undefined) {
        child.kill('SIGTERM')
        await Promise.race([closed, pause(graceMs)])
      }
      killGroup(child)
      if (child.pid !== undefined) await closed
      process.off('exit', last)
    },
  }
  try {
    const late = AbortSignal.timeout(timeoutMs)
    while (!(await isReady(options, AbortSignal.any([signal, late])))) {
      if (signal.aborted) throw unready(command, 'was not started: the run was stopped')
      if (end !== undefined) throw unready(command, `ended before it was ready (${end})`)
      if (late.aborted) throw unready(command, `was not ready after ${timeoutMs} ms`)
      await pause(pollMs)
    }
    // Something may listen there that is not this service.
    if (end !== undefined) throw unready(command, `ended before it was ready (${end})`)
    return service
  } catch (error) {
    await service.close()
    throw error
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Whether something listens at an address. */
export function listens({ hostname, port, protocol }: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) })
    const done = (answer: boolean) => (): void => {
      signal.removeEventListener('abort', gone)
      socket.destroy()
      resolve(answer)
    }
    const gone = done(false)
    signal.addEventListener('abort', gone, { once: true })
    socket.on('connect', done(true)).on('error', gone)
  })
}

async function isReady({ url, ready, headers }: ServiceOptions, signal: AbortSignal): Promise<boolean> {
  if (ready === undefined) return listens(url, signal)
  try {
    const { status } = await askOverHttp(ready, { method: 'GET', headers, signal })
    return status >= 200 && status < 300
  } catch {
    // Not yet.
    return false
  }
}

function unready([program = '']: readonly string[], why: string): EvalkitError {
  return new EvalkitError('EVK_TARGET_UNREACHABLE', `The service (${oneLine(program, 100)}) ${why}.`, {
    hint: 'Start it by hand, as `start` says it; `ready` is an address that answers once it can be asked.',
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
