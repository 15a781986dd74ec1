/** The key of the placeholders, where the environment has one: the same that the agent recorded with. */
export function redactionKey(env: Readonly<Record<string, string | undefined>>): { readonly key?: string } {
  const key = env['EVALKIT_REDACTION_KEY']
  return key === undefined || key === '' ? {} : { key }
}
