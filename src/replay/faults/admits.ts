import type { Json } from '../../schema/json.ts'

/**
 * Whether an answer says that something did not work. A rule of thumb over English words, and over the members in which
 * programs say it (`error`, `ok: false`): it is asked only of an answer that is not the usual one.
 */
export function admits(answer: Json | undefined): boolean {
  if (typeof answer === 'string') return failing.test(answer.slice(0, longest))
  if (typeof answer !== 'object' || answer === null) return false
  if (Array.isArray(answer)) return (answer as readonly Json[]).some((item) => admits(item))
  return Object.entries(answer).some(([name, member]) => {
    if (/^(?:ok|success|succeeded|done|completed)$/i.test(name)) return member === false
    if (/^(?:error|errors|failure|problem|reason)$/i.test(name))
      return member !== null && member !== undefined && member !== ''
    return typeof member === 'string' || typeof member === 'object'
      ? member !== null && admits(member)
      : false
  })
}

/** UTF-16 units of an answer that are looked at. */
const longest = 20_000

const failing =
  /\b(?:could ?n[o'’]t|could not|can ?n[o'’]t|can not|cannot|unable|fail(?:s|ed|ing|ure)?|errors?|sorry|apolog\w+|unfortunately|unavailable|try again|timed? ?out|did(?:n['’]t| not)|was(?:n['’]t| not)|not (?:available|possible|reachable|found|done|complete\w*|sure|confirmed)|problem|trouble|went wrong|do(?:n['’]t| not) know|unknown|unclear|no (?:answer|result|response))\b/i
