/** The members of an object that are not `undefined`: absent is how our records say "not known". */
export function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {}
  for (const key of Object.keys(members) as (keyof T)[]) {
    const value = members[key]
    if (value !== undefined) kept[key] = value as Exclude<T[keyof T], undefined>
  }
  return kept
}
