import { canonicalJson } from '../lib/json.ts'
import type { Subject } from './check.ts'

/** The text an answer is held against: the check's own, else the case's `expected`, as text like an output. */
export function wantedText({ case: of }: Subject, text: string | undefined): string | undefined {
  if (text !== undefined) return text
  if (of.expected === undefined) return undefined
  return typeof of.expected === 'string' ? of.expected : canonicalJson(of.expected)
}

export const noWantedText = 'the check names no text and the case has no "expected"'
