import { existsSync } from 'node:fs'
import type { LoadedEval } from '../config/load.ts'
import { hasFixture, readFixture } from '../dataset/fixture-file.ts'
import { type Dataset, inlineDataset, openDataset } from '../dataset/load.ts'
import { defined } from '../lib/defined.ts'
import { oneLine } from '../lib/text.ts'
import { usesIn } from '../run/estimate.ts'
import type { FixtureFacts } from '../run/plan.ts'
import type { Case } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Fixture } from '../schema/fixture.ts'
import type { KnownTools } from '../schema/known-tools.ts'
import type { Io } from './io.ts'
import type { Project } from './project.ts'

/** The dataset an eval names, or the one it holds itself. */
export async function datasetOf(
  project: Pick<Project, 'config' | 'path'>,
  evalName: string,
  given: LoadedEval['eval']['dataset'],
  file: string,
): Promise<Dataset> {
  if (typeof given !== 'string') return inlineDataset(evalName, given, file)
  const path = `${project.config.datasets}/${given}.jsonl`
  return openDataset(project.path(path), given, path)
}

/** Every fixture is read and checked before anything runs: a broken one stops the run, not half of it. */
export async function fixturesOf(
  project: Project,
  dataset: Dataset,
  unfit?: (fixture: Fixture, given: Case) => FixtureFacts['unfit'],
): Promise<Map<string, FixtureFacts>> {
  const folder = project.path(project.config.fixtures)
  const facts = new Map<string, FixtureFacts>()
  if (!existsSync(folder)) {
    for await (const one of dataset.cases()) refuseMissing(one)
    return facts
  }
  for await (const one of dataset.cases()) {
    if (!hasFixture(folder, dataset.name, one.id)) {
      refuseMissing(one)
      continue
    }
    const { fixture, hash, worldHash } = readFixture(folder, dataset.name, one.id)
    const recordings = fixture.recordings.length
    facts.set(one.id, {
      hash,
      worldHash,
      recordings,
      tools: toolsIn(fixture),
      models: modelsIn(fixture),
      uses: usesIn(fixture),
      ...defined({ output: fixture.recordings[0]?.output, unfit: unfit?.(fixture, one) }),
    })
  }
  return facts
}

function toolsIn({ recordings }: Fixture): ReadonlySet<string> {
  const calls = recordings.flatMap((recording) => recording.calls)
  return new Set(calls.flatMap((call) => (call.kind === 'tool' ? [call.request.name] : [])))
}

function modelsIn({ recordings }: Fixture): ReadonlySet<string> {
  return new Set(recordings.flatMap(({ versions }) => (versions.model === undefined ? [] : [versions.model])))
}

/** What a replay may serve hangs on what tools do to the world: what is only guessed is said. */
export function warnOfGuesses(
  { err }: Io,
  file: string,
  fixtures: ReadonlyMap<string, FixtureFacts>,
  known: KnownTools,
): void {
  const used = [...new Set([...fixtures.values()].flatMap(({ tools = [] }) => [...tools]))].sort()
  const guessed = used.filter((name) => known(name).from === 'name')
  if (guessed.length === 0) return
  const shown = guessed.slice(0, 5).map((name) => `${oneLine(name, 60)} ${known(name).effect}s`)
  const more = guessed.length > shown.length ? `, and ${guessed.length - shown.length} more` : ''
  err(`What these tools do is guessed from their names: ${shown.join(', ')}${more}. Say it in ${file}.\n`)
}

/** A case that was made of a trace was made with a fixture. */
function refuseMissing({
  id,
  source,
}: {
  readonly id: string
  readonly source?: { readonly traces: readonly string[] } | undefined
}): void {
  if (source === undefined || source.traces.length === 0) return
  throw new EvalkitError(
    'EVK_FIXTURE_MISSING',
    'The case was promoted from a trace, but its fixture is not there.',
    {
      at: { case: id },
    },
  )
}
