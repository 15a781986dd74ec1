import { canonicalJson, sameJson } from '../lib/json.ts'
import { type Difference, jsonDifferences } from '../lib/json-diff.ts'
import type {
  CallKind,
  CallOf,
  HttpRequest,
  LlmRequest,
  Provenance,
  RequestOf,
  ToolRequest,
} from '../schema/call.ts'
import type { Recording } from '../schema/recording.ts'
import type { Wire } from '../tap/wire/wire.ts'

/** Names of tools listed in a miss. */
const mostNames = 20

/** A recorded call that may be served, or why there is none. */
export type Match<K extends CallKind> =
  | { readonly call: CallOf<K>; readonly step: number; readonly served: Provenance }
  | { readonly miss: Miss }

/** Why nothing can be served: a sentence, and the recorded calls that come nearest, each with how it differs. */
export interface Miss {
  readonly what: string
  readonly nearest: readonly NearMiss[]
}

export interface NearMiss {
  readonly step: number
  readonly name: string
  readonly differences: readonly Difference[]
  /** The live step that took this recorded call already. */
  readonly consumedBy?: number
}

/**
 * Finds the recorded call for a live one, each recorded call served once. Tools by name and canonical arguments,
 * repeats in recorded order; models by the whole request, the next unused first; people by name and, where the
 * recording knows what they were asked, by that, in recorded order; other endpoints by method, address and body. A call that is merely similar is never served:
 * it was wrong in two cases of three and more when measured (docs/replay.md).
 */
export interface Matcher {
  llm(step: number, request: LlmRequest, wire: Wire | undefined): Match<'llm'>
  tool(step: number, request: ToolRequest): Match<'tool'>
  human(step: number, request: RequestOf<'human'>): Match<'human'>
  custom(step: number, request: HttpRequest): Match<'custom'>
  /** Recorded calls that nobody asked for, by their step in the recording. */
  unused(): readonly { readonly step: number; readonly call: Recording['calls'][number] }[]
}

export function matcher({ calls }: Pick<Recording, 'calls'>): Matcher {
  /** Recorded index → live step that consumed it. */
  const consumed = new Map<number, number>()
  const toolQueues = new Map<string, number[]>()
  calls.forEach((call, index) => {
    if (call.kind !== 'tool') return
    const key = toolKey(call.request)
    const queue = toolQueues.get(key)
    if (queue === undefined) toolQueues.set(key, [index])
    else queue.push(index)
  })

  function serve<K extends CallKind>(step: number, index: number, call: CallOf<K>): Match<K> {
    consumed.set(index, step)
    return { call, step: index + 1, served: 'exact' }
  }

  function unusedOf<K extends CallKind>(kind: K): { index: number; call: CallOf<K> }[] {
    return calls.flatMap((call, index) =>
      call.kind === kind && !consumed.has(index) ? [{ index, call: call as CallOf<K> }] : [],
    )
  }

  return {
    llm(step, request, wire) {
      const unused = unusedOf('llm')
      const found = unused.find(({ call }) => sameRequest(call.request, request, wire))
      if (found !== undefined) return serve(step, found.index, found.call)
      return { miss: llmMiss(request, wire, unused[0]) }
    },
    tool(step, request) {
      const index = toolQueues.get(toolKey(request))?.find((candidate) => !consumed.has(candidate))
      const call = index === undefined ? undefined : calls[index]
      if (index !== undefined && call?.kind === 'tool') return serve(step, index, call)
      return { miss: toolMiss(request, calls, consumed) }
    },
    human(step, request) {
      const unused = unusedOf('human').filter(({ call }) => call.request.name === request.name)
      const found = unused.find(({ call }) => sameQuestion(call.request, request))
      if (found !== undefined) return serve(step, found.index, found.call)
      return { miss: humanMiss(request, unused[0]) }
    },
    custom(step, request) {
      const unused = unusedOf('custom')
      const found = unused.find(({ call }) => sameJson(call.request, request))
      if (found !== undefined) return serve(step, found.index, found.call)
      return { miss: customMiss(request, unused) }
    },
    unused() {
      return calls.flatMap((call, index) => (consumed.has(index) ? [] : [{ step: index + 1, call }]))
    },
  }
}

/** Identity of a tool call: name and canonical arguments; never the call's id, which is new every time. */
export function toolKey({ name, arguments: given, malformed }: ToolRequest): string {
  return `${JSON.stringify(name)}${malformed === true ? '!' : ''}${canonicalJson(given)}`
}

/**
 * Whether a model would have seen the same: what the recording knows of its request, compared as the wire format
 * shows it (a format that cannot carry reasoning does not tell two requests apart by it).
 */
function sameRequest(recorded: LlmRequest, live: LlmRequest, wire: Wire | undefined): boolean {
  const known = knownOf(live, recorded)
  return (
    sameJson(recorded, known) ||
    (wire !== undefined && sameJson(wire.writeRequest(recorded), wire.writeRequest(known)))
  )
}

/** Of a live request, the fields the recording knows too: what was never recorded cannot differ. */
function knownOf(live: LlmRequest, recorded: LlmRequest): LlmRequest {
  return {
    messages: live.messages,
    ...(recorded.model === undefined ? {} : { model: live.model }),
    ...(recorded.system === undefined ? {} : { system: live.system }),
    ...(recorded.tools === undefined ? {} : { tools: live.tools }),
    ...(recorded.parameters === undefined ? {} : { parameters: live.parameters }),
  }
}

/** An answer belongs to its question; where that was not recorded, to its place. */
function sameQuestion(recorded: RequestOf<'human'>, live: RequestOf<'human'>): boolean {
  return recorded.question === undefined || sameJson(recorded.question, live.question)
}

function humanMiss(
  request: RequestOf<'human'>,
  next: { index: number; call: CallOf<'human'> } | undefined,
): Miss {
  if (next === undefined) {
    return { what: `nobody called "${request.name}" says anything more in the recording`, nearest: [] }
  }
  const differences = jsonDifferences(
    { question: next.call.request.question },
    { question: request.question },
  )
  return {
    what: `"${request.name}" is asked something else than in step ${next.index + 1} of the recording`,
    nearest: [{ step: next.index + 1, name: request.name, differences }],
  }
}

function customMiss(
  request: HttpRequest,
  unused: readonly { index: number; call: CallOf<'custom'> }[],
): Miss {
  const asked = `${request.method} ${request.url.slice(0, 200)}`
  const alike = unused.filter(
    ({ call }) => call.request.method === request.method && call.request.url === request.url,
  )
  const what =
    alike.length > 0
      ? `a request was made with another body than in the recording (${asked})`
      : `a request was made that is no model call we can read, and not in the recording (${asked})`
  return {
    what,
    nearest: alike.slice(0, 3).map(({ index, call }) => ({
      step: index + 1,
      name: asked,
      differences: jsonDifferences({ body: call.request.body }, { body: request.body }),
    })),
  }
}

function llmMiss(
  request: LlmRequest,
  wire: Wire | undefined,
  next: { index: number; call: CallOf<'llm'> } | undefined,
): Miss {
  if (next === undefined) return { what: 'the recording holds no further model call', nearest: [] }
  const known = knownOf(request, next.call.request)
  const differences =
    wire === undefined
      ? jsonDifferences(next.call.request, known)
      : jsonDifferences(wire.writeRequest(next.call.request), wire.writeRequest(known))
  return {
    what: `the model is asked something else than in step ${next.index + 1} of the recording`,
    nearest: [{ step: next.index + 1, name: next.call.request.model ?? 'model', differences }],
  }
}

function toolMiss(
  request: ToolRequest,
  calls: Recording['calls'],
  consumed: ReadonlyMap<number, number>,
): Miss {
  // Arguments that are not JSON are text: told apart from JSON text of the same content.
  const asked = { arguments: request.arguments, malformed: request.malformed }
  const sameTool = calls.flatMap((call, index): NearMiss[] => {
    if (call.kind !== 'tool' || call.request.name !== request.name) return []
    const by = consumed.get(index)
    return [
      {
        step: index + 1,
        name: call.request.name,
        differences: jsonDifferences(
          { arguments: call.request.arguments, malformed: call.request.malformed },
          asked,
        ),
        ...(by === undefined ? {} : { consumedBy: by }),
      },
    ]
  })
  const nearest = sameTool.toSorted((a, b) => rank(a) - rank(b)).slice(0, 3)
  if (nearest.length > 0) {
    const [first] = nearest
    const repeated = first?.differences.length === 0 && first.consumedBy !== undefined
    return {
      what: repeated
        ? `tool ${request.name} is called with these arguments more often than in the recording`
        : `tool ${request.name} is called with arguments the recording does not hold`,
      nearest,
    }
  }
  const names = [...new Set(calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : [])))]
  const listed = names.slice(0, mostNames).join(', ')
  const held = names.length === 0 ? 'no tool' : names.length > mostNames ? `${listed}, …` : listed
  return { what: `tool ${request.name} is not called in the recording, which calls ${held}`, nearest: [] }
}

/** Fewest differing places first; among equals, those still free. */
function rank({ differences, consumedBy }: NearMiss): number {
  return differences.length * 2 + (consumedBy === undefined ? 0 : 1)
}
