import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { traceOfRecording } from './recorded-trace.ts'
import { recordingOf } from './recording.ts'
import { recordings } from './testing/recordings.ts'
import { trace } from './trace.ts'

describe('traceOfRecording', () => {
  it('makes a trace that holds the same recording', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        const made = traceOfRecording(recording, 'desk')
        // Doubt about how a reply was found is kept; certainty is not written down.
        expect(recordingOf(made).calls).toEqual(
          recording.calls.filter((call) => call.kind !== 'custom' || call.attempts !== undefined),
        )
        expect(made.spans).toHaveLength(recording.calls.length + 1)
        expect(trace.safeParse({ ...made, id: 't_0' }).error).toBeUndefined()
      }),
      { seed: 42, numRuns: 200 },
    )
  })
})
