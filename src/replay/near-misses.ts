import { type Difference, jsonDifferences } from '../lib/json-diff.ts'
import {
  type Asker,
  type CallOf,
  type HttpRequest,
  type LlmRequest,
  type RequestOf,
  type ToolRequest,
  userName,
} from '../schema/call.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { oneLine } from '../lib/text.ts'
import type { Json } from '../schema/json.ts'
import type { Wire } from '../tap/wire/wire.ts'
import type { NearTaped, ToolLadder } from './tool-ladder.ts'

/** Why nothing can be served: a sentence, and the recorded calls that come nearest, each with how it differs. */
export interface Miss {
  readonly what: string
  readonly nearest: readonly NearMiss[]
}

export interface NearMiss {
  readonly step: number
  readonly name: string
  /** Paths as `volatile` in evals/tools.json takes them: `arguments.id`. */
  readonly differences: readonly Difference[]
  /** The live step that took this recorded call already. */
  readonly consumedBy?: number
}

/** A recorded call that is still to be had. */
export interface Left<C> {
  readonly index: number
  readonly call: C
}

/** Names of tools listed in a miss. */
const mostNames = 20
/** Recorded calls shown of it. */
const mostShown = 3

/** Why a model call has no recorded reply. `known` is the live request, without what the recording does not know. */
export function llmMiss(
  known: LlmRequest,
  wire: Wire | undefined,
  next: Left<CallOf<'llm'>> | undefined,
  by?: Asker,
): Miss {
  const whose = by === undefined ? '' : ' of a simulated user'
  if (next === undefined) return { what: `the recording holds no further model call${whose}`, nearest: [] }
  const recorded = next.call.request
  const differences =
    wire === undefined
      ? jsonDifferences(recorded, known)
      : jsonDifferences(wire.writeRequest(recorded), wire.writeRequest(known))
  return {
    what: `the model${whose} is asked something else than in step ${next.index + 1} of the recording`,
    nearest: [{ step: next.index + 1, name: recorded.model ?? 'model', differences }],
  }
}

export function humanMiss(
  request: RequestOf<'human'>,
  next: Left<CallOf<'human'>> | undefined,
  expected = next?.call.request.question,
): Miss {
  const isApproval = request.name !== userName
  if (next === undefined) {
    const what = isApproval
      ? `"${request.name}" is asked ${quoted(request.question)}: a question that nobody was asked in the recording, or not so often`
      : `nobody called "${request.name}" says anything more in the recording`
    return { what, nearest: [] }
  }
  const differences = jsonDifferences({ question: expected }, { question: request.question })
  const kept = isApproval ? ', and the answer of then is not given to another question' : ''
  return {
    what: `"${request.name}" is asked something else than in step ${next.index + 1} of the recording${kept}`,
    nearest: [{ step: next.index + 1, name: request.name, differences }],
  }
}

/** Why a recorded turn of the user is no answer to what a live model says. */
export function turnMiss(
  request: RequestOf<'human'>,
  next: Left<CallOf<'human'>>,
  expected: Json | undefined,
): Miss {
  const { nearest } = humanMiss(request, next, expected)
  const told = `the agent says ${quoted(request.question)}, and before step ${next.index + 1} of the recording it said ${quoted(expected)}`
  const advice = 'let a simulated user answer (user: simulated({ … })), or record the case anew'
  return { what: `${told}: the recorded turn is no answer to that; ${advice}`, nearest }
}

function quoted(question: Json | undefined): string {
  if (question === undefined) return 'nothing'
  return `"${oneLine(typeof question === 'string' ? question : flatJson(question), 160)}"`
}

export function customMiss(request: HttpRequest, unused: readonly Left<CallOf<'custom'>>[]): Miss {
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
    nearest: alike.slice(0, mostShown).map(({ index, call }) => ({
      step: index + 1,
      name: asked,
      differences: jsonDifferences({ body: call.request.body }, { body: request.body }),
    })),
  }
}

export function toolMiss(request: ToolRequest, ladder: Pick<ToolLadder, 'tape' | 'near'>): Miss {
  const near = ladder.near(request).map((one) => nearMiss(one, request))
  const nearest = near.toSorted((a, b) => rank(a) - rank(b)).slice(0, mostShown)
  const [first] = nearest
  if (first === undefined) return { what: absent(request.name, ladder.tape.names), nearest: [] }
  const how =
    first.differences.length > 0
      ? 'with arguments the recording does not hold'
      : first.consumedBy === undefined
        ? 'with these arguments after other writes than in the recording'
        : 'with these arguments more often than in the recording'
  return { what: `tool ${request.name} is called ${how}`, nearest }
}

/** Arguments that are not JSON are text: told apart from JSON text of the same content. */
function nearMiss({ taped, differences }: NearTaped, { malformed }: ToolRequest): NearMiss {
  const { index, takenBy } = taped
  const { name, malformed: was } = taped.call.request
  return {
    step: index + 1,
    name,
    differences: [...differences, ...jsonDifferences({ malformed: was }, { malformed })],
    ...(takenBy === undefined ? {} : { consumedBy: takenBy }),
  }
}

function absent(name: string, names: readonly string[]): string {
  const listed = names.slice(0, mostNames).join(', ')
  const held = names.length === 0 ? 'no tool' : names.length > mostNames ? `${listed}, …` : listed
  return `tool ${name} is not called in the recording, which calls ${held}`
}

/** Fewest differing places first; among equals, those still free. */
function rank({ differences, consumedBy }: NearMiss): number {
  return differences.length * 2 + (consumedBy === undefined ? 0 : 1)
}
