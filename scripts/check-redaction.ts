import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createRedactor } from '../src/lib/redact.ts'
import { leaks, lookAlikes, personal, shapeCount, survives } from '../test/support/redaction-corpus.ts'

/**
 * `node scripts/check-redaction.ts <folder of real traces> [--pii]`: recall and precision of redaction on the corpus,
 * every hit in the folder's JSON, JSONL and text with what stands around it, and how fast it was. What it prints of a
 * hit may be a secret: it is for data that is public already.
 */

const [folder, ...flags] = process.argv.slice(2)
const pii = flags.includes('--pii')

console.log(corpus())
if (folder === undefined) console.log('No folder of real traces was given.')
else traces(folder)

function corpus(): string {
  const all = leaks()
  const missed = all.filter(({ secret, value }) => survives(secret, createRedactor().json(value)))
  const hurt = lookAlikes.filter(({ value }) => createRedactor().json(value) !== value)
  const unseen = personal.filter(({ secret, value }) =>
    survives(secret, createRedactor({ pii: true }).json(value)),
  )
  const found = all.length - missed.length
  const names = (list: readonly { readonly name: string }[]): string =>
    list.map(({ name }) => `\n  ${name}`).join('')
  return [
    `${shapeCount} shapes of secrets in ${all.length} places, ${lookAlikes.length} look-alikes`,
    `recall     ${found}/${all.length} = ${((100 * found) / all.length).toFixed(1)} %${names(missed)}`,
    `precision  ${found}/${found + hurt.length} = ${((100 * found) / (found + hurt.length)).toFixed(1)} %${names(hurt)}`,
    `personal   ${personal.length - unseen.length}/${personal.length}${names(unseen)}`,
  ].join('\n')
}

function traces(root: string): void {
  const totals = new Map<string, { files: number; bytes: number; hits: number }>()
  const kinds = new Map<string, number>()
  let [cold, warm] = [0, 0]
  for (const file of filesIn(root)) {
    const text = readFileSync(file, 'utf8')
    if (text.includes('\0')) continue
    const redactor = createRedactor({ pii })
    const values = valuesOf(file, text)
    const start = performance.now()
    for (const value of values) redactor.json(value)
    const middle = performance.now()
    for (const value of values) redactor.json(value)
    cold += middle - start
    warm += performance.now() - middle
    const source = relative(root, file).split('/', 1)[0] ?? ''
    const total = totals.get(source) ?? { files: 0, bytes: 0, hits: 0 }
    const hits = values.flatMap((value) => leavesThatChange(value))
    totals.set(source, {
      files: total.files + 1,
      bytes: total.bytes + Buffer.byteLength(text),
      hits: total.hits + hits.length,
    })
    for (const hit of hits) {
      const kind = /<redacted:([a-z0-9-]+)/.exec(hit.after)?.[1] ?? '?'
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      console.log(`${relative(root, file)}  ${hit.at}\n  - ${hit.before}\n  + ${hit.after}`)
    }
  }
  const bytes = [...totals.values()].reduce((sum, total) => sum + total.bytes, 0)
  for (const [source, total] of totals)
    console.log(`${source.padEnd(20)} ${(total.bytes / 1e6).toFixed(2).padStart(7)} MB  ${total.hits} hits`)
  console.log(`${(bytes / 1e6).toFixed(1)} MB, kinds ${JSON.stringify(Object.fromEntries(kinds))}`)
  console.log(
    `cold ${(bytes / cold / 1e3).toFixed(0)} MB/s, warm ${(bytes / warm / 1e3).toFixed(0)} MB/s (parsing apart)`,
  )
}

/** Records of a JSONL file, the document of a JSON file, else the text. */
function valuesOf(file: string, text: string): unknown[] {
  const parsed = (json: string): unknown => {
    try {
      return JSON.parse(json)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      return json
    }
  }
  return /\.(?:jsonl|ndjson)$/.test(file) ? text.split('\n').map(parsed) : [parsed(text)]
}

/** Each text that redaction changes, with what differs and a little around it. */
function leavesThatChange(value: unknown): { at: string; before: string; after: string }[] {
  const redactor = createRedactor({ pii })
  const out: { at: string; before: string; after: string }[] = []
  const compare = (before: unknown, after: unknown, at: string): void => {
    if (before === after) return
    if (typeof before === 'object' && typeof after === 'object' && before !== null && after !== null) {
      const names = new Set([...Object.keys(before), ...Object.keys(after)])
      for (const name of names)
        compare(
          (before as Readonly<{ [name: string]: unknown }>)[name],
          (after as Readonly<{ [name: string]: unknown }>)[name],
          `${at}.${name}`,
        )
      return
    }
    const [a, b] = [String(before), String(after)]
    let from = 0
    while (from < a.length && a[from] === b[from]) from++
    out.push({ at, before: excerpt(a, from), after: excerpt(b, from) })
  }
  compare(value, redactor.json(value), '')
  return out
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - 50), at + 90))
}

function* filesIn(path: string): Generator<string> {
  const stat = lstatSync(path)
  if (stat.isFile() && stat.size < 64e6) yield path
  else if (stat.isDirectory()) for (const name of readdirSync(path).sort()) yield* filesIn(join(path, name))
}
