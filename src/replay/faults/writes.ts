import { canonicalJson } from '../../lib/json.ts'
import type { FaultDone, InjectedFault } from '../../schema/fault.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import { writeOf, type WriteIdentity } from '../../schema/write.ts'
import type { Span, SpanOf, Trace } from '../../schema/trace.ts'

/** One thing an agent did, or tried to do, to the world. */
export interface Write extends WriteIdentity {
  /** As a person would name it. */
  readonly name: string
  /** Whether it was done; `asked`: the replay ended there. */
  readonly done: FaultDone | 'asked'
}

/**
 * The writes of a trace: calls of tools that write, and HTTP requests that are no reads. A tool that failed did nothing,
 * unless it failed by a fault that leaves that open; a request counts once for each try that may have got through.
 */
export function writesIn(
  { spans }: Pick<Trace, 'spans'>,
  known: KnownTools,
  injected: readonly InjectedFault[] = [],
): readonly Write[] {
  return spans.flatMap((span, step): readonly Write[] => {
    const faults = injected.filter((fault) => fault.step === step)
    if (span.kind === 'tool')
      return known(span.name).effect === 'write' ? [toolWrite(span, known, faults)] : []
    return span.kind === 'custom' ? httpWrites(span, faults) : []
  })
}

function toolWrite(span: SpanOf<'tool'>, known: KnownTools, faults: readonly InjectedFault[]): Write {
  return {
    ...writeOf({ name: span.name, arguments: span.request.arguments }, known),
    name: `tool ${span.name}`,
    done: faults[0]?.done ?? doneIn(span),
  }
}

function doneIn({ reply }: SpanOf<'tool'>): Write['done'] {
  if (reply === undefined) return 'asked'
  return reply.isError ? 'no' : 'yes'
}

/** Methods that change nothing, and those that do the same however often they are sent (RFC 9110, 9.2). */
const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
const idempotent: ReadonlySet<string> = new Set(['PUT', 'DELETE'])

function httpWrites(
  span: Extract<Span, { kind: 'custom' }>,
  faults: readonly InjectedFault[],
): readonly Write[] {
  const { request, reply } = span
  if (request === undefined || reading.has(request.method)) return []
  const write = (done: Write['done'], key: string | null | undefined): Write => ({
    identity: `${request.method} ${request.url} ${canonicalJson(request.body ?? null)}`,
    name: `${request.method} ${request.url}`,
    key: idempotent.has(request.method) ? '' : (key ?? undefined),
    done,
    guessed: false,
  })
  if (faults.length === 0) {
    if (reply === undefined) return [write('asked', undefined)]
    return [write((reply.status ?? 500) < 400 ? 'yes' : 'no', undefined)]
  }
  const tries = faults.flatMap(({ done, times, keys = [] }) =>
    keys.slice(0, times).map((key) => write(done, key)),
  )
  const [last] = faults.filter(({ recovered, times, keys = [] }) => recovered && keys.length > times)
  return last === undefined ? tries : [...tries, write('yes', last.keys?.at(-1))]
}
