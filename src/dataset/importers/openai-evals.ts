import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import type { Case } from '../../schema/case.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { type Message, role } from '../../schema/message.ts'
import { issueLines } from '../../schema/read.ts'
import { caseIds } from './case-ids.ts'
import type { DatasetImporter, ImportedCase } from './importer.ts'
import { valuesOf } from './source.ts'

const source = 'openai-evals'

/**
 * Samples of OpenAI Evals: JSON lines of `input` (a text or chat messages) and `ideal` (a text, or texts of which any is
 * right), as docs/build-eval.md and docs/eval-templates.md of https://github.com/openai/evals describe them. How `ideal`
 * is compared (Match: the answer begins with it; Includes; FuzzyMatch) stands in another file and is not known here.
 */
export const openaiEvals: DatasetImporter = {
  name: source,
  description: 'Samples of OpenAI Evals: JSON lines of `input` and `ideal`.',
  looksFor: 'JSON lines of which each has "input" (a text or chat messages) and, mostly, "ideal"',
  detect(file) {
    if (file.kind !== 'jsonl') return false
    const values = valuesOf(file)
    return values.length > 0 && values.slice(0, 20).every((one) => sample.safeParse(one).success)
  },
  *read(file) {
    if (file.kind !== 'jsonl') {
      throw new EvalkitError('EVK_SCHEMA', 'Samples of OpenAI Evals are JSON lines (.jsonl).', {
        at: { file: file.file },
      })
    }
    const idOf = caseIds('sample')
    for (const { line, value } of file.lines()) {
      const read = sample.safeParse(value)
      if (read.success) yield* casesOf(read.data, line, file.file, idOf)
      else {
        const [why = 'it is no sample'] = issueLines(read.error)
        yield { left: { line, what: 'sample', why: `not one of OpenAI Evals: ${why}` } }
      }
    }
  },
}

const chatMessage = z.looseObject({
  role: role.or(z.literal('developer')),
  content: z.string(),
  name: z.string().optional(),
})

const sample = z.looseObject({
  input: z.union([z.string(), z.array(chatMessage).min(1)]),
  ideal: z.union([z.string(), z.array(z.string())]).optional(),
})

function* casesOf(
  { input, ideal, ...others }: z.infer<typeof sample>,
  line: number | undefined,
  file: string,
  idOf: (name: string | undefined, asked: unknown) => string,
): Iterable<ImportedCase> {
  for (const key of Object.keys(others)) {
    yield {
      left: {
        line,
        what: `key "${key.slice(0, 60)}"`,
        why: 'only a template of that eval knows what it is for',
      },
    }
  }
  if (Array.isArray(input)) {
    const more = new Set(
      input.flatMap((one) => Object.keys(one).filter((key) => !['role', 'content', 'name'].includes(key))),
    )
    for (const key of more) {
      yield {
        left: { line, what: `key "${key.slice(0, 60)}" of a message`, why: 'a message is a role and a text' },
      }
    }
  }
  const right = typeof ideal === 'string' ? [ideal] : (ideal ?? [])
  const [only, ...alternatives] = right
  if (alternatives.length > 0) {
    const why =
      'any of them is right, and `expected` is one: they stand in the note; ask contains({ texts, match: "any" })'
    yield { left: { line, what: '"ideal" with several answers', why } }
  }
  const made: Case = {
    v: 1,
    id: idOf(undefined, input),
    ...(typeof input === 'string' ? { input } : { messages: input.map(messageOf) }),
    ...defined({ expected: alternatives.length === 0 ? only : undefined }),
    tags: [],
    source: { traces: [], importedFrom: `${source}: ${file}` },
    ...(alternatives.length === 0 ? {} : { note: `ideal, any of: ${right.join(' | ')}` }),
  }
  yield { case: made }
}

function messageOf({ role: of, content, name }: z.infer<typeof chatMessage>): Message {
  return {
    role: of === 'developer' ? 'system' : of,
    ...defined({ name }),
    parts: [{ type: 'text', content }],
  }
}
