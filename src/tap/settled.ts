/**
 * Runs a body that may be synchronous or not, says how it settled, and hands on what it gave: the very value it
 * returns or throws, or a promise of it.
 */
export function settled<T>(body: () => T, noted: (how: { output?: unknown; threw?: unknown }) => void): T {
  let result: T
  try {
    result = body()
  } catch (threw) {
    noted({ threw })
    throw threw
  }
  if (!isPromise(result)) {
    noted({ output: result })
    return result
  }
  // A promise made of it, so that one nobody handles is still nobody's, and ends the process as it would have.
  return Promise.resolve(result).then(
    (output) => {
      noted({ output })
      return output
    },
    (threw: unknown) => {
      noted({ threw })
      throw threw
    },
  ) as T
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
