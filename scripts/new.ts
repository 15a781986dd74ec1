import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * `npm run new check <name>`, `npm run new importer <name>`: writes the new member, what proves it, and its line in
 * the registry. What it writes works at once and does something small; change it into what you want.
 */

/** Files to write, by their path from the root. */
export type Scaffold = Readonly<Record<string, string>>
type Read = (path: string) => string

const kinds: Readonly<Record<string, (name: string, read: Read) => Scaffold>> = {
  check: newCheck,
  importer: newImporter,
}

/** What a new member consists of: its own files, and the registries with their new lines. Throws on a bad name. */
export function scaffold(kind: string, name: string, read: Read): Scaffold {
  const make = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (make === undefined) {
    throw new Error(`There is nothing to scaffold for "${kind}"; there is ${Object.keys(kinds).join(', ')}.`)
  }
  if (!/^[a-z][a-z0-9]*([A-Z][a-z0-9]*|-[a-z0-9]+)*$/.test(name)) {
    throw new Error(`"${name}" is no name: write it likeThis or like-this, starting with a letter.`)
  }
  return make(name, read)
}

function newCheck(given: string, read: Read): Scaffold {
  const name = camel(given)
  const file = kebab(given)
  const index = 'src/score/checks/index.ts'
  const member = `import * as z from 'zod'
import { defineCheck } from '../define-check.ts'
import { outputText } from '../evidence.ts'
import { subjectOf } from '../subject.ts'

export const ${name} = defineCheck({
  name: '${name}',
  group: 'answer',
  description: 'The answer is no longer than allowed.',
  params: z.strictObject({
    characters: z.number().int().positive().default(2000).describe('Characters allowed.'),
  }),
  examples: [
    {
      title: 'A short answer.',
      params: { characters: 20 },
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'pass',
    },
    {
      title: 'The reason says how long the answer is.',
      params: { characters: 10 },
      subject: subjectOf({ output: 'Refund issued.' }),
      expect: 'fail',
      says: '14 characters, 10 allowed',
    },
    {
      title: 'Without an answer nothing can be said.',
      params: {},
      subject: subjectOf({}),
      expect: 'unscored',
      says: 'no output',
    },
  ],
  answer({ outcome }, { characters }) {
    const text = outputText(outcome)
    if (text === undefined) return { unscored: 'there is no output' }
    return {
      value: text.length <= characters ? 1 : 0,
      reason: \`\${text.length} characters, \${characters} allowed\`,
    }
  },
})
`
  let list = read(index)
  list = insertSorted(list, /^import \{ .*\} from '\.\//, `import { ${name} } from './${file}.ts'`, specifier)
  list = insertSorted(list, /^ {2}\w+,$/, `  ${name},`, (line) => line, /^export const checks = \{$/)
  list = insertSorted(list, /^ {2}\w+,$/, `  ${name},`, (line) => line, /^export \{$/)
  return { [`src/score/checks/${file}.ts`]: member, [index]: list }
}

function newImporter(given: string, read: Read): Scaffold {
  const format = kebab(given)
  const name = camel(given)
  const index = 'src/capture/importers/index.ts'
  const test = 'src/capture/importers/importers.test.ts'
  const member = `import * as z from 'zod'
import { EvalkitError } from '../../schema/errors.ts'
import { json } from '../../schema/json.ts'
import { textOf } from '../../schema/message.ts'
import { pathText } from '../../schema/read.ts'
import type { Conversation, ConversationItem } from './conversation.ts'
import { callPart, chatContent, documentIn, partsOf } from './foreign.ts'
import type { Importer, Source } from './importer.ts'
import { type Converted, importRows, type RowContext } from './rows.ts'

/** Runs of ${format}: a JSON list of \`{ format: "${format}", id, turns }\`. */
export const ${name}: Importer = {
  name: '${format}',
  description: 'Runs of ${format}: turns of a user, an agent and its tools.',
  looksFor: 'a JSON list of runs with "format": "${format}" and "turns"',

  detect(source) {
    const document = documentIn(source)
    return Array.isArray(document) && document.some((row) => sign.safeParse(row).success)
  },

  read: (source) =>
    importRows(runsOf(source), { place: [], schema: run, convert: (it, at) => convert(it, at, source) }),
}

const sign = z.looseObject({ format: z.literal('${format}'), turns: json })

const turn = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('user'), content: chatContent }),
  z.looseObject({
    role: z.literal('assistant'),
    content: chatContent,
    calls: z.array(z.looseObject({ id: z.string(), name: z.string(), arguments: json })).nullish(),
  }),
  z.looseObject({ role: z.literal('tool'), id: z.string(), content: json }),
])

const run = z.looseObject({ id: z.string().min(1), turns: z.array(turn).min(1) })

function runsOf(source: Source): readonly unknown[] {
  const document = source.document()
  if (Array.isArray(document)) return document
  throw new EvalkitError('EVK_SCHEMA', \`This is not \${${name}.looksFor}.\`, { at: { file: source.file } })
}

function convert(record: z.infer<typeof run>, context: RowContext, source: Source): Converted {
  const items = record.turns.map((it, index) => itemOf(it, pathText([...context.place, 'turns', index])))
  const first = items.find((item) => item.kind === 'user')
  const conversation: Conversation = {
    name: ${name}.name,
    source: { format: ${name}.name, at: \`\${source.file}#\${context.index}\` },
    status: 'ok',
    input: first?.kind === 'user' ? textOf(first.message) : undefined,
    task: { id: record.id },
    trial: context.attempts(record.id),
    request: {},
    items,
    dialogue: { stopTexts: [], stopTools: [], user: true },
  }
  return { conversation, repairs: [] }
}

function itemOf(it: z.infer<typeof turn>, at: string): ConversationItem {
  switch (it.role) {
    case 'user':
      return { kind: 'user', at, message: { role: 'user', parts: partsOf(it.content) } }
    case 'assistant': {
      const calls = (it.calls ?? []).map((call) => callPart({ ...call, malformed: false }))
      const parts = [...partsOf(it.content), ...calls]
      return { kind: 'assistant', at, message: { role: 'assistant', parts } }
    }
    case 'tool':
      return { kind: 'result', at, id: it.id, response: it.content, isError: false }
  }
}
`
  const sample = [sampleRun(format, 'refund-42', 'o_42'), sampleRun(format, 'refund-43', 'o_43')]
  const entry = format === name ? `  ${name},` : `  '${format}': ${name},`
  let list = read(index)
  list = insertSorted(
    list,
    /^import \{ .*\} from '\.\//,
    `import { ${name} } from './${format}.ts'`,
    specifier,
  )
  list = insertLast(list, /^ {2}('[\w-]+': )?\w+,$/, entry)
  let proof = read(test)
  proof = insertSorted(
    proof,
    /^import \{ .*\} from '\.\//,
    `import { ${name} } from './${format}.ts'`,
    specifier,
  )
  proof = `${proof.trimEnd()}\ndescribeImporter(${name}, new URL('./${format}.sample.json', import.meta.url), listIn)\n`
  return {
    [`src/capture/importers/${format}.ts`]: member,
    [`src/capture/importers/${format}.sample.json`]: `${JSON.stringify(sample, null, 1)}\n`,
    [index]: list,
    [test]: proof,
  }
}

function sampleRun(format: string, id: string, order: string): object {
  return {
    format,
    id,
    turns: [
      { role: 'user', content: `Please refund order ${order}.` },
      { role: 'assistant', content: null, calls: [{ id: 'c1', name: 'refund', arguments: { order } }] },
      { role: 'tool', id: 'c1', content: { refunded: true } },
      { role: 'assistant', content: `Order ${order} is refunded.` },
    ],
  }
}

/** The text with a line more among its lines of the kind `like`, in order of `key`; only below `after`, if given. */
function insertSorted(
  text: string,
  like: RegExp,
  line: string,
  key: (line: string) => string,
  after: RegExp = /^/,
): string {
  const lines = text.split('\n')
  const start = lines.findIndex((candidate) => after.test(candidate))
  const first = start === -1 ? -1 : lines.findIndex((candidate, at) => at >= start && like.test(candidate))
  if (first === -1)
    throw new Error(`No place for "${line.trim()}": the registry looks different from what new.ts knows.`)
  let at = first
  for (let next = lines[at]; next !== undefined && like.test(next) && key(next) < key(line); next = lines[at])
    at++
  return lines.toSpliced(at, 0, line).join('\n')
}

/** The text with a line more below its last line of the kind `like`. */
function insertLast(text: string, like: RegExp, line: string): string {
  const lines = text.split('\n')
  const last = lines.findLastIndex((candidate) => like.test(candidate))
  if (last === -1)
    throw new Error(`No place for "${line.trim()}": the registry looks different from what new.ts knows.`)
  return lines.toSpliced(last + 1, 0, line).join('\n')
}

function specifier(line: string): string {
  return /from '(.+)'/.exec(line)?.[1] ?? ''
}

function camel(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function main(root: string, [kind = '', name = '']: readonly string[]): void {
  const files = scaffold(kind, name, (path) => readFileSync(join(root, path), 'utf8'))
  const own = Object.keys(files).filter((path) => path.includes(`/${kebab(name)}.`))
  const taken = own.find((path) => existsSync(join(root, path)))
  if (taken !== undefined) throw new Error(`${taken} is there already.`)
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(root, path), text)
    console.log(`${own.includes(path) ? 'wrote  ' : 'changed'}  ${path}`)
  }
  // Names are longer and shorter than those the templates were written with.
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const written = Object.keys(files).map((path) => join(root, path))
  execFileSync(process.execPath, [biome, 'format', '--write', ...written], { cwd: root, stdio: 'ignore' })
  console.log('Now make it yours, and run: npm run check')
}

if (process.argv[1] === import.meta.filename) {
  try {
    main(dirname(import.meta.dirname), process.argv.slice(2))
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\n  hint  npm run new check <name>, npm run new importer <name>`,
    )
    process.exitCode = 2
  }
}
