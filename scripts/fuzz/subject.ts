import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Imported, Importer, Source } from '../../src/capture/importers/importer.ts'
import { importers } from '../../src/capture/importers/index.ts'
import { sourceFrom } from '../../src/capture/importers/source.ts'
import { canonicalJson } from '../../src/lib/json.ts'
import { zipOf } from '../../src/lib/testing/zip-of.ts'
import { zipContent, zipEntries } from '../../src/lib/zip.ts'
import { EvalkitError } from '../../src/schema/errors.ts'
import { gradeOf } from '../../src/schema/grade.ts'
import { trace as traceSchema } from '../../src/schema/trace.ts'
import { mutated, type Seed } from './mutate.ts'
import { type Random, randomFrom } from './random.ts'

/** The longest an input may take (ms). */
export const longest = 1000

const folders = [
  'src/capture/importers',
  'test/data/imports',
  'test/data/temporal',
  'test/data/wire/har',
  'test/data/wire/vcr',
]

/** Every sample of every importer, and what stands in test/data. */
export function seedsIn(root: URL): readonly Seed[] {
  return folders.flatMap((folder) => {
    const at = new URL(`${folder}/`, root)
    const isSeed = (name: string): boolean =>
      folder === folders[0] ? name.includes('.sample.') : /\.(json|jsonl|har|ya?ml)$/.test(name)
    return readdirSync(at)
      .filter(isSeed)
      .toSorted()
      .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, at))) }))
  })
}

/** What came of an input. `broken` says what should not have. */
export interface Outcome {
  readonly traces: number
  readonly problems: number
  readonly refused: boolean
  readonly ms: number
  readonly broken?: string
}

/** YAML takes a hundred times as long to parse as JSON. */
function isDear({ name, bytes }: Seed): boolean {
  return bytes.length > 20_000 || name.endsWith('.yaml')
}

/** The input of this number: always the same for the same seed. Small files are chosen more often than large ones. */
export function inputOf(
  seeds: readonly Seed[],
  seed: number,
  index: number,
): { readonly name: string; readonly bytes: Uint8Array } {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ index)
  let chosen = random.of(seeds)
  for (let tries = 0; tries < 4 && isDear(chosen); tries++) chosen = random.of(seeds)
  const isArchive = chosen.name.endsWith('.eval') && random.next() < 0.7
  const bytes = isArchive ? repacked(chosen, seeds, random) : mutated(chosen, seeds, random)
  return { name: chosen.name, bytes: random.below(40) === 0 ? gzipSync(bytes) : bytes }
}

/** An archive of which one entry is changed: a change of the archive itself seldom gets past its checksums. */
function repacked(seed: Seed, seeds: readonly Seed[], random: Random): Uint8Array {
  const files = zipEntries(seed.bytes).map((entry) => ({
    name: entry.name,
    content: zipContent(seed.bytes, entry),
    how: 'stored' as const,
  }))
  const chosen = random.below(files.length)
  return zipOf(
    files.map((file, index) =>
      index === chosen
        ? { ...file, content: mutated({ name: file.name, bytes: file.content }, seeds, random) }
        : file,
    ),
  )
}

/**
 * Gives an input to every importer whose format it may be, and looks at what they make of it: only our own errors, only whole
 * traces that JSON can say, a place and a reason for everything else, nothing left on a prototype, and in time.
 */
export function tried(name: string, bytes: Uint8Array): Outcome {
  const first = once(name, bytes)
  if (first.broken !== undefined || first.ms <= longest) return first
  // The collector of garbage may have been at work: what is slow is slow again.
  const again = once(name, bytes)
  return again.ms > longest ? { ...again, broken: `took ${Math.round(again.ms)} ms` } : again
}

function once(name: string, bytes: Uint8Array): Outcome {
  const [start, before] = [performance.now(), process.cpuUsage()]
  const source = opened(name, bytes)
  let [traces, problems, refused] = [0, 0, source === undefined]
  let broken: string | undefined
  for (const importer of Object.values(importers)) {
    if (source === undefined) break
    try {
      if (!importer.detect(source) && !isOwn(importer, name)) continue
      for (const found of importer.read(source, { unfinished: true })) {
        if ('trace' in found) traces++
        else problems++
        broken ??= wrongWith(found)
      }
    } catch (error) {
      if (EvalkitError.is(error)) refused = true
      else
        broken ??= `${importer.name} threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    }
  }
  broken ??= pollution()
  const { user, system } = process.cpuUsage(before)
  // Of a machine that others use, too, only what was spent here counts.
  const ms = Math.min(performance.now() - start, (user + system) / 1000)
  const outcome = { traces, problems, refused, ms }
  return broken === undefined ? outcome : { ...outcome, broken }
}

/** What was left on the prototype of all objects, if anything. */
export function pollution(): string | undefined {
  const isPolluted = 'polluted' in {} || Object.keys(Object.prototype).length > 0
  return isPolluted ? 'a prototype is polluted' : undefined
}

/** A file that is compressed and broken is refused before anybody is asked. */
function opened(name: string, bytes: Uint8Array): Source | undefined {
  try {
    return sourceFrom(name, bytes)
  } catch (error) {
    if (EvalkitError.is(error)) return undefined
    throw error
  }
}

function isOwn(importer: Importer, file: string): boolean {
  return file.startsWith(`${importer.name}.`) || file.startsWith(`${importer.name}-`)
}

/** What is wrong with something that was found, if anything. */
export function wrongWith(found: Imported): string | undefined {
  if ('problem' in found)
    return found.problem.at === '' || found.problem.reason === ''
      ? 'a problem has no place or no reason'
      : undefined
  const { error } = traceSchema.safeParse(found.trace)
  if (error !== undefined) return `a trace is not valid: ${error.message.slice(0, 500)}`
  const ids = new Set(found.trace.spans.map(({ id }) => id))
  if (ids.size !== found.trace.spans.length) return 'two spans have one id'
  if (found.trace.spans.some(({ parent }) => parent !== null && !ids.has(parent)))
    return 'a span lies in none'
  canonicalJson(found.trace)
  gradeOf(found.trace)
  return undefined
}
