/** A word that could be an id, with the quotes or blanks around it. */
const word = /["'\s]([\w.:-]{1,128})(?=["',\s\]}]|$)/g

/** The words of a line of JSON or YAML that could be ids: those in quotes, or between blanks. */
export function* gatherReferences(line: string): Generator<string> {
  for (const match of ` ${line}`.matchAll(word)) yield match[1] as string
}
