import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { gradeOf } from '../../schema/grade.ts'
import { recordFrom } from '../../schema/read.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { detectImporter } from './detect.ts'
import { evalkitSpool } from './evalkit-spool.ts'
import { openFolder } from './folder.ts'
import type { Imported, ReadOptions, Source } from './importer.ts'
import { sourceFrom } from './source.ts'

const sample = readFileSync(new URL('./evalkit-spool.sample.jsonl', import.meta.url), 'utf8')
const lines = sample.trimEnd().split('\n')
const [support, proxy] = ['t_1f0c2b7a9d3e4c5f6a7b', 't_8e7d6c5b4a39281706f5']
const folder = mkdtempSync(join(tmpdir(), 'evalkit-spool-'))
afterAll(() => rmSync(folder, { recursive: true }))

function sourceOf(text: string | Uint8Array, file = 'a.jsonl'): Source {
  return sourceFrom(file, typeof text === 'string' ? new TextEncoder().encode(text) : text)
}

function read(source: Source, options?: ReadOptions) {
  const found: Imported[] = [...evalkitSpool.read(source, options)]
  const traces = found.flatMap((item) => ('trace' in item ? [item.trace] : []))
  for (const trace of traces) recordFrom(traceSchema, trace, {}, 'trace')
  return { traces, problems: found.flatMap((item) => ('problem' in item ? [item.problem] : [])) }
}

const whole = read(sourceOf(sample)).traces

function spoolFolder(name: string, files: Readonly<Record<string, string>>): Source {
  const path = mkdtempSync(join(folder, name))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
  return openFolder(path)
}

describe('a spool', () => {
  it('holds interleaved runs, each with its own records', () => {
    expect(whole.map(({ id, name, ended }) => [id, name, ended])).toEqual([
      [support, 'support', undefined],
      [proxy, 'proxy', 'idle'],
    ])
    expect(whole.map(gradeOf).map(({ grade }) => grade)).toEqual(['A', 'B'])
    expect(read(sourceOf(sample)).problems).toEqual([])
  })

  it('shows the tools of a run whose tools nobody tapped', () => {
    const kinds = (trace: Trace | undefined) => trace?.spans.map(({ id, kind }) => `${id} ${kind}`)
    expect(kinds(whole[0])).toEqual(['s1 agent', 's2 llm', 's3 tool', 's4 llm'])
    expect(kinds(whole[1])).toEqual(['s1 agent', 's2 llm', 's2.1 tool', 's3 llm'])
  })

  it('may be spread over the files of a folder, in parts that go on where the last one ended', () => {
    const parts = Object.fromEntries(
      lines.map((line, at) => [at === 0 ? 'x.jsonl' : `x.${at}.jsonl`, `${line}\n`]),
    )
    const source = spoolFolder('parts', { ...parts, 'notes.txt': 'not ours' })
    expect(detectImporter(source)).toBe(evalkitSpool)
    const { traces, problems } = read(source)
    expect(problems).toEqual([])
    const at = (list: readonly Trace[]) => list.map((trace) => ({ ...trace, source: {} }))
    expect(at(traces)).toEqual(at(whole))
  })

  it('is read as far as it had grown when it was opened', () => {
    const path = mkdtempSync(join(folder, 'growing'))
    writeFileSync(join(path, 'a.jsonl'), `${lines.slice(0, 3).join('\n')}\n`)
    const source = openFolder(path)
    writeFileSync(join(path, 'a.jsonl'), sample)
    expect(read(source).traces).toEqual([])
  })
})

describe('a spool that is damaged', () => {
  it('loses only the line it was cut off in, and names it', () => {
    const { traces, problems } = read(sourceOf(sample.slice(0, -40)), { unfinished: true })
    expect(traces).toHaveLength(2)
    expect(traces[0]).toEqual(whole[0])
    expect(problems).toEqual([
      {
        action: 'skipped',
        at: `line ${lines.length}`,
        reason: expect.stringMatching(/^it is not JSON: at column/),
      },
    ])
  })

  it.each([
    ['garbage', 'garbage', /not JSON/],
    ['zero bytes, as a crash of the machine leaves', '\0'.repeat(64), /not text/],
    ['a prototype', '{"v":1,"type":"end","__proto__":{"admin":true}}', /key "__proto__"/],
    ['deep nesting', '['.repeat(100_000), /nests 100000 levels deep/],
    ['a record of another program', '{"level":"info"}', /no record of a spool/],
    ['a record of a newer evalkit', '{"v":2,"type":"span"}', /newer evalkit/],
    ['a list', '[]', /no record of a spool/],
    ['nothing at all', 'null', /no record of a spool/],
  ])('loses only a line of %s', (_, bad, reason) => {
    const { traces, problems } = read(sourceOf([...lines.slice(0, 4), bad, ...lines.slice(4)].join('\n')))
    expect(traces).toEqual(whole)
    expect(problems).toEqual([{ action: 'skipped', at: 'line 5', reason: expect.stringMatching(reason) }])
  })

  it.each(['{"toString":1,"valueOf":1}', '[]', 'null', '1'])('loses only a line whose type is %s', (type) => {
    const odd = `{"v":1,"trace":"t_00000000000000000000","type":${type}}`
    const source = () => sourceOf([odd, ...lines].join('\n'))
    expect(evalkitSpool.detect(source())).toBe(true)
    expect(read(source()).problems[0]).toMatchObject({ action: 'skipped', at: 'line 1' })
    expect(read(source()).traces).toEqual(whole)
  })

  it('loses only a line that is no text', () => {
    const encoder = new TextEncoder()
    const bytes = Buffer.concat([
      encoder.encode(`${lines[0]}\n`),
      Buffer.from([0xff, 0xfe, 0x0a]),
      encoder.encode(lines.slice(1).join('\n')),
    ])
    const { traces, problems } = read(sourceOf(bytes))
    expect(traces).toEqual(whole)
    expect(problems.map(({ at }) => at)).toEqual(['line 2'])
  })

  const numbered = lines.map((line, at) => {
    const { type, trace } = JSON.parse(line) as { type: string; trace: string }
    return { number: at + 1, type, trace }
  })
  const frames = numbered.filter(({ type }) => type === 'start' || type === 'end')
  const others = numbered.filter(({ type }) => type !== 'start' && type !== 'end')

  const without = (number: number) => read(sourceOf(lines.filter((_, at) => at !== number - 1).join('\n')))

  it.each(frames)('without line $number, a $type, leaves its run out and names it', ({ number, trace }) => {
    const { traces, problems } = without(number)
    expect(traces).toEqual(whole.filter(({ id }) => id !== trace))
    expect(problems).toHaveLength(1)
    expect(problems[0]?.reason).toMatch(/start of the run is not|has not ended/)
  })

  it.each(others)('without line $number, a $type, has no run that passes for whole', ({ number, trace }) => {
    const { traces } = without(number)
    const grades = (list: readonly Trace[]) => list.filter(({ id }) => id === trace).map(gradeOf)
    expect(grades(traces)).not.toEqual(grades(whole))
    expect(traces.filter(({ id }) => id !== trace)).toEqual(whole.filter(({ id }) => id !== trace))
  })

  it('tells what a recorder dropped, and doubts every run that was under way', () => {
    const dropped = lines.map((line, at) => (at === 4 ? line.replace('{"v":1', '{"v":1,"dropped":3') : line))
    const later = lines.map((line) => line.replaceAll(support, 't_later').replaceAll(proxy, 't_last'))
    const { traces, problems } = read(sourceOf([...dropped, ...later].join('\n')))
    const reason = '3 records are missing that may be of this run: nobody can say that it is whole'
    expect(problems.toSorted((a, b) => (a.at < b.at ? -1 : 1))).toEqual([
      { action: 'repaired', at: `line 1, trace ${support}`, reason },
      { action: 'repaired', at: `line 2, trace ${proxy}`, reason },
    ])
    const grades = new Map(traces.map((trace) => [trace.id, gradeOf(trace)]))
    for (const id of [support, proxy]) {
      expect(grades.get(id)).toEqual({ grade: 'C', missing: ['3 records that were dropped while recording'] })
    }
    for (const id of ['t_later', 't_last']) expect(grades.get(id)?.grade).not.toBe('C')
  })

  it('skips a run whose records make no trace', () => {
    const broken = lines.map((line, at) =>
      at === 4 ? line.replace(/"reply":\{.*?\},"attempts"/, '"reply":null,"attempts"') : line,
    )
    const { traces, problems } = read(sourceOf(broken.join('\n')))
    expect(traces.map(({ id }) => id)).toEqual([proxy])
    expect(problems).toMatchObject([{ action: 'skipped', at: `line 1, trace ${support}` }])
  })

  it('never throws, and accounts for every run, whatever is done to a line', () => {
    const values = fc.constantFrom(null, 0, 1e308, '', 'x', [], {}, { __proto__: null }, [[]], true)
    fc.assert(
      fc.property(fc.nat(), fc.nat(), values, (line, member, value) => {
        const at = line % lines.length
        const record = JSON.parse(lines[at] ?? '') as Record<string, unknown>
        const holder = (record.span as Record<string, unknown> | undefined) ?? record
        const into = member % 2 === 0 || typeof holder !== 'object' ? record : holder
        const keys = Object.keys(into)
        into[keys[member % keys.length] ?? ''] = value
        const text = lines.map((one, index) => (index === at ? JSON.stringify(record) : one)).join('\n')
        const { traces, problems } = read(sourceOf(text))
        expect(
          traces.length + problems.filter(({ action }) => action === 'skipped').length,
        ).toBeGreaterThanOrEqual(2)
      }),
      { seed: 42, numRuns: 300 },
    )
  })
})

describe('a run that has not ended', () => {
  const cut = lines.filter((line) => !line.includes('"type":"end"')).join('\n')

  it('is left for a later import, and named', () => {
    const { traces, problems } = read(sourceOf(cut))
    expect(traces).toEqual([])
    expect(problems.map(({ at }) => at)).toEqual([`line 1, trace ${support}`, `line 2, trace ${proxy}`])
    expect(problems[0]?.reason).toContain('--unfinished')
  })

  it('is taken where it is asked for, under an id that leaves room for the whole of it', () => {
    const { traces } = read(sourceOf(cut), { unfinished: true })
    expect(traces.map(({ id }) => id)).toEqual([
      expect.stringMatching(new RegExp(`^${support}\\.unfinished-[0-9a-f]{8}$`)),
      expect.stringMatching(new RegExp(`^${proxy}\\.unfinished-[0-9a-f]{8}$`)),
    ])
    expect(traces[0]).toMatchObject({ status: 'error', ended: 'unfinished' })
    expect(gradeOf(traces[0] as Trace)).toMatchObject({ grade: 'C', missing: ['the end of the run'] })
    expect(read(sourceOf(cut), { unfinished: true }).traces).toEqual(traces)
    const more = read(sourceOf(lines.slice(0, 3).join('\n')), { unfinished: true }).traces
    expect(more[0]?.id).not.toBe(traces[0]?.id)
  })
})
