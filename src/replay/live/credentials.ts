import type { Attempt } from '../../schema/attempt.ts'

/** Headers clients put a key in. */
const names = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-amz-security-token', 'cookie']

/** What stands where a key stood. */
const removed = '<redacted:key>'

/** Shorter ones are no keys, and would be found everywhere. */
const shortest = 8

/**
 * An attempt in which the keys of its own request do not stand: some servers repeat them in what they say went wrong.
 * The same attempt where there are none, as nearly always; else without its cuts, which would be at other places.
 */
export function withoutCredentials(attempt: Attempt, headers: Headers): Attempt {
  const keys = credentialsIn(headers)
  const hidden = (text: string): string => hideAll(text, keys)
  const { body, error } = attempt
  const shown = body === undefined ? undefined : hidden(body)
  const told = error === undefined ? undefined : { ...error, message: hidden(error.message) }
  const named = Object.entries(attempt.headers).map(([name, value]) => [name, hidden(value)] as const)
  const { cuts, ...rest } = attempt
  return {
    ...rest,
    headers: Object.fromEntries(named),
    ...(shown === undefined ? {} : { body: shown }),
    ...(told === undefined ? {} : { error: told }),
    ...(cuts === undefined || shown !== body ? {} : { cuts }),
  }
}

/** Text without these keys. */
export function hideAll(text: string, keys: readonly string[]): string {
  return keys.reduce((shown, key) => shown.replaceAll(key, removed), text)
}

/** The keys that a request carries: the whole value, and what stands behind `Bearer` and its like. */
export function credentialsIn(headers: Headers): readonly string[] {
  const values = names.flatMap((name) => headers.get(name) ?? [])
  const bare = values.map((value) => value.replace(/^(?:bearer|basic|token|apikey) +/i, ''))
  return [...new Set([...values, ...bare])]
    .filter((value) => value.length >= shortest)
    .sort((a, b) => b.length - a.length)
}
