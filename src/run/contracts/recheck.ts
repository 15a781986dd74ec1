import { canonicalJson, readJson } from '../../lib/json.ts'
import { placeholderRanges } from '../../lib/redact/placeholder.ts'
import type { ToolReply } from '../../schema/call.ts'
import type { Fixture } from '../../schema/fixture.ts'
import type { Json } from '../../schema/json.ts'
import type { KnownTool } from '../../schema/known-tools.ts'
import { isAgentsModelCall } from '../../schema/call.ts'
import { type Recording, unpackRecording } from '../../schema/recording.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import type { FixtureCheck, FoundContracts, UnfitCall } from '../../schema/tool-contract.ts'
import { contractIn } from './compare-contracts.ts'
import { type Judge, judgeOf } from './judge.ts'

type Schema = NonNullable<KnownTool['inputSchema']>

/** Places of one call that are told. */
const mostProblems = 3

/** What recorded calls are held against. */
export interface Rechecking {
  readonly file: ToolsFile
  readonly now: FoundContracts
}

/**
 * Holds every recorded call against the schemas of today (where nothing tells them, those of the tools file): its
 * arguments, and its result unless it is an error. A call that did not fit when it was recorded is no news: models make wrong
 * calls. What its model was told then stands in the recording; of results, only the tools file knows an older schema.
 */
export function recheckFixtures(fixtures: Iterable<Fixture>, { file, now }: Rechecking): FixtureCheck {
  const unfit: UnfitCall[] = []
  const counts = { fixtures: 0, fit: 0, neverFit: 0, notChecked: 0 }
  const unusable = new Map<string, FixtureCheck['unusable'][number]>()
  const judges = new WeakMap<Schema, Judge>()
  const judge = (schema: Schema): Judge => {
    const known = judges.get(schema) ?? judgeOf(schema)
    judges.set(schema, known)
    return known
  }
  const hold = (
    value: Json,
    schema: Schema,
    before: Schema | undefined,
    at: Omit<UnfitCall, 'problems'>,
  ): void => {
    const verdict = judge(schema)(value)
    if (!verdict.ok) {
      counts.notChecked++
      unusable.set(`${at.side} ${at.tool}`, { tool: at.tool, side: at.side, why: verdict.why })
    } else if (verdict.problems.length === 0) counts.fit++
    // A secret that was taken out does not have its own form any more.
    else if (placeholderRanges(canonicalJson(value)).length > 0) counts.notChecked++
    else if (before !== undefined && isUnfit(judge(before)(value))) counts.neverFit++
    else unfit.push({ ...at, problems: verdict.problems.slice(0, mostProblems) })
  }
  for (const { dataset, case: id, recordings, rerecordings = [] } of fixtures) {
    counts.fixtures++
    for (const [at, packed] of [...recordings, ...rerecordings].entries()) {
      const isLater = at >= recordings.length
      const recording = unpackRecording(packed)
      const told = toldIn(recording)
      for (const [index, call] of recording.calls.entries()) {
        if (call.kind !== 'tool') continue
        const { name: tool, arguments: given, malformed } = call.request
        const place = { dataset, case: id, trial: packed.trial, step: index + 1, tool }
        const where = isLater ? { ...place, rerecorded: true as const } : place
        const committed = contractIn(file, tool)
        const input = now.get(tool)?.inputSchema ?? committed?.inputSchema
        const asked = told.get(tool) ?? olderThan(input, committed?.inputSchema)
        if (input !== undefined) {
          if (malformed === true) counts.notChecked++
          else if (call.reply.isError && asked === undefined && isUnfit(judge(input)(given)))
            counts.neverFit++
          else hold(given, input, asked, { ...where, side: 'input' })
        }
        const output = now.get(tool)?.outputSchema ?? committed?.outputSchema
        if (output === undefined || call.reply.isError) continue
        const result = resultIn(call.reply, (value) => isUnfit(judge(output)(value)))
        if (result === undefined) counts.notChecked++
        else hold(result, output, olderThan(output, committed?.outputSchema), { ...where, side: 'result' })
      }
    }
  }
  return { ...counts, unfit, unusable: [...unusable.values()] }
}

/** The schemas a model was told in a recording. */
function toldIn({ calls }: Recording): ReadonlyMap<string, Schema> {
  const offered = calls.filter(isAgentsModelCall).flatMap(({ request }) => request.tools ?? [])
  return new Map(
    offered.flatMap(({ name, inputSchema }) =>
      inputSchema === undefined ? [] : [[name, inputSchema] as const],
    ),
  )
}

/** The committed schema, where it is another than today's: the same one cannot say what was true before. */
function olderThan(now: Schema | undefined, committed: Schema | undefined): Schema | undefined {
  if (now === undefined || committed === undefined) return undefined
  return canonicalJson(now) === canonicalJson(committed) ? undefined : committed
}

function isUnfit(verdict: ReturnType<Judge>): boolean {
  return verdict.ok && verdict.problems.length > 0
}

/**
 * The value a result schema speaks of: of an MCP result its structured content (modelcontextprotocol.io, tools, output
 * schema), of a text that is JSON what it says; `undefined` where there is only text for people.
 */
function resultIn({ response }: ToolReply, isUnfitValue: (value: Json) => boolean): Json | undefined {
  if (isObject(response) && Array.isArray(response['content'])) {
    if (response['structuredContent'] !== undefined) return response['structuredContent']
    if (isUnfitValue(response)) return undefined
  }
  if (typeof response !== 'string' || !isUnfitValue(response)) return response
  const read = readJson(response)
  return read.ok ? (read.value as Json) : response
}

function isObject(value: Json): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
