/**
 * Whether an answer says that something did not work. A rule of thumb over English words, and over the members in which
 * programs say it (`error`, `ok: false`): it is asked only of an answer that is not the usual one.
 */
export function admits(answer: unknown): boolean {
  if (typeof answer === 'string') return failing.test(answer.slice(0, longest))
  if (typeof answer !== 'object' || answer === null) return false
  if (Array.isArray(answer)) return answer.some((item) => admits(item))
  return Object.entries(answer).some(([name, member]) => {
    if (/^(?:ok|success|succeeded|done|completed)$/i.test(name)) return member === false
    if (/^(?:error|errors|failure|problem|reason)$/i.test(name))
      return member !== null && member !== undefined && member !== ''
    return admits(member)
  })
}

/**
 * Whether a text can be told by English words. A few words have no language; of a longer text, some are among those that
 * hardly an English sentence does without.
 */
export function isEnglish(text: string): boolean {
  const words =
    text
      .slice(0, longest)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? []
  // Languages without spaces make long words of a few sentences.
  if (words.length < 6) return !words.some((word) => /[^\p{Script=Latin}]/u.test(word))
  const common = words.filter((word) => commonWords.has(word)).length
  return common >= Math.max(1, Math.floor(Math.min(words.length, 200) / 20))
}

const commonWords: ReadonlySet<string> = new Set(
  'the a an and or of to in is are was were be been i you we your my it this that for with on at have has will not can as by from there here'.split(
    ' ',
  ),
)

/** UTF-16 units of an answer that are looked at. */
const longest = 20_000

const failing =
  /\b(?:could ?n[o'’]t|could not|can ?n[o'’]t|can not|cannot|unable|fail(?:s|ed|ing|ure)?|errors?|sorry|apolog\w+|unfortunately|unavailable|try again|timed? ?out|did(?:n['’]t| not)|was(?:n['’]t| not)|(?:does|do)(?:n['’]t| not) (?:exist|match|allow|work|support|add up|know|have)|not (?:available|possible|reachable|found|done|complete\w*|sure|confirmed|enough|sufficient|allowed|permitted|able|valid|eligible)|insufficient|problem|issue|trouble|went wrong|unknown|unclear|no (?:answer|result|response|match\w*|such)|no (?:\w+ ){1,4}(?:found|available|exists?))\b/i
