/**
 * A text, and the earlier list in JSON that it goes on from: each model request repeats the conversation so far, with more behind
 * it. Both are known without either having been put together.
 */
export interface GrownText {
  /** All of it. It is a rope of the engine's until somebody reads it: making it costs nothing, and neither does its length. */
  readonly text: string
  /** What it goes on from: all but the last character stands before `rest`. */
  readonly before: GrownText | undefined
  /** What it says beyond that: the whole text where nothing is before it. */
  readonly rest: string
  /** Without the last character. */
  readonly stem: string
}

export function wholeText(text: string): GrownText {
  return { text, before: undefined, rest: text, stem: text.slice(0, -1) }
}

/** `rest` begins with a comma, in the place where the earlier list ends. */
export function goingOn(before: GrownText, rest: string): GrownText {
  return { text: before.stem + rest, before, rest, stem: before.stem + rest.slice(0, -1) }
}

/** What it says beyond the list before it, as a list of its own: JSON exactly if the whole is (`restOf`). */
export function listOfRest({ rest }: GrownText): string {
  return `[${rest.slice(1)}`
}

/**
 * What is made of a text and of those it goes on from, the earliest first: each is made once, for as long as the text lives. One may
 * have been made of thousands, so this does not recur.
 */
export function onceOfEach<T>(make: (text: GrownText, before: T | undefined) => T): (text: GrownText) => T {
  const made = new WeakMap<GrownText, { readonly value: T }>()
  return (text) => {
    const missing: GrownText[] = []
    let at: GrownText | undefined = text
    for (; at !== undefined && !made.has(at); at = at.before) missing.push(at)
    let value = at === undefined ? undefined : made.get(at)?.value
    for (let one = missing.pop(); one !== undefined; one = missing.pop()) {
      value = make(one, value)
      made.set(one, { value })
    }
    return value as T
  }
}
