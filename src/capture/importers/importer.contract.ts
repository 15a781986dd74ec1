import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJson } from '../../lib/json.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Span, type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { detectImporter } from './detect.ts'
import type { Imported, Importer } from './importer.ts'
import { importers } from './index.ts'
import { sourceFrom } from './source.ts'

/** The list of runs inside a parsed sample, for the tests that break one run at a time. */
export type RowsOf = (document: unknown) => unknown[]

/** How the text of a format is read and written, where it is not JSON. */
export interface Notation {
  readonly parse: (text: string) => unknown
  readonly write: (document: unknown) => string
}

const jsonNotation: Notation = { parse: JSON.parse, write: (document) => JSON.stringify(document) }

/** What every importer promises, shown on a sample of genuine runs: as many as `runs` says. */
export function describeSample(importer: Importer, sample: URL, runs: number): void {
  const file = sample.pathname.split('/').at(-1) ?? ''
  const bytes = readFileSync(sample)
  const source = () => sourceFrom(file, bytes)
  const traces = tracesOf([...importer.read(source())])

  describe(`importer ${importer.name}, on ${file}`, () => {
    it('is registered under its own name', () => {
      expect(Object.entries(importers).find(([, member]) => member === importer)?.[0]).toBe(importer.name)
    })

    it('detects its own sample, and nobody else does', () => {
      const fitting = Object.values(importers).filter((member) => member.detect(source()))
      expect(fitting.map(({ name }) => name)).toEqual([importer.name])
      expect(detectImporter(source())).toBe(importer)
    })

    it('makes one valid trace of each run of its sample', () => {
      expect(traces).toHaveLength(runs)
      for (const trace of traces) recordFrom(traceSchema, trace, { file }, 'trace')
      const own = (format: string): boolean => importer.keepsFormat === true || format === importer.name
      expect(traces.every(({ source }) => own(source.format))).toBe(true)
    })

    it('gives each trace and each span an id of its own', () => {
      expect(new Set(traces.map(({ id }) => id)).size).toBe(traces.length)
      for (const { spans } of traces) {
        expect(new Set(spans.map(({ id }) => id)).size).toBe(spans.length)
        const ids = new Set(spans.map(({ id }) => id))
        expect(spans.every(({ parent }) => parent === null || ids.has(parent))).toBe(true)
        expect(spans.filter(({ parent }) => parent === null)).toHaveLength(1)
      }
    })

    it('pairs each result with the call it answers', () => {
      for (const trace of traces) {
        for (const spans of byAgent(trace)) {
          const shown = resultsById(spans)
          for (const span of spans) {
            if (span.kind !== 'tool' || span.reply === undefined) continue
            // A result after the last model call is shown to nobody.
            const next = shown.get(span.request.id ?? '')?.shift() ?? span.reply.response
            // A model is shown the text of what a tool gave as a value.
            expect(asData(next)).toEqual(asData(span.reply.response))
          }
          expect([...shown.values()].flat()).toEqual([])
        }
      }
    })

    it('asks each model call with everything said before it', () => {
      for (const spans of traces.flatMap(byAgent)) {
        const asked = spans.flatMap((span) => (span.kind === 'llm' ? [span] : []))
        for (const [index, { request }] of asked.entries()) {
          const before = asked[index - 1]
          if (before?.reply === undefined) continue
          expect(request.messages.slice(0, before.request.messages.length + 1)).toEqual([
            ...before.request.messages,
            before.reply.message,
          ])
        }
      }
    })

    it('imports the same file twice to the same traces', () => {
      expect([...importer.read(source())]).toEqual([...importer.read(source())])
      const elsewhere = tracesOf([...importer.read(sourceFrom('copy.json', bytes))])
      expect(elsewhere.map(({ id }) => id)).toEqual(traces.map(({ id }) => id))
    })
  })
}

/**
 * The same, and what a format promises that is one JSON document with a list of runs. `rowsOf` points at them; a run
 * that is broken must come back as a problem, and harm no other.
 */
export function describeImporter(importer: Importer, sample: URL, rowsOf: RowsOf): void {
  const file = sample.pathname.split('/').at(-1) ?? ''
  const text = readFileSync(sample, 'utf8')
  const importText = (content: string): Imported[] => [...importer.read(sourceOf(file, content))]
  const traces = tracesOf(importText(text))
  describeSample(importer, sample, rowsOf(JSON.parse(text)).length)

  describe(`importer ${importer.name}`, () => {
    it('skips a run that stands there twice, and says which it repeats', () => {
      const document: unknown = JSON.parse(text)
      const list = rowsOf(document)
      list.push(structuredClone(list[0]))
      const found = importText(JSON.stringify(document))
      expect(tracesOf(found)).toEqual(traces)
      expect(problemsOf(found).filter(({ reason }) => reason.startsWith('same run as'))).toHaveLength(1)
    })

    it('never fails to tell what is wrong with a file that was cut short', () => {
      fc.assert(
        fc.property(fc.nat({ max: text.length - 2 }), (length) => {
          const source = sourceOf(file, text.slice(0, length))
          expect(importer.detect(source)).toBe(false)
          expect(codeOf(() => [...importer.read(source)])).toMatch(/^EVK_(JSON_SYNTAX|FILE_EMPTY)$/)
        }),
        { seed: 42, numRuns: 40 },
      )
    })

    it.each(['null', '0', '"runs"', '{}', '{"simulations":1}', '[1,null]'])(
      'refuses or names %s',
      (other) => {
        const source = sourceOf(file, other)
        expect(importer.detect(source)).toBe(false)
        const found = outcomeOf(() => [...importer.read(source)])
        expect('code' in found || problemsOf(found.items).some(({ action }) => action === 'skipped')).toBe(
          true,
        )
      },
    )

    it('loses no run to a broken one, and drops none in silence', () => {
      fc.assert(
        fc.property(mutations, (changes) => {
          const document: unknown = JSON.parse(text)
          const list = rowsOf(document)
          for (const change of changes) mutate(list, change)
          const found = outcomeOf(() => importText(JSON.stringify(document)))
          if ('code' in found) throw new Error(`a broken run threw ${found.code} for the whole file`)
          const made = tracesOf(found.items)
          const skips = problemsOf(found.items).filter(({ action }) => action === 'skipped')
          expect(made.length + skips.length).toBe(list.length)
          for (const trace of made) recordFrom(traceSchema, trace, { file }, 'trace')
          expect(skips.every(({ at, reason }) => at !== '' && reason !== '')).toBe(true)
        }),
        { seed: 42, numRuns: 150 },
      )
    })
  })
}

/**
 * The same, and what a format promises of which a file is one run, recorded as a list of exchanges: one that is broken
 * is named, and the trace says that it is not whole.
 */
export function describeRecording(
  importer: Importer,
  sample: URL,
  rowsOf: RowsOf,
  { parse, write }: Notation = jsonNotation,
): void {
  const file = sample.pathname.split('/').at(-1) ?? ''
  const text = readFileSync(sample, 'utf8')
  const importText = (content: string): Imported[] => [...importer.read(sourceOf(file, content))]
  describeSample(importer, sample, 1)

  describe(`importer ${importer.name}`, () => {
    it('never takes a file that was cut short for a whole one', () => {
      fc.assert(
        fc.property(fc.nat({ max: text.length - 20 }), (length) => {
          expect(codeOf(() => importText(text.slice(0, length)))).toMatch(
            /^EVK_(JSON_SYNTAX|YAML_SYNTAX|SCHEMA|FILE_EMPTY)$/,
          )
        }),
        { seed: 42, numRuns: 40 },
      )
    })

    it.each(['null', '0', '"log"', '{}', '[]', '{"log":{"entries":[]}}', 'interactions: []\nversion: 1\n'])(
      'refuses or names %j',
      (other) => {
        const found = outcomeOf(() => importText(other))
        expect('code' in found || problemsOf(found.items).some(({ action }) => action === 'skipped')).toBe(
          true,
        )
      },
    )

    it('names each exchange it cannot read, and counts it in the trace', () => {
      fc.assert(
        fc.property(mutations, (changes) => {
          const document = parse(text)
          const list = rowsOf(document)
          for (const change of changes) mutate(list, change)
          const found = outcomeOf(() => importText(write(document)))
          if ('code' in found) throw new Error(`a broken exchange threw ${found.code} for the whole file`)
          const skips = problemsOf(found.items).filter(({ action }) => action === 'skipped')
          expect(skips.every(({ at, reason }) => at !== '' && reason !== '')).toBe(true)
          const made = tracesOf(found.items)
          expect(made).toHaveLength(skips.length < list.length ? 1 : 0)
          for (const trace of made) {
            recordFrom(traceSchema, trace, { file }, 'trace')
            expect(trace.attributes['evalkit.dropped'] ?? 0).toBe(skips.length)
          }
        }),
        { seed: 42, numRuns: 50 },
      )
    })
  })
}

/**
 * The same, and what a format promises that is written line by line: a line that is broken is named and harms no other, and
 * a file that ends in the middle of a line is read up to there. `runs` is the number of runs, all of which end by themselves.
 */
export function describeLines(importer: Importer, sample: URL, runs: number): void {
  const file = sample.pathname.split('/').at(-1) ?? ''
  const lines = readFileSync(sample, 'utf8').trimEnd().split('\n')
  const importText = (content: string): Imported[] => [...importer.read(sourceOf(file, content))]
  describeSample(importer, sample, runs)

  describe(`importer ${importer.name}`, () => {
    it.each(['null', '0', '"lines"', '{}', '[]', '{"type":1}', '{"a":'])('refuses or names %s', (other) => {
      expect(importer.detect(sourceOf(file, other))).toBe(false)
      const found = outcomeOf(() => importText(other))
      expect('code' in found || problemsOf(found.items).some(({ action }) => action === 'skipped')).toBe(true)
    })

    it('names a line that is none, and reads the others', () => {
      const whole = tracesOf(importText(lines.join('\n')))
      fc.assert(
        fc.property(
          fc.nat({ max: lines.length }),
          fc.constantFrom('{"a":', 'x', '{"__proto__":{}}', '['.repeat(300)),
          (at, broken) => {
            const found = importText(lines.toSpliced(at, 0, broken).join('\n'))
            expect(tracesOf(found).map(({ spans }) => spans)).toEqual(whole.map(({ spans }) => spans))
            expect(problemsOf(found)).toContainEqual(
              expect.objectContaining({ action: 'skipped', at: `line ${at + 1}` }),
            )
          },
        ),
        { seed: 42, numRuns: 30 },
      )
    })

    it('reads what can be read of lines that are changed, and makes only valid traces', () => {
      fc.assert(
        fc.property(mutations, (changes) => {
          const list: unknown[] = lines.map((line) => JSON.parse(line))
          for (const change of changes) mutate(list, change)
          const found = outcomeOf(() => importText(list.map((line) => JSON.stringify(line)).join('\n')))
          expect('code' in found ? found.code : 'EVK_SCHEMA').toBe('EVK_SCHEMA')
          const items = 'items' in found ? found.items : []
          for (const trace of tracesOf(items)) recordFrom(traceSchema, trace, { file }, 'trace')
          expect(problemsOf(items).every(({ at, reason }) => at !== '' && reason !== '')).toBe(true)
        }),
        { seed: 42, numRuns: 100 },
      )
    })
  })
}

function sourceOf(file: string, text: string) {
  return sourceFrom(file, new TextEncoder().encode(text))
}

function tracesOf(found: readonly Imported[]): Trace[] {
  return found.flatMap((item) => ('trace' in item ? [item.trace] : []))
}

function problemsOf(found: readonly Imported[]) {
  return found.flatMap((item) => ('problem' in item ? [item.problem] : []))
}

/** Only our own errors are an answer; anything else is a bug and comes out of here. */
function outcomeOf(read: () => Imported[]): { readonly items: Imported[] } | { readonly code: string } {
  try {
    return { items: read() }
  } catch (error) {
    if (EvalkitError.is(error)) return { code: error.code }
    throw error
  }
}

function codeOf(read: () => Imported[]): string {
  const found = outcomeOf(read)
  return 'code' in found ? found.code : 'no error'
}

/** The spans of a trace by the agent they are of: one that a call started speaks for itself. */
function byAgent({ spans }: Trace): readonly (readonly Span[])[] {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const agentOf = ({ parent }: Span): string => {
    const above = byId.get(parent ?? '')
    // A step of an agent is no agent.
    return above?.kind === 'custom' ? agentOf(above) : (above?.id ?? '')
  }
  return [...Map.groupBy(spans, agentOf).values()]
}

function asData(response: unknown): unknown {
  const read = typeof response === 'string' ? readJson(response) : undefined
  return read?.ok === true ? read.value : response
}

/** Results by call id, in the order the agent saw them, as far as a later request shows them. */
function resultsById(spans: readonly Span[]): Map<string, unknown[]> {
  const last = spans.findLast((span) => span.kind === 'llm')
  const results = new Map<string, unknown[]>()
  for (const message of last?.kind === 'llm' ? last.request.messages : []) {
    for (const part of message.parts) {
      if (part.type !== 'tool_call_response') continue
      results.set(part.id, [...(results.get(part.id) ?? []), part.response])
    }
  }
  return results
}

interface Mutation {
  readonly row: number
  readonly node: number
  readonly change: unknown
}

/** What people and broken programs write where something else belongs. `undefined` takes the member away. */
const changes = [
  undefined,
  null,
  0,
  -1,
  1e308,
  0.5,
  true,
  '',
  'x',
  '###STOP###',
  '{"a":',
  '{"__proto__":{"polluted":1}}',
  '['.repeat(300),
  [],
  [null],
  [[]],
  {},
  { role: 'assistant' },
  { constructor: { prototype: 1 } },
  { toString: 1, valueOf: 1 },
] as const

const mutations = fc.array(
  fc.record<Mutation>({ row: fc.nat(), node: fc.nat(), change: fc.constantFrom(...changes) }),
  { minLength: 1, maxLength: 4 },
)

/** Replaces one member of one run, anywhere in it. */
function mutate(list: unknown[], { row, node, change }: Mutation): void {
  const places: { holder: Record<string, unknown> | unknown[]; key: string }[] = []
  collect(list[row % list.length], places)
  const place = places[node % places.length]
  if (place === undefined) return
  if (Array.isArray(place.holder)) place.holder[Number(place.key)] = change ?? null
  else place.holder[place.key] = change
}

function collect(
  value: unknown,
  places: { holder: Record<string, unknown> | unknown[]; key: string }[],
): void {
  if (typeof value !== 'object' || value === null) return
  const holder = value as Record<string, unknown> | unknown[]
  for (const [key, member] of Object.entries(holder)) {
    places.push({ holder, key })
    collect(member, places)
  }
}
