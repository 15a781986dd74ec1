import * as z from 'zod'
import { sameJson } from '../../lib/json.ts'
import type { Reference } from '../../schema/case.ts'
import type { Json } from '../../schema/json.ts'
import { oneLine } from '../../lib/text.ts'

/** What the assertions of a test say of a right answer, as a case says it. */
export interface Expectations {
  readonly expected: Json | undefined
  readonly reference: Reference | undefined
  /** What only a judge could ask. */
  readonly notes: readonly string[]
  readonly left: readonly { readonly what: string; readonly why: string }[]
}

const assertion = z.looseObject({
  type: z.string().min(1).max(100),
  value: z.unknown().optional(),
  threshold: z.number().optional(),
  transform: z.unknown().optional(),
  assert: z.array(z.unknown()).optional(),
})

/** Sets within sets. */
const deepest = 5

/**
 * Assertions (https://www.promptfoo.dev/docs/configuration/expected-outputs) as expectations. `fillIn` puts variables into
 * a text, or gives nothing where that takes more than variables.
 */
export function expectationsOf(
  asserts: readonly unknown[],
  fillIn: (text: string) => string | undefined,
): Expectations {
  const contains: string[] = []
  const notes: string[] = []
  const left: { what: string; why: string }[] = []
  let expected: Json | undefined
  const leave = (type: string, why: string) => left.push({ what: `assert ${oneLine(type, 60)}`, why })

  const take = (given: unknown, depth: number): void => {
    const read = assertion.safeParse(given)
    if (!read.success) {
      left.push({ what: 'an assertion', why: 'it has no "type"' })
      return
    }
    const { type, threshold, transform, assert } = read.data
    if (type === 'assert-set') {
      if (threshold !== undefined || assert === undefined || depth >= deepest) {
        leave(type, 'of which a share is enough: ask `any` in the eval')
      } else for (const one of assert) take(one, depth + 1)
      return
    }
    if (transform !== undefined) {
      leave(type, 'it looks at a part of the output that code picks')
      return
    }
    const value = filled(read.data.value as Json | undefined, fillIn)
    if (value === undefined && read.data.value !== undefined) {
      leave(type, 'its value is a template or a file')
      return
    }
    takeValue(type, value)
  }

  const takeValue = (type: string, value: Json | undefined): void => {
    if (type === 'equals' && value !== undefined) {
      if (expected === undefined || sameJson(expected, value)) expected = value
      else leave(type, 'the case expects another output already')
    } else if (type === 'contains' || type === 'icontains') {
      if (typeof value === 'string' || typeof value === 'number') contains.push(String(value))
      else leave(type, 'its value is no text')
    } else if (type === 'contains-all' || type === 'icontains-all') {
      const texts = listOf(value)
      if (texts === undefined) leave(type, 'its value is no list of texts')
      else contains.push(...texts)
    } else if (judged.has(type)) {
      notes.push(`promptfoo ${type}: ${typeof value === 'string' ? value : JSON.stringify(value ?? null)}`)
    } else leave(type, adviceOf(type))
  }

  for (const one of asserts) take(one, 0)
  const texts = [...new Set(contains.filter((text) => text !== ''))]
  return { expected, reference: texts.length === 0 ? undefined : { contains: texts }, notes, left }
}

/** A value with variables put in, members too. */
function filled(value: Json | undefined, fillIn: (text: string) => string | undefined): Json | undefined {
  if (typeof value === 'string') return value.startsWith('file://') ? undefined : fillIn(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((one: Json) => filled(one, fillIn))
    return items.some((one) => one === undefined) ? undefined : (items as Json[])
  }
  const members = Object.entries(value).map(([key, one]) => [key, filled(one as Json, fillIn)] as const)
  return members.some(([, one]) => one === undefined) ? undefined : Object.fromEntries(members)
}

/** Texts of a list, or between commas, as a table writes them. */
function listOf(value: Json | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(',').map((one) => one.trim())
  const isTexts =
    Array.isArray(value) && value.every((one) => typeof one === 'string' || typeof one === 'number')
  return isTexts ? value.map(String) : undefined
}

/** What a model decides. */
const judged: ReadonlySet<string> = new Set(
  (
    'llm-rubric agent-rubric search-rubric research-rubric model-graded-closedqa model-graded-factuality factuality closedqa ' +
    'g-eval answer-relevance context-faithfulness context-recall context-relevance conversation-relevance similar ' +
    'classifier moderation pi select-best max-score'
  ).split(' '),
)

/** What runs code, and is not run. */
const code: ReadonlySet<string> = new Set([
  'javascript',
  'python',
  'ruby',
  'webhook',
  'assertScoringFunction',
])

/** Types that ask the same of every case, and the check that does. */
const checksFor: Readonly<Record<string, string>> = {
  equals: 'equals({ value })',
  regex: 'matches({ pattern })',
  'contains-any': 'contains({ texts, match: "any" })',
  'icontains-any': 'contains({ texts, match: "any" })',
  'is-json': 'jsonSchema({ schema })',
  'contains-json': 'jsonSchema({ schema })',
  cost: 'maxCost({ usd })',
  latency: 'maxDuration({ ms })',
  'tool-call-f1': 'toolCalls()',
}

function adviceOf(type: string): string {
  if (type.startsWith('not-'))
    return 'a case says what a right answer shows, not what it lacks: ask it in the eval'
  if (code.has(type)) return 'code is not imported: write it as a check of the eval'
  const check = checksFor[type]
  return check === undefined
    ? 'a case has nothing like it: ask it in the eval'
    : `ask it in the eval: ${check}`
}

/** Every type a table may name before a colon. */
export function isAssertionType(type: string): boolean {
  const bare = type.startsWith('not-') ? type.slice(4) : type
  return (
    takenTypes.has(bare) ||
    judged.has(bare) ||
    code.has(bare) ||
    Object.hasOwn(checksFor, bare) ||
    otherTypes.has(bare)
  )
}

const takenTypes: ReadonlySet<string> = new Set([
  'equals',
  'contains',
  'icontains',
  'contains-all',
  'icontains-all',
])
const otherTypes: ReadonlySet<string> = new Set(
  (
    'starts-with is-html contains-html is-sql contains-sql is-xml contains-xml is-refusal is-valid-function-call ' +
    'is-valid-openai-function-call is-valid-openai-tools-call skill-used finish-reason guardrails word-count levenshtein ' +
    'bleu gleu rouge-n meteor perplexity perplexity-score'
  ).split(' '),
)
