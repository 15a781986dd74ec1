import type { SpoolRecord } from '../../../schema/spool.ts'
import { decodeJson } from '../../otlp/decode-json.ts'
import { spoolRecordsIn } from '../../otlp/spool-records.ts'
import type { OtlpSpan } from '../otlp-span.ts'

/** The records that spans of an evalkit were made of, as the receiving side reads them. */
export function recordsFromOtlp(spans: readonly OtlpSpan[]): readonly SpoolRecord[] {
  const { spans: decoded } = decodeJson({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
  return spoolRecordsIn(decoded) as unknown as readonly SpoolRecord[]
}
