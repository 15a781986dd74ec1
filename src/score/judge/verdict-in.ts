import { cut } from '../../lib/text.ts'
import type { VerdictWord } from '../../schema/judgement.ts'
import { listed, shown } from '../show.ts'
import { objectIn } from './answer-text.ts'
import type { Question } from './judge.ts'

/** Characters of a critique that are kept: what a `judgement` holds. */
const longestCritique = 20_000

/** Under which names a judge says what. */
export interface AnswerFields {
  readonly verdict: string
  readonly critique: string
}

/** What a judge said, in the vocabulary's sense, or why that is not known. */
export type Said =
  | { readonly verdict: VerdictWord | 'abstain'; readonly critique: string }
  | { readonly unjudged: 'parse' | 'schema'; readonly why: string }

const usualFields: AnswerFields = { verdict: 'verdict', critique: 'critique' }

/**
 * The verdict in what a model said as text. Exactly a word of the vocabulary, or none: case, white space around it
 * and one full stop behind it are ignored, and nothing else. What is not in form is `parse`, what is in form and says
 * something else is `schema`; a refusal in prose is `parse`, for who refuses is known from the provider alone.
 */
export function verdictIn(text: string, vocabulary: Question['vocabulary'], fields = usualFields): Said {
  const answer = objectIn(text, fields.verdict)
  return 'unjudged' in answer ? answer : verdictFrom(answer.object, vocabulary, fields)
}

/** The verdict in what a model said in structure: a tool's input, or output by a schema. Parsed, and trusted in nothing. */
export function verdictFrom(value: unknown, vocabulary: Question['vocabulary'], fields = usualFields): Said {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return schema(`It answered ${kindOf(value)}, and not an object.`)
  }
  const word = ownMember(value, fields.verdict)
  if (word === undefined) return schema(missing(value, fields.verdict))
  if (typeof word !== 'string')
    return schema(`Its ${shown(fields.verdict)} is ${kindOf(word)}, and not a word.`)
  const critique = ownMember(value, fields.critique)
  if (critique === undefined) return schema(missing(value, fields.critique))
  if (typeof critique !== 'string') {
    return schema(`Its ${shown(fields.critique)} is ${kindOf(critique)}, and not text.`)
  }
  const meanings = new Set<VerdictWord | 'abstain'>()
  for (const [known, meaning] of Object.entries(vocabulary)) {
    if (asRead(known) === asRead(word)) meanings.add(meaning)
  }
  const [verdict, ...others] = meanings
  if (verdict === undefined || others.length > 0) {
    const words = listed(
      Object.keys(vocabulary).map((known) => shown(known)),
      10,
    )
    return schema(`It answered ${shown(word)}, and its words are ${words}.`)
  }
  return { verdict, critique: cut(critique, longestCritique) }
}

/** What is ignored of a word. */
function asRead(word: string): string {
  return word.trim().replace(/\.$/, '').toLowerCase()
}

function ownMember(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined
}

function missing(value: object, field: string): string {
  const keys = Object.keys(value).map((key) => shown(key))
  return `Its answer has no ${shown(field)}, ${keys.length === 0 ? 'nor anything else' : `only ${listed(keys, 5)}`}.`
}

/** A value as a reason shows it; what has parts is named, for it may be deeper than can be walked. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : shown(value)
}

function schema(why: string): { unjudged: 'schema'; why: string } {
  return { unjudged: 'schema', why }
}
