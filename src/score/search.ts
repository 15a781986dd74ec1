import vm from 'node:vm'

/** Characters of a text that are searched. */
export const longestText = 100_000

/** Patience with one search, in ms. Patterns that need it are catastrophic: sane ones take microseconds. */
const patience = 1_000

export type Found =
  | { readonly kind: 'found'; readonly text: string; readonly end: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'too-slow'; readonly ms: number }

/**
 * The first match of a regular expression in the first 100,000 characters of a text. V8's engine backtracks, so some
 * patterns take longer than anybody lives on texts of a few dozen characters; a search in a context of its own can
 * be stopped. Only texts and numbers cross its border. The pattern was compiled before: it is valid.
 */
export function search(text: string, pattern: string, flags: string): Found {
  searcher ??= { context: vm.createContext(Object.create(null)), script: new vm.Script(code) }
  const { context, script } = searcher
  let result: unknown
  try {
    Object.assign(context, { pattern, flags, text: text.slice(0, longestText) })
    result = script.runInContext(context, { timeout: patience })
  } catch (error) {
    if (isTimeout(error)) return { kind: 'too-slow', ms: patience }
    throw error
  } finally {
    Object.assign(context, { pattern: '', flags: '', text: '' })
  }
  const [, end, matched] = /^(\d+) (.*)$/s.exec(String(result)) ?? []
  return end === undefined ? { kind: 'nothing' } : { kind: 'found', text: matched ?? '', end: Number(end) }
}

/** A context takes milliseconds to make, so there is one; nothing is left in it between two searches. */
let searcher: { readonly context: vm.Context; readonly script: vm.Script } | undefined

const code = `(() => {
  const match = new RegExp(pattern, flags).exec(text)
  return match === null ? '' : (match.index + match[0].length) + ' ' + match[0].slice(0, 200)
})()`

function isTimeout(error: unknown): boolean {
  // Not `instanceof Error`: the error may be of the other context.
  const coded = typeof error === 'object' && error !== null && 'code' in error
  return coded && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
