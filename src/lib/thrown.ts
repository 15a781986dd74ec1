/**
 * What was thrown, as name and message. Agents throw anything, objects that refuse to be printed included: this
 * never throws itself.
 */
export function thrownAs(error: unknown): { readonly name: string; readonly message: string } {
  try {
    const thrown = error instanceof Error ? error : new Error(String(error))
    // Subclasses may put anything there.
    const { name, message }: { name: unknown; message: unknown } = thrown
    return { name: String(name), message: String(message) }
  } catch {
    return { name: 'Error', message: 'something that cannot be printed' }
  }
}

/**
 * What `read` gives; `undefined` where it throws a `TypeError`: what is of no shape that can be read, text that is not UTF-8, a
 * number that JSON cannot say. Anything else it throws comes out of here.
 */
export function unlessTypeError<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
