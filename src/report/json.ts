import { prettyJson } from '../lib/pretty-json.ts'
import { inertJson } from '../lib/text.ts'
import type { Reporter } from './reporter.ts'

/** The whole report as one JSON document (`schemaVersion` 1), keys sorted: for programs. */
export const json: Reporter = {
  name: 'json',
  description: 'the whole report as one JSON document with a schemaVersion, keys sorted',
  wantsTraces: false,
  render: (report) => `${inertJson(prettyJson(report))}\n`,
}
