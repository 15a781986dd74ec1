import { commonLength } from '../lib/text-similarity.ts'
import { spend, type Work } from '../lib/work.ts'

export type RougeKind = 'rouge1' | 'rouge2' | 'rougeL'

/** Shares in [0,1]: how much of the answer stands in the reference, how much of the reference in the answer, and both. */
export interface Rouge {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/**
 * ROUGE of an answer against one reference (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries",
 * https://aclanthology.org/W04-1013/): single words, pairs of neighbouring words, or the longest common subsequence of
 * words over the whole text. F1 weighs precision and recall alike. A pair of words counts as often as both have it.
 *
 * 0 where one of the texts has no word, or no pair. `undefined` where `work` does not suffice.
 */
export function rouge(
  answer: readonly string[],
  reference: readonly string[],
  kind: RougeKind,
  work: Work,
): Rouge | undefined {
  const ids = new Map<string, number>()
  const numbered = (tokens: readonly string[]): readonly number[] => tokens.map((token) => idOf(ids, token))
  if (kind === 'rougeL') {
    const common = commonLength(numbered(answer), numbered(reference), work)
    return common === undefined ? undefined : sharesOf(common, answer.length, reference.length)
  }
  const size = kind === 'rouge1' ? 1 : 2
  if (!spend(work, answer.length + reference.length)) return undefined
  const left = gramsOf(numbered(answer), size)
  const right = gramsOf(numbered(reference), size)
  let common = 0
  for (const [gram, times] of left) common += Math.min(times, right.get(gram) ?? 0)
  const total = (tokens: readonly string[]) => Math.max(0, tokens.length - size + 1)
  return sharesOf(common, total(answer), total(reference))
}

/**
 * The words of a text: runs of letters, marks and digits of any script, in lower case, normalized (NFKC). Where a
 * script does not part its words (Han, Kana, Thai, Lao, Khmer, Burmese) each character is one. No stemming, no list of
 * words to leave out: both would be of one language.
 */
export function wordsOf(text: string): readonly string[] {
  return text.normalize('NFKC').toLowerCase().match(word) ?? []
}

const unparted =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const word = new RegExp(
  `(?=[${unparted}])[\\p{L}\\p{N}]\\p{M}*|(?:(?![${unparted}])[\\p{L}\\p{M}\\p{N}])+`,
  'gu',
)

function sharesOf(common: number, answer: number, reference: number): Rouge {
  const precision = answer === 0 ? 0 : common / answer
  const recall = reference === 0 ? 0 : common / reference
  // One division, so that equal texts are exactly 1.
  const f1 = answer + reference === 0 ? 0 : (2 * common) / (answer + reference)
  return { precision, recall, f1 }
}

function gramsOf(tokens: readonly number[], size: 1 | 2): ReadonlyMap<string, number> {
  const grams = new Map<string, number>()
  for (let at = 0; at + size <= tokens.length; at++) {
    const gram = size === 1 ? `${tokens[at]}` : `${tokens[at]} ${tokens[at + 1]}`
    grams.set(gram, (grams.get(gram) ?? 0) + 1)
  }
  return grams
}

function idOf(ids: Map<string, number>, token: string): number {
  const known = ids.get(token) ?? ids.size
  ids.set(token, known)
  return known
}
