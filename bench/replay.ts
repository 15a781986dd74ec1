import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readFixture } from '../src/dataset/fixture-file.ts'
import { play } from '../src/replay/play.ts'
import { loop } from '../src/replay/targets/loop.ts'
import { unpackRecording } from '../src/schema/recording.ts'

/** What replaying every recording of a folder of fixtures cost, and what came of it. */
export interface ReplayMeasurement {
  readonly recordings: number
  readonly calls: number
  readonly reproduced: number
  /** CPU time in ms, user and system: reading and unpacking the files, and playing. */
  readonly readMs: number
  readonly playMs: number
}

/** Replays every recording of `<folder>/*.json` (`fixtures/<dataset>`) through the built-in loop, one by one. */
export async function run(folder: string): Promise<ReplayMeasurement> {
  const dataset = basename(folder)
  const cases = readdirSync(folder).flatMap((file) =>
    file.endsWith('.json') ? [basename(file, '.json')] : [],
  )
  const before = process.cpuUsage()
  const recordings = cases.flatMap((id) =>
    readFixture(join(folder, '..'), dataset, id).fixture.recordings.map((packed) => ({
      id,
      recording: unpackRecording(packed),
    })),
  )
  const read = process.cpuUsage(before)
  const start = process.cpuUsage()
  let calls = 0
  let reproduced = 0
  for (const { id, recording } of recordings) {
    const outcome = await play({
      target: loop(),
      case: { v: 1, id, input: '', tags: [] },
      trial: recording.trial,
      recording,
      user: 'script',
      timeoutMs: 60_000,
      now: () => performance.now(),
    })
    calls += outcome.fidelity.steps
    if (outcome.status !== 'aborted' && outcome.divergences.length === 0) reproduced++
  }
  const played = process.cpuUsage(start)
  return { recordings: recordings.length, calls, reproduced, readMs: msOf(read), playMs: msOf(played) }
}

function msOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}

if (import.meta.main ?? process.argv[1]?.endsWith('replay.ts') === true) {
  const folder = process.argv[2] ?? join(import.meta.dirname, '..', 'fixtures', 'airline')
  const { recordings, calls, reproduced, readMs, playMs } = await run(folder)
  console.log(`${reproduced} of ${recordings} recordings reproduced, ${calls} calls`)
  console.log(`read and unpack  ${readMs.toFixed(0).padStart(6)} ms CPU`)
  console.log(
    `play             ${playMs.toFixed(0).padStart(6)} ms CPU  ${((playMs * 1000) / calls).toFixed(1)} µs a call`,
  )
}
