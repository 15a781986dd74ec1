import { contentHash } from '../lib/hash.ts'
import { defined } from '../lib/defined.ts'
import type { Redactor } from '../lib/redact.ts'
import { canonicalJson } from '../lib/json.ts'
import { type Case, caseHash, evalCase } from '../schema/case.ts'
import type { DatasetFinding } from '../schema/dataset-report.ts'
import { type ErrorPlace, EvalkitError, placeOf } from '../schema/errors.ts'
import { recordFrom } from '../schema/read.ts'
import type { PlacedRecord } from './format.ts'
import { askedText, nearDuplicates, nearThreshold } from './near-duplicates.ts'

/** What a dataset is checked against. */
export interface Surroundings {
  /** The file, as people name it. */
  readonly file: string
  readonly redactor: Pick<Redactor, 'find'>
  /** Ids of the cases that have a fixture. */
  readonly fixtures: ReadonlySet<string>
}

/** Cases whose texts are compared with each other: each takes a few kB of memory. */
const mostCompared = 50_000
/** Secrets of a case that are named one by one. */
const mostSecrets = 5

/** What is kept of a case until the file is at its end. */
interface Seen {
  readonly id: string
  readonly at: ErrorPlace
  readonly cluster: string | undefined
  readonly expected: string | undefined
  readonly toolCalls: string | undefined
}

/**
 * Looks at every record of a dataset, and goes on where one is no case: schema, ids, duplicates and near duplicates,
 * contradictions, secrets, fixtures. `onCase` is given each valid case, in order. Findings come in the order of the file,
 * those of the file as a whole last. Where the file cannot be read any further that is a finding, too.
 */
export async function* checkRecords(
  records: AsyncIterable<PlacedRecord>,
  { file, redactor, fixtures }: Surroundings,
  onCase: (one: Case, at: ErrorPlace) => void | Promise<void> = () => undefined,
): AsyncGenerator<DatasetFinding> {
  const ids = new Map<string, ErrorPlace>()
  const byHash = new Map<string, Seen>()
  const byAsked = new Map<string, Seen>()
  const compared: Seen[] = []
  const alikeOf = nearDuplicates()
  let cases = 0

  try {
    for await (const record of records) {
      const { at } = record
      const read = readCase(record)
      if ('error' in read) {
        yield schemaFinding(read.error, at)
        // What is no case may hold a secret all the same.
        if ('value' in record)
          yield* secretsIn(record.value, { file: at.file ?? file, ...defined({ line: at.line }) }, redactor)
        continue
      }
      const one = read.case
      cases++
      const place = { file: at.file ?? file, ...defined({ line: at.line }), case: one.id }
      const earlier = ids.get(one.id)
      if (earlier !== undefined) {
        const what = `two cases are called "${one.id}"; the other one: ${placeOf(earlier)}`
        yield { severity: 'error', kind: 'duplicate-id', ...place, what, hint: 'Give each an id of its own.' }
      } else ids.set(one.id, at)
      yield* secretsIn(one, place, redactor)
      if ((one.source?.traces.length ?? 0) > 0 && !fixtures.has(one.id)) {
        const what = 'it was promoted from a trace, and its fixture is not there'
        yield {
          severity: 'error',
          kind: 'fixture-missing',
          ...place,
          what,
          hint: 'Promote the trace again, or restore the file.',
        }
      }
      const seen = seenOf(one, at)
      // A twin by id was told already.
      const twin = earlier === undefined ? twinOf(caseHash(one), seen, byHash) : undefined
      if (twin !== undefined) yield duplicate(twin, seen, place, fixtures)
      const against = contradicted(
        contentHash({ input: one.input, messages: one.messages, user: one.user }),
        seen,
        byAsked,
      )
      if (against !== undefined) yield contradiction(against, seen, place, fixtures)
      if (compared.length < mostCompared) {
        compared.push(seen)
        const alike = alikeOf(askedText(one))
        const other = alike === undefined ? undefined : compared[alike.place]
        const known = twin !== undefined || against !== undefined || earlier !== undefined
        if (alike !== undefined && other !== undefined && !known && !together(other, seen)) {
          const share = (alike.similarity * 100).toFixed(0)
          const what = `it asks nearly what "${other.id}" asks (${placeOf(other.at)}): ${share} % of their word triples are the same`
          const hint = 'Keep one, or say that they break together: give both the same "cluster".'
          yield { severity: 'warning', kind: 'near-duplicate', ...place, what, hint }
        }
      }
      await onCase(one, at)
    }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    yield { ...schemaFinding(error, { file }), what: `${error.message} Nothing behind it was looked at.` }
  }
  if (cases > mostCompared) {
    const what = `near duplicates were looked for among the first ${mostCompared} cases`
    yield { severity: 'note', kind: 'not-looked-at', file, what }
  }
  if (cases === 0) yield { severity: 'warning', kind: 'schema', file, what: 'the dataset holds no case' }
  for (const id of [...fixtures].filter((one) => !ids.has(one)).sort()) {
    const what = `there is a fixture of a case "${id}", and no such case`
    yield {
      severity: 'warning',
      kind: 'fixture-unused',
      file,
      what,
      hint: 'Delete the fixture, or bring the case back.',
    }
  }
}

/** What near duplicates are, for people: the threshold belongs into every report of them. */
export const nearlyTheSame = `near duplicates share at least ${(nearThreshold * 100).toFixed(0)} % of their word triples (Jaccard)`

function readCase(record: PlacedRecord): { readonly case: Case } | { readonly error: EvalkitError } {
  if ('problem' in record) return { error: record.problem }
  try {
    return { case: recordFrom(evalCase, record.value, record.at, 'case') }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    return { error }
  }
}

function schemaFinding({ message, details, at: own, hint }: EvalkitError, at: ErrorPlace): DatasetFinding {
  const { file = '', line } = { ...at, ...own }
  return {
    severity: 'error',
    kind: 'schema',
    file,
    ...defined({ line }),
    what: [message, ...details].join(' '),
    hint,
  }
}

function* secretsIn(
  one: unknown,
  place: Pick<DatasetFinding, 'file' | 'line' | 'case'>,
  redactor: Pick<Redactor, 'find'>,
): Generator<DatasetFinding> {
  const found = redactor.find(canonicalJson(one))
  for (const { kind, path } of found.slice(0, mostSecrets)) {
    const what = `it holds a secret: ${kind}${path === undefined ? '' : ` at ${path}`}`
    yield {
      severity: 'error',
      kind: 'secret',
      ...place,
      what,
      hint: 'Take it out, and out of the history; change the secret.',
    }
  }
  if (found.length > mostSecrets) {
    yield {
      severity: 'error',
      kind: 'secret',
      ...place,
      what: `and ${found.length - mostSecrets} more secrets`,
    }
  }
}

function seenOf({ id, cluster, expected, reference }: Case, at: ErrorPlace): Seen {
  const hashed = (value: unknown) => (value === undefined ? undefined : contentHash(value))
  return { id, at, cluster, expected: hashed(expected), toolCalls: hashed(reference?.toolCalls) }
}

function twinOf(hash: string, seen: Seen, byHash: Map<string, Seen>): Seen | undefined {
  const twin = byHash.get(hash)
  if (twin === undefined) byHash.set(hash, seen)
  return twin === undefined || together(twin, seen) ? undefined : twin
}

/** What one person said breaks together is one unit to the gate: it may be there twice. */
function together(one: Seen, other: Seen): boolean {
  return one.cluster !== undefined && one.cluster === other.cluster
}

function duplicate(
  twin: Seen,
  seen: Seen,
  place: Pick<DatasetFinding, 'file' | 'line' | 'case'>,
  fixtures: ReadonlySet<string>,
): DatasetFinding {
  const worlds = fixtures.has(seen.id) && fixtures.has(twin.id)
  const what = `it is "${twin.id}" once more (${placeOf(twin.at)})`
  return {
    severity: worlds ? 'warning' : 'error',
    kind: 'duplicate',
    ...place,
    what: worlds ? `${what}, in a world of its own` : `${what}: the gate would count one case as two`,
    hint: 'Keep one, or give both the same "cluster".',
  }
}

/** An earlier case that asks the same and wants something else. Where several do, the first that says so. */
function contradicted(asked: string, seen: Seen, byAsked: Map<string, Seen>): Seen | undefined {
  const other = byAsked.get(asked)
  if (other === undefined) {
    byAsked.set(asked, seen)
    return undefined
  }
  const differ = (one: string | undefined, two: string | undefined) =>
    one !== undefined && two !== undefined && one !== two
  if (differ(other.expected, seen.expected) || differ(other.toolCalls, seen.toolCalls)) return other
  // What the first leaves open, this one may say.
  if (other.expected === undefined && seen.expected !== undefined) byAsked.set(asked, seen)
  return undefined
}

function contradiction(
  other: Seen,
  seen: Seen,
  place: Pick<DatasetFinding, 'file' | 'line' | 'case'>,
  fixtures: ReadonlySet<string>,
): DatasetFinding {
  const worlds = fixtures.has(seen.id) && fixtures.has(other.id)
  const about = other.expected !== seen.expected ? 'another output' : 'other tool calls'
  const what = `it asks what "${other.id}" asks (${placeOf(other.at)}) and expects ${about}`
  return {
    severity: worlds ? 'warning' : 'error',
    kind: 'contradiction',
    ...place,
    what: worlds ? `${what}: right only if their recorded worlds differ` : what,
    hint: 'No agent can be right about both: mend one, or say in the input what is different.',
  }
}
