import type { Fault } from '../fault.ts'
import { empty } from './empty.ts'
import { injectedInstructions } from './injected-instructions.ts'
import { malformed } from './malformed.ts'
import { rateLimit } from './rate-limit.ts'
import { reset } from './reset.ts'
import { serverError } from './server-error.ts'
import { slow } from './slow.ts'
import { timeout } from './timeout.ts'
import { truncated } from './truncated.ts'
import { wrongSchema } from './wrong-schema.ts'

/** The faults, in the order of the columns of a matrix. */
export const faults: readonly Fault[] = [
  rateLimit,
  serverError,
  timeout,
  reset,
  truncated,
  malformed,
  wrongSchema,
  empty,
  slow,
  injectedInstructions,
]
