import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { spansOf } from '../src/collect/testing/spans.ts'
import { encodedSpan } from './otlp/spans.ts'
import { traceRequest } from '../src/capture/otlp/testing/proto-writer.ts'

import { measure, workspace } from './trivial.ts'

const evalkit = join(dirname(import.meta.dirname), 'bin', 'evalkit.mjs')

/**
 * `evalkit import` of files of runs that are spread over their lines, each the sample of its format again and again with ids
 * of its own: time and peak memory of the whole process, at three sizes.
 */
const sizes = [20, 100, 250]

/** Marks in a sample that tell its runs from others: they become others in each copy. */
const marks: Readonly<Record<string, RegExp>> = {
  langsmith: /01a1fcb4/g,
  langfuse: /fee618f9(?=[0-9a-f]{24})/g,
  'openai-agents': /(?<=(?:trace|span)_)[0-9a-f]{8}/g,
  otlp: /8a101861(?=[0-9a-f]{24})/g,
  mcp: /(?!)/g,
}

const lists: Readonly<Record<string, string>> = {
  langsmith: 'langsmith.sample.json',
  langfuse: 'langfuse.sample.json',
  'openai-agents': 'openai-agents.sample.json',
  otlp: 'otlp-openinference.sample.json',
  mcp: 'mcp.sample.jsonl',
}

/** The lines of the `n`th copy of a sample. */
function linesOf(format: string): (n: number) => string {
  const text = readFileSync(
    new URL(`../src/capture/importers/${lists[format] ?? ''}`, import.meta.url),
    'utf8',
  )
  const rows = text.startsWith('{"ts"')
    ? text.trim().split('\n')
    : rowsIn(JSON.parse(text)).map((row) => JSON.stringify(row))
  const lines = `${rows.join('\n')}\n`
  const mark = marks[format] ?? /(?!)/g
  return (n) => {
    const other = (n + 0x10000000).toString(16).slice(-8)
    return lines.replaceAll(mark, other)
  }
}

function rowsIn(sample: unknown): readonly unknown[] {
  if (Array.isArray(sample)) return sample
  const { data } = sample as { readonly data?: unknown }
  return Array.isArray(data) ? data : [sample]
}

/** A request of two runs with its length before it, as the file exporter of a collector writes them. */
function framesOf(n: number): Buffer {
  const request = traceRequest([...spansOf(2 * n), ...spansOf(2 * n + 1)].map(encodedSpan))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(request.length)
  return Buffer.concat([length, request])
}

export function run(): void {
  const dir = workspace()
  try {
    for (const format of [...Object.keys(lists), 'otlp in protobuf']) {
      const copy = format in lists ? linesOf(format) : framesOf
      const file = join(dir, format in lists ? 'runs.jsonl' : 'runs.pb')
      for (const size of sizes) {
        write(file, copy, size * 1e6)
        const { wallMs, peakMiB } = measure([evalkit, 'import', file, '--store', `${size}.db`, '--json'], dir)
        console.log(
          `${format}, ${(statSync(file).size / 1e6).toFixed(0)} MB: ${(wallMs / 1000).toFixed(1)} s, ${peakMiB.toFixed(0)} MiB at the peak`,
        )
        rmSync(join(dir, `${size}.db`))
      }
      rmSync(file)
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function write(file: string, copy: (n: number) => string | Buffer, bytes: number): void {
  const to = openSync(file, 'w')
  for (let n = 0, written = 0; written < bytes; n++) written += writeSync(to, Buffer.from(copy(n)))
  closeSync(to)
}

if (import.meta.main) run()
