/**
 * The headers a recording keeps: what a replay has to serve and a reader needs. All others, cookies and keys among
 * them, are left out, not masked: nobody knows what a proxy or a gateway puts into a header of its own.
 */
const kept = new Set(
  `
  content-type content-encoding content-language accept date retry-after retry-after-ms x-should-retry
  request-id x-request-id x-correlation-id cf-ray traceparent user-agent anthropic-version
  anthropic-beta openai-processing-ms openai-version openai-model openai-beta x-stainless-retry-count
  x-stainless-lang x-stainless-package-version x-stainless-runtime x-stainless-timeout idempotency-key
  server-timing mcp-protocol-version x-amzn-requestid
`
    .trim()
    .split(/\s+/),
)
const families = /^(?:x-ratelimit-|anthropic-ratelimit-|anthropic-priority-|anthropic-fast-|ratelimit-)/

export function isKeptHeader(name: string): boolean {
  return kept.has(name) || families.test(name)
}
