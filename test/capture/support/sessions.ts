import type { RunOptions } from '../../../src/capture/session.ts'
import { memorySession } from '../../../src/capture/testing/memory-session.ts'
import { createRedactor } from '../../../src/lib/redact.ts'
import { createPlayer, type Player } from '../../../src/replay/player.ts'
import { packRecording, recordingOf, unpackRecording } from '../../../src/schema/recording.ts'
import type { Trace } from '../../../src/schema/trace.ts'
import { SpanLog } from '../../../src/tap/span-log.ts'
import { withTap } from '../../../src/tap/tap.ts'

/** Runs `body` recorded, to its end. */
export async function recorded<T>(
  body: () => Promise<T>,
  options?: RunOptions,
): Promise<{ result: T; trace: Trace }> {
  const { session, traces } = memorySession()
  const recorder = session.start('agent', options)
  const result = await withTap(recorder.tap, body)
  recorder.end({ output: null })
  await session.flush()
  const [trace] = traces()
  if (trace === undefined) throw new Error('nothing was recorded')
  return { result, trace }
}

/** Runs `body` against what a trace recorded, as a fixture would hold it. */
export async function replayed<T>(
  trace: Trace,
  body: () => Promise<T>,
): Promise<{ result: T; player: Player }> {
  const packed = JSON.stringify(packRecording(recordingOf(trace)))
  const recording = unpackRecording(JSON.parse(packed) as ReturnType<typeof packRecording>)
  const player = createPlayer(recording, new SpanLog('agent'), { redact: createRedactor().json })
  return { result: await withTap(player.tap, body), player }
}
