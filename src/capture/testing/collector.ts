import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { OtlpSpan } from '../sinks/otlp-span.ts'

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly afterMs?: number
}

/** An OpenTelemetry collector on loopback that does as it is told. */
export interface Collector {
  readonly url: string
  readonly requests: { readonly at: number; readonly path: string; readonly headers: IncomingHttpHeaders }[]
  /** Requests whose spans were accepted, as they came. */
  readonly accepted: { readonly resourceSpans: readonly ResourceSpans[] }[]
  spans(): readonly OtlpSpan[]
  /** How it answers from now on; of several, one each, and the last one for good. `hang`: never. */
  answer(...answers: readonly (Answer | 'hang' | 'reset')[]): void
  /** Breaks every connection from now on. */
  reset(on: boolean): void
  close(): Promise<void>
}

interface ResourceSpans {
  readonly resource: { readonly attributes: readonly unknown[] }
  readonly scopeSpans: readonly {
    readonly scope: { readonly name: string }
    readonly spans: readonly OtlpSpan[]
  }[]
}

export async function startCollector(): Promise<Collector> {
  let answers: readonly (Answer | 'hang' | 'reset')[] = [{ status: 200 }]
  let broken = false
  const requests: Collector['requests'] = []
  const accepted: Collector['accepted'] = []
  const server = createServer((request, response) => {
    if (broken) {
      request.socket.resetAndDestroy()
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ at: Date.now(), path: request.url ?? '', headers: request.headers })
      const [answer, ...later] = answers
      if (later.length > 0) answers = later
      if (answer === undefined || answer === 'hang') return
      if (answer === 'reset') {
        request.socket.resetAndDestroy()
        return
      }
      const { status, headers = {}, body = '{}', afterMs = 0 } = answer
      if (status === 200) {
        accepted.push(
          JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as Collector['accepted'][number],
        )
      }
      setTimeout(() => response.writeHead(status, headers).end(body), afterMs)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    accepted,
    spans: () =>
      accepted.flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
    answer: (...next) => {
      answers = next
    },
    reset: (on) => {
      broken = on
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
