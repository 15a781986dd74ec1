import { canonicalJson } from '../lib/json.ts'
import { contentHash } from '../lib/hash.ts'
import type { CallOf, ToolRequest } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Normalizers } from '../schema/normalizers.ts'
import type { Recording } from '../schema/recording.ts'
import type { ToolDefinition } from '../schema/tool.ts'
import { type Normalized, normalizeArguments } from './normalize.ts'
import { createState } from './state.ts'

/** A recorded call of a tool, with what decides whether it is the one that is asked for. */
export interface TapedCall {
  /** Its place among all calls of the recording, from 0. */
  readonly index: number
  readonly call: CallOf<'tool'>
  /** Name and canonical arguments. */
  readonly key: string
  /** What had been written when it was made. */
  readonly state: string
  /** Its arguments as they are compared after normalizing. */
  readonly normalized: Normalized
  /** The live step that took it. */
  takenBy?: number
  /** The live step it was lent to in another state: in its own it is still to be had. */
  lentTo?: number
}

/** The tool calls of one recording, found by key in recorded order. */
export interface ToolTape {
  readonly trace: string
  exactly(key: string): readonly TapedCall[]
  /** By `normalKey`. */
  normally(key: string): readonly TapedCall[]
  /** Those of one tool, in recorded order. */
  of(name: string): readonly TapedCall[]
  readonly names: readonly string[]
  /** What the tool was, as far as the recording knows: its definition's hash. */
  versionOf(name: string): string | undefined
  /** A call as it is compared with those on the tape. */
  normalize(name: string, given: Json): Normalized
}

export function toolTape(
  { trace, calls }: Pick<Recording, 'calls'> & { readonly trace?: string },
  known: KnownTools,
  normalizers: Normalizers,
): ToolTape {
  const definitions = definitionsIn(calls)
  const state = createState(known)
  const byKey = new Map<string, TapedCall[]>()
  const byNormal = new Map<string, TapedCall[]>()
  const byName = new Map<string, TapedCall[]>()
  const normalizersOf = new Map<string, Normalizers>()

  function normalize(name: string, given: Json): Normalized {
    const { inputSchema, volatileInCode } = known(name)
    let ours = normalizersOf.get(name)
    if (ours === undefined) {
      const frozen = Object.hasOwn(normalizers.volatile, name) ? (normalizers.volatile[name] ?? []) : []
      ours = { ...normalizers, volatile: { [name]: [...frozen, ...volatileInCode] } }
      normalizersOf.set(name, ours)
    }
    return normalizeArguments(name, given, inputSchema ?? definitions.get(name)?.inputSchema, ours)
  }

  calls.forEach((call, index) => {
    if (call.kind !== 'tool') return
    const { request } = call
    const { name } = request
    const key = toolKey(request)
    const normalized = normalize(name, request.arguments)
    const taped: TapedCall = { index, call, key, state: state.digestOf(name, normalized.value), normalized }
    add(byKey, key, taped)
    add(byNormal, normalKey(request, normalized), taped)
    add(byName, name, taped)
    state.answered(name, normalized.value, normalKey(request, normalized), call.reply.isError)
  })
  return {
    trace: trace ?? '',
    exactly: (key) => byKey.get(key) ?? [],
    normally: (key) => byNormal.get(key) ?? [],
    of: (name) => byName.get(name) ?? [],
    names: [...byName.keys()],
    versionOf(name) {
      const definition = definitions.get(name)
      return definition === undefined ? undefined : contentHash(definition)
    },
    normalize,
  }
}

/** Identity of a tool call: name and canonical arguments; never the call's id, which is new every time. */
export function toolKey({ name, arguments: given, malformed }: ToolRequest): string {
  return `${JSON.stringify(name)}${malformed === true ? '!' : ''}${canonicalJson(given)}`
}

/** The same of normalized arguments. */
export function normalKey({ name, malformed }: ToolRequest, { key }: Normalized): string {
  return `${JSON.stringify(name)}${malformed === true ? '!' : ''}${key}`
}

/** Tools as the recorded model was told them, the first telling of each. */
function definitionsIn(calls: Recording['calls']): ReadonlyMap<string, ToolDefinition> {
  const found = new Map<string, ToolDefinition>()
  let last: readonly ToolDefinition[] | undefined
  for (const call of calls) {
    if (call.kind !== 'llm' || call.request.tools === undefined || call.request.tools === last) continue
    last = call.request.tools
    for (const definition of last) if (!found.has(definition.name)) found.set(definition.name, definition)
  }
  return found
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}
