/** Gives a stand-in the name and the length of what it stands for. */
export function likeOriginal<T extends Function>(ours: T, original: Function): T {
  const { name, length } = original
  return Object.defineProperties(ours, {
    name: { value: name, configurable: true },
    length: { value: length, configurable: true },
  })
}

/** Puts a function in a place, as the property that was there. What cannot be exchanged stays. */
export function replace(target: object, name: string, ours: unknown): void {
  const old = Object.getOwnPropertyDescriptor(target, name)
  if (old?.configurable === false && old.writable !== true) return
  const { enumerable = true, configurable = true } = old ?? {}
  Object.defineProperty(target, name, { value: ours, writable: true, enumerable, configurable })
}
