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
