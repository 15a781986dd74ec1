import type { Redactor } from '../lib/redact.ts'

/** What a recorder needs of redaction: nothing it writes has not gone through it. */
export type Redact = Pick<Redactor, 'json' | 'text' | 'url' | 'headers' | 'body' | 'find'>
