import { sameJson } from '../../lib/json.ts'
import type { Fixture } from '../../schema/fixture.ts'
import { defaultNormalizers, normalizersOf } from '../../schema/normalizers.ts'
import type { ToolsFile } from '../../schema/tool.ts'

/**
 * The fixture with the volatile paths that evals/tools.json has now; `undefined` where it has them already. A fixture
 * keeps those it was made with, so that a line of a file does not make it match more than somebody reviewed: this is how
 * it is made anew, as a diff. Pure.
 */
export function frozenAnew(fixture: Fixture, file: ToolsFile | undefined): Fixture | undefined {
  const called = fixture.recordings.flatMap(({ calls }) =>
    calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : [])),
  )
  const { normalizers, ...rest } = fixture
  const asked = normalizersOf(file, called) ?? defaultNormalizers
  const anew = { ...asked, rules: normalizers?.rules ?? asked.rules }
  if (sameJson(anew, normalizers ?? defaultNormalizers)) return undefined
  return sameJson(anew, defaultNormalizers) ? rest : { ...rest, normalizers: anew }
}
