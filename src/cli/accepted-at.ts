import type { AcceptedState } from '../gate/baseline-changes.ts'
import { baselineFrom, decisionFrom, releaseFrom } from '../run/baseline-file.ts'
import { textFrom } from '../schema/read.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Decision } from '../schema/run.ts'

/** Bytes of a file in a commit, `absent`, or why nobody knows. `path` is relative to the folder we are called in. */
export type FileAt = (
  path: string,
) => Promise<
  | { readonly known: true; readonly bytes: Uint8Array | undefined }
  | { readonly known: false; readonly why: string }
>

/** What is accepted, or why that is not known. */
export type AcceptedAt =
  | { readonly known: true; readonly state: AcceptedState }
  | { readonly known: false; readonly why: string }

/** Lines of a log that are read: more decisions nobody made. */
const longestLog = 100_000

/** What is accepted of an eval in a commit or in the working tree. What cannot be read is not known, and never nothing. */
export async function acceptedAt(fileAt: FileAt, folder: string, evalName: string): Promise<AcceptedAt> {
  const files = [
    `${folder}/${evalName}.baseline.json`,
    `${folder}/${evalName}.release.json`,
    `${folder}/decisions.jsonl`,
  ] as const
  const [baseline, release, log] = await Promise.all(files.map(fileAt))
  for (const one of [baseline, release, log]) {
    if (one === undefined || !one.known) return { known: false, why: one?.why ?? 'nothing was said' }
  }
  const bytesOf = (one: typeof baseline): Uint8Array | undefined =>
    one?.known === true ? one.bytes : undefined
  try {
    const [accepted, released, lines] = [bytesOf(baseline), bytesOf(release), bytesOf(log)]
    return {
      known: true,
      state: {
        baseline: accepted && baselineFrom(accepted, files[0]),
        release: released && releaseFrom(released, files[1]),
        decisions: decisionsIn(lines, files[2]),
      },
    }
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    const { file = '', line } = error.at
    return { known: false, why: `${file}${line === undefined ? '' : `:${line}`}: ${error.message}` }
  }
}

function decisionsIn(bytes: Uint8Array | undefined, file: string): readonly Decision[] {
  if (bytes === undefined || bytes.length === 0) return []
  const lines = textFrom(bytes, { file }).split('\n')
  if (lines.length > longestLog)
    throw new EvalkitError('EVK_FILE_TOO_LARGE', 'The log has more than 100,000 lines.', { at: { file } })
  return lines.flatMap((text, at) => (text.trim() === '' ? [] : [decisionFrom(text, file, at + 1)]))
}
