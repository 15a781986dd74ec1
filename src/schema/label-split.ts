import { sha256 } from '../lib/hash.ts'
import type { LabelSplit } from './label.ts'

/**
 * Up to which place each goes: 15 of 100 for examples in prompts, 45 to work on a prompt, 40 to say how good it is (H. Husain's
 * shares, https://hamel.dev/blog/posts/llm-judge/).
 */
const bounds: readonly (readonly [LabelSplit, number])[] = [
  ['train', 0.15],
  ['dev', 0.6],
  ['test', 1],
]

/**
 * The split of a case: by the hash of its cluster, or of its id where it has none. What breaks together is in one split, of
 * every judge, and on every machine: an example in a prompt can never be what the judge is measured on.
 */
export function splitOf({
  id,
  cluster,
}: {
  readonly id: string
  readonly cluster?: string | undefined
}): LabelSplit {
  const unit = cluster === undefined ? `case ${id}` : `cluster ${cluster}`
  const place = Number.parseInt(sha256(`label split: ${unit}`).slice(0, 8), 16) / 2 ** 32
  return bounds.find(([, below]) => place < below)?.[0] ?? 'test'
}
