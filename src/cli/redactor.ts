import type { Config } from '../config/config.ts'
import { createRedactor, type Redactor } from '../lib/redact.ts'
import type { Io } from './io.ts'

/** Redaction as this project and this environment ask for it: `EVALKIT_REDACTION_KEY` is the key an agent records with. */
export function redactorOf({ env }: Pick<Io, 'env'>, { redaction }: Pick<Config, 'redaction'>): Redactor {
  const key = env['EVALKIT_REDACTION_KEY']
  return createRedactor({ ...redaction, ...(key === undefined || key === '' ? {} : { key }) })
}
