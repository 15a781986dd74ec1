import { EvalkitError } from '../../../schema/errors.ts'
import { oneLine } from '../../../lib/text.ts'
import { timedOut } from './failure.ts'

/**
 * Makes one request that ends in time: the clients' own clocks stop when the head of an answer is there, and a body may
 * then take for ever. Throws the outer signal's reason when that aborts.
 */
export async function inTime<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted()
  const clock = AbortSignal.timeout(timeoutMs)
  const signal = outer === undefined ? clock : AbortSignal.any([outer, clock])
  let leave: (() => void) | undefined
  const ended = new Promise<never>((_, reject) => {
    leave = () => {
      if (outer?.aborted === true) reject(outer.reason as Error)
      else reject(timedOut(`no answer within ${timeoutMs} ms`))
    }
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([request(signal), ended])
  } catch (error) {
    // The client may notice the end before we do, in words of its own.
    if (outer?.aborted === true) throw outer.reason as Error
    throw signal.aborted ? timedOut(`no answer within ${timeoutMs} ms`) : error
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave)
    ended.catch(() => undefined)
  }
}

/** Loads the package of a client. Throws `EVK_JUDGE_SDK` where it is not there. */
export async function clientPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const why = cause instanceof Error ? oneLine(cause.message, 200) : 'it could not be loaded'
    throw new EvalkitError('EVK_JUDGE_SDK', `A judge needs the package "${name}": ${why}`, {
      hint: `npm install --save-dev ${name}`,
      cause,
    })
  }
}
