import { sha256 } from '../lib/hash.ts'
import { byCodeUnit } from '../lib/json.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Shard, shard } from '../schema/run.ts'

/**
 * Reads `2/4`. Throws `EVK_USAGE`.
 */
export function shardFrom(text: string): Shard {
  const [, at, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []
  const read = shard.safeParse({ at: Number(at), of: Number(of) })
  if (read.success) return read.data
  throw new EvalkitError(
    'EVK_USAGE',
    `--shard takes a part and how many there are, such as 2/4, not "${text.slice(0, 40)}".`,
  )
}

/**
 * The cases of a shard, from ids alone, so that every machine knows its share without asking another. Cases are dealt out like
 * cards, in the order of the hashes of their ids: shards differ by one case at most, and cases that stand beside each other
 * (and were made together, and cost alike) come into different hands. Pure.
 */
export function shareOf(ids: Iterable<string>, { at, of }: Shard): ReadonlySet<string> {
  const dealt = [...ids].map((id) => [sha256(id), id] as const).sort(([a], [b]) => byCodeUnit(a, b))
  return new Set(dealt.flatMap(([, id], place) => (place % of === at - 1 ? [id] : [])))
}
