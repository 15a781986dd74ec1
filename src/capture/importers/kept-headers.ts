/**
 * Headers of a response that are worth keeping and known to be harmless: what a client's behaviour depends on, and
 * what a provider's support asks for. Everything else is left out, credentials and cookies first of all.
 */
const kept = new Set([
  'content-type',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'request-id',
  'x-request-id',
  'x-amzn-requestid',
])

/** Names are in lower case already. */
export function keptHeaders(
  headers: Iterable<readonly [name: string, value: string]>,
): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => kept.has(name)))
}
