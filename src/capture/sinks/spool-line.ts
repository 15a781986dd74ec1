import type { SpoolRecord } from '../../schema/spool.ts'

/** The longest line that whoever reads spools takes (bytes): `maxLineBytes` of `importers/source.ts`. */
export const maxLineBytes = 32 * 1024 * 1024

/**
 * A record as one line of JSON with its newline, in UTF-8. One that is longer than `limit` (bytes, without the
 * newline) loses the bodies of its attempts, which then say `truncated`; where that does not help, or the record is
 * nothing JSON can say, there is no line.
 */
export function lineOf(record: SpoolRecord, limit: number): Buffer | undefined {
  return textLine(record, limit) ?? textLine(withoutBodies(record), limit)
}

function textLine(record: SpoolRecord | undefined, limit: number): Buffer | undefined {
  if (record === undefined) return undefined
  try {
    // `JSON.stringify` escapes newlines and lone surrogates: its text is one line and has a UTF-8 form.
    const line = Buffer.from(`${JSON.stringify(record)}\n`)
    return line.length - 1 > limit ? undefined : line
  } catch {
    // A cycle, a BigInt, or longer than any string can be.
    return undefined
  }
}

function withoutBodies(record: SpoolRecord): SpoolRecord | undefined {
  if (record.type !== 'reply' || record.attempts === undefined) return undefined
  const attempts = record.attempts.map(({ body: _body, base64: _base64, cuts: _cuts, ...rest }) => ({
    ...rest,
    ended: 'truncated' as const,
  }))
  return { ...record, attempts }
}
