import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { inlineDataset } from '../dataset/load.ts'
import { all, failureOf, folderWith } from '../dataset/testing/folder.ts'
import { sha256 } from '../lib/hash.ts'
import type { ShardEnd, ShardHeader, ShardTrial } from '../schema/shard-file.ts'
import { anyTrace, sampleTrace, sampleTrial } from '../store/testing/samples.ts'
import { readShardFile, readShardHeader, shardFileName, writeShardFile } from './shard-file.ts'
import { assertOfNow, type FiledShard, verifyShards, wholeOf } from './shard-set.ts'
import { shareOf } from './shard.ts'
import { deskEval, planOf } from './testing/desk-eval.ts'

const header: Omit<ShardHeader, 'kind' | 'v'> = {
  eval: 'desk',
  dataset: 'desk',
  shard: { at: 1, of: 1 },
  mode: { llm: 'live', tools: 'recorded' },
  hashes: { dataset: 'a', checks: 'b', fixtures: 'c' },
  versions: { model: 'gpt' },
  cases: 2,
  trials: 2,
  share: 2,
  startedAt: '2026-11-28T00:00:00.000Z',
  finishedAt: '2026-11-28T00:01:00.000Z',
}
const ids = ['momo', 'krabat']
const change = {
  tool: 'search',
  side: 'input',
  path: 'q',
  kind: 'type',
  class: 'breaking',
  what: 'number, was string',
} as const

function trialOf(id: string, trial: number): Omit<ShardTrial, 'kind'> {
  const { run: _run, ...rest } = sampleTrial({ case: id, trial, trace: `t_${id}_${trial}` })
  return {
    trial: rest,
    trace: sampleTrace({ id: `t_${id}_${trial}`, output: `the ‘${id}’ \u2028 贈り物 \ud800` }),
  }
}
const trials = ids.flatMap((id) => [trialOf(id, 0), trialOf(id, 1)])

let path = ''
beforeEach(() => {
  path = join(folderWith(), 'desk.blob.jsonl.gz')
})

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
const write = (
  given: readonly Omit<ShardTrial, 'kind'>[] = trials,
  over: Partial<ShardHeader> = {},
): Promise<void> => writeShardFile(path, { ...header, ...over }, each(given), () => [change])
const read = (): Promise<unknown[]> => all(readShardFile(path, 'desk.blob'))
const lines = (): string[] => gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')
/** A file as somebody else might make it, with a digest that is right. */
function forge(given: readonly string[], { end = true }: { end?: boolean } = {}): void {
  const body = given.map((line) => `${line}\n`).join('')
  const last: ShardEnd = { kind: 'end', trials: given.length - 1, contracts: [], digest: sha256(body) }
  writeFileSync(path, gzipSync(end ? `${body}${JSON.stringify(last)}\n` : body))
}

describe('a shard’s file', () => {
  it('gives back what was written, and the same trials are the same bytes', async () => {
    await write()
    const [first, ...rest] = (await all(readShardFile(path, 'desk'))).map(({ line }) => line)
    expect(first).toEqual({ kind: 'shard', v: 1, ...header })
    expect(rest.slice(0, 4)).toEqual(trials.map((one) => ({ kind: 'trial', ...one })))
    expect(rest[4]).toMatchObject({ kind: 'end', trials: 4, contracts: [change] })
    const before = readFileSync(path)
    await write()
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(join(path, '..'))).toHaveLength(1)
  })

  it('gives back any trace', async () => {
    await fc.assert(
      fc.asyncProperty(anyTrace, async (trace) => {
        const { trial } = trialOf('momo', 0)
        await write([{ trial, trace }])
        const [, played] = (await all(readShardFile(path, 'desk'))).map(({ line }) => line)
        expect(played).toEqual({ kind: 'trial', trial, trace: JSON.parse(JSON.stringify(trace)) as unknown })
      }),
      { seed: 42, numRuns: 50 },
    )
  })

  it('is not there where its trials end in an error, nor half of it', async () => {
    async function* broken(): AsyncGenerator<Omit<ShardTrial, 'kind'>> {
      yield* trials.slice(0, 1)
      throw new Error('the store is gone')
    }
    await expect(writeShardFile(path, header, broken(), () => [])).rejects.toThrow('the store is gone')
    expect(readdirSync(join(path, '..'))).toEqual([])
    const error = await failureOf(() => writeShardFile('/dev/null/x', header, each(trials), () => []))
    expect(error.code).toBe('EVK_FILE_UNUSABLE')
    expect(existsSync(path)).toBe(false)
  })

  it('is called by its eval and its place', () => {
    expect(shardFileName({ eval: 'desk', shard: { at: 2, of: 10 } })).toBe('desk-2-of-10.blob.jsonl.gz')
  })
})

describe('a file from a stranger', () => {
  it.each<[string, (bytes: Buffer) => Uint8Array, RegExp]>([
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 12), /cut off/],
    ['cut off in the middle', (bytes) => bytes.subarray(0, bytes.length / 2), /cut off/],
    ['nothing', () => new Uint8Array(), /cut off/],
    ['no gzip', () => Buffer.from('{"kind":"shard"}\n'), /cannot be unpacked/],
    ['changed in its packing', (bytes) => bytes.map((byte, at) => (at === 40 ? byte ^ 0xff : byte)), /\w/],
    ['packed nothing', () => gzipSync(''), /cut off/],
    ['without its last line', () => gzipSync(lines().slice(0, -1).join('\n')), /last line is missing/],
    [
      'without one trial',
      () =>
        gzipSync(
          lines()
            .filter((_, at) => at !== 2)
            .join('\n'),
        ),
      /digest/,
    ],
    [
      'with its trials in another order',
      () =>
        gzipSync(
          lines()
            .with(1, lines()[2] ?? '')
            .with(2, lines()[1] ?? '')
            .join('\n'),
        ),
      /digest/,
    ],
    ['with one byte changed', () => gzipSync(lines().join('\n').replace('momo', 'mono')), /digest/],
    ['with something behind it', () => gzipSync([...lines(), lines()[1]].join('\n')), /stands behind/],
    ['twice in one', (bytes) => Buffer.concat([bytes, bytes]), /stands behind/],
    ['without its first line', () => gzipSync(lines().slice(1).join('\n')), /not a valid file of a shard/],
  ])('is refused when it is %s', async (_, change, said) => {
    await write()
    writeFileSync(path, change(readFileSync(path)))
    const error = await failureOf(read)
    expect(error.code).toBe('EVK_SHARD_CORRUPT')
    expect(error.exit).toBe(2)
    expect(error.message).toMatch(said)
  })

  it.each<[string, string, (lines: readonly string[]) => readonly string[]]>([
    [
      'a newer version',
      'EVK_VERSION_NEWER',
      ([head = '', ...rest]) => [head.replace('"v":1', '"v":2'), ...rest],
    ],
    [
      'a key nobody knows',
      'EVK_SHARD_CORRUPT',
      ([head = '', ...rest]) => [head.replace('"v":1', '"v":1,"x":1'), ...rest],
    ],
    [
      'a path for a name',
      'EVK_SHARD_CORRUPT',
      ([head = '', ...rest]) => [head.replace('"eval":"desk"', '"eval":"../desk"'), ...rest],
    ],
    [
      'shard 3 of 2',
      'EVK_SHARD_CORRUPT',
      ([head = '', ...rest]) => [head.replace('"at":1,"of":1', '"at":3,"of":2'), ...rest],
    ],
    [
      'a million trials',
      'EVK_SHARD_CORRUPT',
      ([head = '', ...rest]) => [head.replace('"trials":2', '"trials":1000000'), ...rest],
    ],
    ['more trials than it says', 'EVK_SHARD_CORRUPT', (all) => [...all, all[1] ?? '']],
    [
      'a way to the prototype',
      'EVK_JSON_FORBIDDEN_KEY',
      ([head = '', one = '', ...rest]) => [
        head,
        one.replace('"attributes":{}', '"attributes":{"__proto__":{"x":1}}'),
        ...rest,
      ],
    ],
    [
      'a thousand levels',
      'EVK_JSON_TOO_DEEP',
      ([head = '', one = '', ...rest]) => [
        head,
        one.replace('"attributes":{}', `"attributes":{"x":${'['.repeat(1000)}${']'.repeat(1000)}}`),
        ...rest,
      ],
    ],
    ['no JSON', 'EVK_JSON_SYNTAX', ([head = '', ...rest]) => [head, '{', ...rest.slice(1)]],
    [
      'a score of two',
      'EVK_SHARD_CORRUPT',
      ([head = '', one = '', ...rest]) => [head, one.replace(/"value":[\d.]+/, '"value":2'), ...rest],
    ],
    ['a line of another kind', 'EVK_SHARD_CORRUPT', ([head = '', ...rest]) => [head, head, ...rest.slice(1)]],
  ])('is refused for %s, however right its digest is', async (_, code, change) => {
    await write()
    const before = lines().slice(0, -1)
    const forged = change(before)
    expect(forged).not.toEqual(before)
    forge(forged)
    expect((await failureOf(read)).code).toBe(code)
  })

  it('takes no more room than a line may', async () => {
    await write()
    writeFileSync(path, gzipSync(Buffer.alloc(65 * 1024 * 1024, 0x20)))
    expect((await failureOf(read)).code).toBe('EVK_LINE_TOO_LONG')
  })

  it('is refused where it is no file, or none', async () => {
    expect((await failureOf(() => readShardHeader(join(path, '..'), 'x'))).code).toBe('EVK_FILE_UNUSABLE')
    expect((await failureOf(() => readShardHeader(path, 'x'))).code).toBe('EVK_FILE_NOT_FOUND')
  })
})

describe('verifyShards', () => {
  const cases = new Set(ids)
  const filed = async (): Promise<FiledShard> => ({
    path,
    shownAs: 'desk.blob',
    header: await readShardHeader(path, 'desk.blob'),
  })
  const verify = async (): Promise<unknown> => verifyShards([await filed()], { cases })

  it('tells how tools differed from their contracts, once', async () => {
    await write()
    expect(await verifyShards([await filed(), await filed()], { cases })).toEqual([change])
  })

  it.each<[string, readonly Omit<ShardTrial, 'kind'>[], RegExp]>([
    ['a trial less', trials.slice(1), /1 of its 4 trials are not in it/],
    ['a trial twice', [...trials.slice(1), trials[1] ?? trialOf('momo', 1)], /trial 2 is there twice/],
    ['a trial there is not', [...trials.slice(1), trialOf('momo', 2)], /trial 3 is not one of this shard/],
    ['a case there is not', [...trials.slice(1), trialOf('emil', 0)], /trial 1 is not one of this shard/],
    ['another trace', [{ ...trialOf('momo', 0), trace: sampleTrace() }], /has another trace/],
    ['no trace', [{ trial: trialOf('momo', 0).trial }], /has another trace/],
  ])('refuses %s', async (_, given, said) => {
    await write(given)
    const error = await failureOf(verify)
    expect([error.code, error.at.file]).toEqual(['EVK_SHARD_CORRUPT', 'desk.blob'])
    expect(error.message).toMatch(said)
  })

  it('refuses the case of another shard', async () => {
    const shard = { at: 1, of: 2 }
    const [own = '', other = ''] = shareOf(ids, shard).has('momo') ? ids : ids.toReversed()
    await write([trialOf(own, 0), trialOf(own, 1)], { shard, share: 1 })
    expect(await verify()).toEqual([change])
    await write([trialOf(own, 0), trialOf(other, 1)], { shard, share: 1 })
    expect((await failureOf(verify)).message).toMatch(/not one of this shard/)
  })
})

describe('wholeOf', () => {
  const shards = (of: number): FiledShard[] =>
    Array.from({ length: of }, (_, at) => ({
      path: `${at}`,
      shownAs: `${at}`,
      header: { kind: 'shard', v: 1, ...header, shard: { at: at + 1, of } },
    }))

  it('takes any order, and nothing but all of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (of, places) => {
        const given = shards(of)
        const shuffled = given
          .map((one) => [places.next().value ?? 0, one] as const)
          .sort(([a], [b]) => a - b)
        const order = shuffled.map(([, one]) => one)
        expect(wholeOf('desk', order)).toEqual(given)
        expect(() => wholeOf('desk', order.slice(1))).toThrow(
          expect.objectContaining({ code: 'EVK_SHARD_MISSING' }),
        )
        const twice = [...order, order[0] ?? given[0]].filter((one) => one !== undefined)
        expect(() => wholeOf('desk', twice)).toThrow(expect.objectContaining({ code: 'EVK_SHARD_TWICE' }))
      }),
      { seed: 42 },
    )
  })

  it.each<[string, Partial<ShardHeader>]>([
    ['mode', { mode: { llm: 'recorded', tools: 'recorded' } }],
    ['hashes', { hashes: { ...header.hashes, checks: 'z' } }],
    ['versions', { versions: { model: 'gpt', prompt: 'x' } }],
    ['dataset', { dataset: 'other' }],
    ['cases', { cases: 3 }],
    ['trials', { trials: 3 }],
    ['commit', { commit: 'c'.repeat(40) }],
  ])('refuses shards of other %s, and names it', (what, over) => {
    const [a, b] = shards(2)
    if (a === undefined || b === undefined) throw new Error('two were made')
    const given = [a, { ...b, header: { ...b.header, ...over } }]
    expect(() => wholeOf('desk', given)).toThrow(
      expect.objectContaining({
        code: 'EVK_SHARD_MIXED',
        message: expect.stringContaining(`: ${what} differ`),
      }),
    )
  })

  it('names some of thousands that are missing', () => {
    const [first] = shards(10_000)
    expect(() => wholeOf('desk', first === undefined ? [] : [first])).toThrow(
      /Shard 2, 3, .*21, … of 10000 of "desk" is missing/,
    )
  })
})

it('shards played of another state are told apart by what differs', async () => {
  const dataset = await inlineDataset(
    'desk',
    ids.map((id) => ({ id, input: id })),
    'desk.eval.ts',
  )
  const plan = planOf(deskEval(), dataset)
  const now = { ...header, kind: 'shard', v: 1, hashes: plan.hashes } as const
  const of = (over: Partial<ShardHeader>): FiledShard => ({
    path: '',
    shownAs: '',
    header: { ...now, ...over },
  })
  expect(() => assertOfNow(of({ versions: { model: 'other' }, commit: 'c' }), plan, undefined)).not.toThrow()
  const said = (over: Partial<ShardHeader>, commit?: string) => () => assertOfNow(of(over), plan, commit)
  expect(said({ hashes: { ...plan.hashes, user: 'x', fixtures: 'y' } })).toThrow(/: fixtures, user differ/)
  expect(said({ cases: 3 })).toThrow(/: cases differ/)
  expect(said({ commit: 'c' }, 'd')).toThrow(/: commit differ/)
})
