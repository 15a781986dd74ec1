import { EvalkitError } from '../../schema/errors.ts'
import { loadUserFile } from '../user-file.ts'

/**
 * Loads each file it is given and sends what came of it: the tests run in a loader of their own, and what users meet
 * is Node's.
 */
for (const path of process.argv.slice(2)) {
  try {
    process.send?.({ path, loaded: await loadUserFile(path, 'EVK_EVAL_LOAD', 'book') })
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    const { code, message, hint, at, details } = error
    process.send?.({ path, failed: { code, message, hint, at, details } })
  }
}
