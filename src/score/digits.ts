/** Where the digits of other scripts begin (Unicode: ten in a row, from zero). */
const zeros = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50,
  0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810, 0xff10,
]

/** Separators and signs that mean the same as a plain one. */
const plain: ReadonlyMap<string, string> = new Map([
  ['\u066b', '.'],
  ['\u066c', ','],
  ['\uff0e', '.'],
  ['\uff0c', ','],
  ['\uff04', '$'],
  ['\uffe5', '¥'],
  ['\u2212', '-'],
  ['\u2010', '-'],
  ['\u2011', '-'],
  ['\u2019', "'"],
  ['\u00a0', ' '],
  ['\u2007', ' '],
  ['\u2009', ' '],
  ['\u202f', ' '],
])

/**
 * A text with its digits, and what stands between them, in ASCII: `١٬٢٣٤` and `１,２３４` become `1,234`. Character for
 * character: places in it are places in the original.
 */
export function withPlainDigits(text: string): string {
  // What is ASCII has nothing to replace, and most texts are.
  return text.replaceAll(/[\u00a0\u0660-\uffff]/g, (character) => {
    const known = plain.get(character)
    if (known !== undefined) return known
    const code = character.charCodeAt(0)
    const zero = zeros.find((first) => code >= first && code < first + 10)
    return zero === undefined ? character : String(code - zero)
  })
}
