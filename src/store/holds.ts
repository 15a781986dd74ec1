import type { SpanFacts, TraceFacts } from './facts.ts'
import { toolsOf } from './facts.ts'
import type { Leaf, NumberComparator, NumberField, Predicate, TextField } from './predicate.ts'
import { holdsPhrase } from './words.ts'

/** Whether a trace meets all of them. `searchable` is asked only where there is a search. */
export function holdsAll(
  predicates: readonly Predicate[],
  facts: TraceFacts,
  searchable: () => string,
): boolean {
  const subject = traceSubject(facts, searchable)
  return predicates.every((predicate) => holds(predicate, subject))
}

/** The first phrase looked for, which a snippet shows. What is under a `not` is not looked for. */
export function searchPhraseOf(
  predicates: readonly Predicate[],
): { readonly words: readonly string[]; readonly open: boolean } | undefined {
  for (const predicate of predicates) {
    if (predicate.kind === 'search' && predicate.op !== '!=') {
      return { words: predicate.words, open: predicate.op === '~' }
    }
    const inside =
      predicate.kind === 'and' || predicate.kind === 'or' ? searchPhraseOf(predicate.of) : undefined
    if (inside !== undefined) return inside
  }
  return undefined
}

/** The one meaning of `~` on text: SQLite calls this very function. */
export function containsText(value: string, wanted: string): boolean {
  return value.toLowerCase().includes(wanted.toLowerCase())
}

/** What is asked: a trace, or one span of it. */
interface Subject {
  readonly texts: (field: TextField) => readonly string[]
  readonly number: (field: NumberField) => number | undefined
  readonly error: boolean
  readonly started: number | undefined
  /** Of a span there are none. */
  readonly scores: (name: string) => readonly number[]
  readonly searchable: () => string
  readonly spans: readonly SpanFacts[]
}

function holds(predicate: Predicate, subject: Subject): boolean {
  switch (predicate.kind) {
    case 'and':
      return predicate.of.every((of) => holds(of, subject))
    case 'or':
      return predicate.of.some((of) => holds(of, subject))
    case 'not':
      return !holds(predicate.of, subject)
    case 'spans': {
      const { which, of } = predicate
      if (which === 'all') return subject.spans.every((span) => holds(of, spanSubject(span)))
      return subject.spans.some((span) => holds(of, spanSubject(span))) === (which === 'any')
    }
    default:
      return leafHolds(predicate, subject)
  }
}

function leafHolds(leaf: Leaf, subject: Subject): boolean {
  switch (leaf.kind) {
    case 'text':
      return holdsText(subject.texts(leaf.field), leaf.op, leaf.value)
    case 'number': {
      const value = subject.number(leaf.field)
      return value !== undefined && compare(value, leaf.op, leaf.value)
    }
    case 'unknown':
      return (subject.number(leaf.field) !== undefined) === leaf.known
    case 'flag':
      return subject.error === leaf.value
    case 'score': {
      const values = subject.scores(leaf.name)
      if (leaf.op === '!=') return values.length > 0 && values.every((value) => value !== leaf.value)
      return values.some((value) => compare(value, leaf.op, leaf.value))
    }
    case 'unscored':
      return subject.scores(leaf.name).length > 0 === leaf.known
    case 'time':
      return subject.started !== undefined && holdsTime(subject.started, leaf)
    case 'search': {
      const found = holdsPhrase(subject.searchable(), leaf.words, leaf.op === '~')
      return leaf.op === '!=' ? !found : found
    }
  }
}

function traceSubject(facts: TraceFacts, searchable: () => string): Subject {
  const { summary } = facts
  return {
    texts: (field) => textValues(facts, field),
    number: (field) => numberValue(facts, field),
    error: summary.status === 'error' || summary.toolErrors > 0,
    started: facts.started,
    scores: (name) =>
      summary.scores.flatMap((score) =>
        score.name === name && score.value !== undefined ? [score.value] : [],
      ),
    searchable,
    spans: facts.spans,
  }
}

function spanSubject(span: SpanFacts): Subject {
  return {
    texts: (field) => {
      const value = field in span ? span[field as 'kind' | 'name' | 'tool' | 'model' | 'status'] : undefined
      return value === undefined ? [] : [value]
    },
    number: (field) =>
      field === 'duration'
        ? span.durationMs
        : field === 'cost'
          ? span.costUsd
          : field === 'tokens'
            ? span.tokens
            : undefined,
    error: span.status === 'error' || span.failed === true,
    started: span.started,
    scores: () => [],
    searchable: () => '',
    spans: [],
  }
}

function holdsText(values: readonly string[], op: '=' | '!=' | '~', wanted: string): boolean {
  if (op === '=') return values.includes(wanted)
  if (op === '!=') return !values.includes(wanted)
  return values.some((value) => containsText(value, wanted))
}

function holdsTime(started: number, { op, from, until }: Leaf & { kind: 'time' }): boolean {
  switch (op) {
    case '=':
      return started >= from && started < until
    case '!=':
      return started < from || started >= until
    case '<':
      return started < from
    case '<=':
      return started < until
    case '>':
      return started >= until
    case '>=':
      return started >= from
  }
}

function compare(value: number, op: NumberComparator, wanted: number): boolean {
  switch (op) {
    case '=':
      return value === wanted
    case '!=':
      return value !== wanted
    case '<':
      return value < wanted
    case '<=':
      return value <= wanted
    case '>':
      return value > wanted
    case '>=':
      return value >= wanted
  }
}

function textValues(facts: TraceFacts, field: TextField): readonly string[] {
  const { summary } = facts
  switch (field) {
    case 'model':
      return summary.models
    case 'tool':
      return toolsOf(facts)
    case 'tag':
      return summary.tags
    case 'kind':
      return []
    default: {
      const value = summary[field]
      return value === undefined ? [] : [value]
    }
  }
}

function numberValue(facts: TraceFacts, field: NumberField): number | undefined {
  const { summary } = facts
  switch (field) {
    case 'trial':
      return summary.trial
    case 'duration':
      return summary.durationMs
    case 'tokens':
      return facts.tokens
    case 'cost':
      return summary.costUsd
    case 'spans':
      return summary.spans
    case 'calls':
      return summary.toolCalls
    case 'errors':
      return summary.toolErrors
  }
}
