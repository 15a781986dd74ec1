import { type Tap, TapAborted, withTap } from './tap.ts'

/** Lets everything go its way, and records nothing of it. */
const through: Tap = {
  handle: (_kind, _request, { live }) =>
    live === undefined ? Promise.reject(new TapAborted('No way to make this call.')) : live(),
  meet: () => ({ watch: { head: ignore, chunk: ignore, end: ignore, fail: ignore } }),
  within: (_part, body) => body(),
  pass: ignore,
}

/**
 * Runs what is not the agent's: a sink that sends its records through a tapped `fetch` would otherwise make records of
 * that, and records of those, without end; and a model that is asked live for a replay would be asked of the replay.
 */
export function untapped<T>(body: () => T): T {
  return withTap(through, body)
}

function ignore(): void {}
