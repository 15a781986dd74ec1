import { textOf } from '../schema/message.ts'
import { canonicalJson } from '../lib/json.ts'
import type { Case } from '../schema/case.ts'

/**
 * Cases that ask nearly the same. Texts are compared as sets of shingles (runs of words); MinHash signatures in bands find
 * candidates in linear time (Broder 1997, https://doi.org/10.1109/SEQUEN.1997.666900; Leskovec, Rajaraman, Ullman, Mining of
 * Massive Datasets, ch. 3, http://www.mmds.org), and each candidate pair is then compared exactly.
 */

/** Jaccard similarity of shingles from which on two cases are near duplicates. */
export const nearThreshold = 0.8

/** Words of a shingle. */
const shingleWords = 3
/** UTF-16 units of an input that are looked at. */
const longestText = 100_000
/**
 * 20 bands of 5 rows: a pair of similarity s becomes a candidate with probability 1 − (1 − s⁵)²⁰, which is more than 99.9 %
 * at 0.8, 47 % at 0.5, and 5 % at 0.3.
 */
const bands = 20
const rows = 5
/** Cases of one bucket that a new one is compared with: a thousand copies of one text are no million pairs. */
const mostCompared = 20

/** A text that came before, by its place, and how alike it is. */
export interface Alike {
  readonly place: number
  readonly similarity: number
}

/** What a case asks, as text. A system prompt is left out: all cases of an agent share it, and none is like another for that. */
export function askedText({ input, messages, user }: Pick<Case, 'input' | 'messages' | 'user'>): string {
  const said = (messages ?? []).filter(({ role }) => role !== 'system').map((message) => textOf(message))
  const asked = input === undefined ? [] : [typeof input === 'string' ? input : canonicalJson(input)]
  const played = user === undefined ? [] : [canonicalJson(user)]
  return [...said, ...asked, ...played].join('\n').slice(0, longestText)
}

/**
 * Remembers texts and says of each new one which earlier one is most like it, where one is from `nearThreshold` on. The
 * same texts in the same order give the same answers. Texts of fewer than three words are like none: exact comparison is
 * for those. Time and memory are linear in the texts.
 */
export function nearDuplicates(): (text: string) => Alike | undefined {
  const sets: (Uint32Array | undefined)[] = []
  const buckets = new Map<number, number[]>()
  return (text) => {
    const place = sets.length
    const shingles = shinglesOf(text)
    sets.push(shingles)
    if (shingles === undefined) return undefined
    const candidates = new Set<number>()
    for (const key of bandKeys(shingles)) {
      const bucket = buckets.get(key)
      if (bucket === undefined) buckets.set(key, [place])
      else {
        for (const other of bucket) candidates.add(other)
        if (bucket.length < mostCompared) bucket.push(place)
      }
    }
    return mostAlike(shingles, candidates, sets)
  }
}

function mostAlike(
  shingles: Uint32Array,
  candidates: ReadonlySet<number>,
  sets: readonly (Uint32Array | undefined)[],
): Alike | undefined {
  let best: Alike | undefined
  for (const place of [...candidates].sort((a, b) => a - b)) {
    const similarity = jaccard(shingles, sets[place] ?? new Uint32Array())
    if (similarity >= nearThreshold && similarity > (best?.similarity ?? 0)) best = { place, similarity }
  }
  return best
}

/** Hashes of the shingles of a text, sorted, each once; nothing where it is too short to have any. */
function shinglesOf(text: string): Uint32Array | undefined {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  if (words.length < shingleWords) return undefined
  const hashes = new Uint32Array(words.length - shingleWords + 1)
  for (let at = 0; at < hashes.length; at++) hashes[at] = hashOf(words.slice(at, at + shingleWords).join(' '))
  hashes.sort()
  return hashes.filter((hash, at) => at === 0 || hash !== hashes[at - 1])
}

/** Intersection over union of two sorted sets. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let both = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x = 0, y = 0] = [a[i], b[j]]
    if (x === y) both++
    if (x <= y) i++
    if (y <= x) j++
  }
  const all = a.length + b.length - both
  return all === 0 ? 0 : both / all
}

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}

/** Odd multipliers and offsets of the hash functions, the same in every process. */
const functions: readonly (readonly [number, number])[] = Array.from({ length: bands * rows }, (_, index) => [
  mixed(2 * index + 1) | 1,
  mixed(2 * index + 2),
])

/** The finalizer of MurmurHash3 (https://github.com/aappleby/smhasher): every bit hangs on every bit. */
function mixed(seed: number): number {
  let hash = Math.imul(seed, 0x9e3779b9)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** One number for each band: two texts whose least hashes agree in all rows of a band share it. */
function* bandKeys(shingles: Uint32Array): Generator<number> {
  for (let band = 0; band < bands; band++) {
    let [high, low] = [mixed(band + 1), mixed(band + 101)]
    for (let row = 0; row < rows; row++) {
      const [factor, offset] = functions[band * rows + row] ?? [1, 0]
      let least = 0xffffffff
      for (const shingle of shingles) {
        const value = mixed(Math.imul(shingle, factor) + offset)
        if (value < least) least = value
      }
      high = mixed(high ^ least)
      low = mixed(low + least)
    }
    // 53 bits: what a number holds exactly. Two that meet by accident are compared, and found to differ.
    yield (high >>> 11) * 2 ** 32 + low
  }
}
