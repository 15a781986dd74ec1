import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readShardFile, readShardHeader, writeShardFile } from '../src/run/shard-file.ts'
import { conversation } from '../src/store/testing/samples.ts'
import { measure, workspace } from './trivial.ts'

/**
 * Runs of four trials a case, played in four shards and put together by `evalkit merge`: 20,000 trials of agents that do nothing,
 * and 2,000 that leave a conversation of twelve turns. Time and peak memory of the whole process.
 */

const evalkit = join(dirname(import.meta.dirname), 'bin', 'evalkit.mjs')
const shards = 4

const evalFile = (cases: number): string => `
import { defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'
export default defineEval({
  name: 'shards',
  dataset: Array.from({ length: ${cases} }, (_, n) => ({ id: 'case-' + n, input: 'text ' + n, expected: 'text ' + n })),
  target: (input) => input,
  checks: [equals()],
  trials: 4,
})
`

export async function run(): Promise<void> {
  const dir = workspace()
  try {
    playShards(dir, 5000)
    mergeIn(dir, '20,000 trials of agents that do nothing')
    playShards(dir, 500)
    await giveConversations(join(dir, 'evalkit-blobs'))
    mergeIn(dir, '2,000 conversations of twelve turns')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function playShards(dir: string, cases: number): void {
  writeFileSync(join(dir, 'evals', 'shards.eval.ts'), evalFile(cases))
  const measured = Array.from({ length: shards }, (_, at) =>
    measure([evalkit, 'run', '--shard', `${at + 1}/${shards}`, '--store', 'played.db'], dir),
  )
  const each = measured
    .map(({ wallMs, cpuMs }) => `${wallMs.toFixed(0)} (${cpuMs.toFixed(0)} CPU)`)
    .join(', ')
  console.log(`  ${cases} cases played in ${shards} shards, ms each: ${each}`)
}

function mergeIn(dir: string, what: string): void {
  const blobs = join(dir, 'evalkit-blobs')
  const bytes = readdirSync(blobs).reduce((sum, name) => sum + statSync(join(blobs, name)).size, 0)
  rmSync(join(dir, 'merged.db'), { force: true })
  const { wallMs, cpuMs, peakMiB } = measure([evalkit, 'merge', 'evalkit-blobs', '--store', 'merged.db'], dir)
  const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB of files`
  console.log(
    `  ${what} (${size}): ${wallMs.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms CPU, ${peakMiB.toFixed(0)} MiB at the peak`,
  )
}

/** The same trials, each with 24 spans of talk nobody else had. */
async function giveConversations(blobs: string): Promise<void> {
  let seed = 0
  for (const name of readdirSync(blobs)) {
    const path = join(blobs, name)
    const { kind: _kind, v: _v, ...header } = await readShardHeader(path, name)
    async function* talking() {
      for await (const { line } of readShardFile(path, name)) {
        if (line.kind !== 'trial') continue
        const id = `t_talk_${seed++}`
        yield {
          trial: { ...line.trial, trace: id },
          trace: conversation(id, 12, (turn) => words(seed + turn)),
        }
      }
    }
    await writeShardFile(path, header, talking(), () => [])
  }
}

/** About 500 characters that repeat no others. */
function words(seed: number): string {
  return Array.from({ length: 85 }, (_, at) => ((seed * 7919 + at * 104_729) % 46_649).toString(36)).join(' ')
}

if (process.argv[1] === import.meta.filename) await run()
