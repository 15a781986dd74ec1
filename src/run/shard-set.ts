import { byCodeUnit, canonicalJson, sameJson } from '../lib/json.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Hashes } from '../schema/run.ts'
import type { ShardEnd, ShardHeader } from '../schema/shard-file.ts'
import { type Plan, trialKey } from './plan.ts'
import { shareOf } from './shard.ts'
import { readShardFile } from './shard-file.ts'

/** A file of a shard, as far as its first line tells. */
export interface FiledShard {
  readonly path: string
  /** As people know it. */
  readonly shownAs: string
  readonly header: ShardHeader
}

/** What must be the same in all shards of a run. */
const shared = ['dataset', 'mode', 'hashes', 'versions', 'cases', 'trials', 'commit'] as const

/**
 * The shards of one eval as a whole run, in order. Throws `EVK_SHARD_MISSING` with those that are not there,
 * `EVK_SHARD_TWICE`, and `EVK_SHARD_MIXED` where they are not of one run, naming what differs. Pure.
 */
export function wholeOf(
  evalName: string,
  files: readonly FiledShard[],
): readonly [FiledShard, ...FiledShard[]] {
  const [first, ...others] = files
  if (first === undefined) {
    throw new EvalkitError('EVK_SHARD_MISSING', `There is no shard of the eval "${evalName}".`)
  }
  for (const other of others) refuseMixed(first, other)
  const { of } = first.header.shard
  const byPlace = new Map<number, FiledShard>()
  for (const file of files) {
    const { at } = file.header.shard
    const same = byPlace.get(at)
    if (same !== undefined) {
      throw new EvalkitError('EVK_SHARD_TWICE', `Shard ${at} of ${of} of "${evalName}" is there twice.`, {
        details: [same.shownAs, file.shownAs],
      })
    }
    byPlace.set(at, file)
  }
  const missing = Array.from({ length: of }, (_, at) => at + 1).filter((at) => !byPlace.has(at))
  if (missing.length > 0) {
    const some = missing.slice(0, 20).join(', ')
    const which = `${some}${missing.length > 20 ? ', …' : ''} of ${of}`
    throw new EvalkitError(
      'EVK_SHARD_MISSING',
      `Shard ${which} of "${evalName}" is missing: a part of a run proves nothing.`,
      {
        details: [
          `there are ${[...byPlace.keys()]
            .sort((a, b) => a - b)
            .slice(0, 20)
            .join(', ')}`,
        ],
      },
    )
  }
  const [one = first, ...rest] = files.toSorted((a, b) => a.header.shard.at - b.header.shard.at)
  return [one, ...rest]
}

function refuseMixed(first: FiledShard, other: FiledShard): void {
  const of = (header: ShardHeader): Record<string, unknown> => ({
    ...Object.fromEntries(shared.map((name) => [name, header[name] ?? null])),
    shards: header.shard.of,
  })
  const [a, b] = [of(first.header), of(other.header)]
  const different = Object.keys(a).filter((name) => !sameJson(a[name], b[name]))
  if (different.length === 0) return
  throw new EvalkitError(
    'EVK_SHARD_MIXED',
    `Shards of "${first.header.eval}" are not of one run: ${different.join(', ')} differ.`,
    {
      details: different
        .slice(0, 3)
        .flatMap((name) => [
          `${first.shownAs}: ${name} ${canonicalJson(a[name]).slice(0, 200)}`,
          `${other.shownAs}: ${name} ${canonicalJson(b[name]).slice(0, 200)}`,
        ]),
    },
  )
}

/**
 * Whether shards were played of what is here now: what was asked, and of what. Throws `EVK_SHARD_OUTDATED`, naming what
 * differs. Versions may differ: the ones that count are those that were played. Pure.
 */
export function assertOfNow(
  { header }: FiledShard,
  { hashes, cases, dataset }: Pick<Plan, 'hashes' | 'cases' | 'dataset'>,
  commit: string | undefined,
): void {
  const parts = new Set([...Object.keys(header.hashes), ...Object.keys(hashes)]) as Set<keyof Hashes>
  const different = [
    ...[...parts]
      .filter((part) => !sameJson(header.hashes[part] ?? null, hashes[part] ?? null))
      .sort(byCodeUnit),
    ...(header.cases === cases.size && header.dataset === dataset.name ? [] : ['cases']),
    ...(header.commit === undefined || commit === undefined || header.commit === commit ? [] : ['commit']),
  ]
  if (different.length === 0) return
  throw new EvalkitError(
    'EVK_SHARD_OUTDATED',
    `The shards of "${header.eval}" were played of something else than what is here now: ${different.join(', ')} differ.`,
  )
}

/**
 * Reads the shards of a run whole and gives how its tools differ from their contracts, where any shard saw that; one trial is
 * in memory at a time. Throws what `readShardFile` throws, and `EVK_SHARD_CORRUPT` where a shard holds another trial than
 * its own, one twice, or not all of them.
 */
export async function verifyShards(
  shards: readonly FiledShard[],
  { cases }: Pick<Plan, 'cases'>,
): Promise<ShardEnd['contracts']> {
  const contracts = new Map<string, ShardEnd['contracts'][number]>()
  for (const { path, shownAs, header } of shards) {
    const share = shareOf(cases, header.shard)
    const seen = new Set<string>()
    for await (const { line } of readShardFile(path, shownAs)) {
      if (line.kind === 'end') for (const one of line.contracts) contracts.set(canonicalJson(one), one)
      if (line.kind !== 'trial') continue
      const { case: id, trial, trace } = line.trial
      const key = trialKey(id, trial)
      const wrong =
        !share.has(id) || trial >= header.trials
          ? 'is not one of this shard'
          : seen.has(key)
            ? 'is there twice'
            : trace !== line.trace?.id
              ? 'has another trace than it says'
              : undefined
      if (wrong !== undefined) throw corrupt(`Its trial ${trial + 1} ${wrong}.`, { file: shownAs, case: id })
      seen.add(key)
    }
    const left = share.size * header.trials - seen.size
    if (left > 0)
      throw corrupt(`${left} of its ${share.size * header.trials} trials are not in it.`, { file: shownAs })
  }
  return [...contracts.values()]
}

function corrupt(what: string, at: { readonly file: string; readonly case?: string }): EvalkitError {
  return new EvalkitError('EVK_SHARD_CORRUPT', `This is no whole file of a shard. ${what}`, { at })
}
