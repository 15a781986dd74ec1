export interface OtlpHeaders {
  readonly headers: Readonly<Record<string, string>>
  /** What could not be read, a clause each. Values are secrets: none is repeated here. */
  readonly problems: readonly string[]
}

/**
 * Reads `OTEL_EXPORTER_OTLP_HEADERS`: `name=value,name=value`, values percent-encoded as in W3C Baggage
 * (opentelemetry.io, specification/protocol/exporter). What is no header is left out and named.
 */
export function parseOtlpHeaders(text: string): OtlpHeaders {
  const headers: Record<string, string> = {}
  const problems: string[] = []
  for (const [at, member] of text.split(',').entries()) {
    if (member.trim() === '') continue
    const equals = member.indexOf('=')
    const name = member.slice(0, Math.max(0, equals)).trim().toLowerCase()
    const value = decoded(member.slice(equals + 1).trim())
    if (!isToken(name)) problems.push(`header ${at + 1} has no name that HTTP knows`)
    else if (value === undefined || !isHeaderValue(value))
      problems.push(`the value of header ${name} cannot be read`)
    else headers[name] = value
  }
  return { headers, problems }
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

/** RFC 9110, 5.6.2. */
function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && name !== '__proto__'
}

/** What `fetch` sends: no control characters, nothing beyond Latin-1. */
function isHeaderValue(value: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)
}
