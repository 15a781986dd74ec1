import { existsSync, readdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import { toolsKnownTo } from '../../config/tools-file.ts'
import type { LoadedEval } from '../../config/load.ts'
import { fixturePath, hasFixture, readFixture, writeFixture } from '../../dataset/fixture-file.ts'
import type { Dataset } from '../../dataset/load.ts'
import { selects } from '../../dataset/select.ts'
import { play } from '../../replay/play.ts'
import { whileOpen } from '../../replay/target.ts'
import { recordedStart } from '../../replay/world/open-world.ts'
import { showDoctor } from '../../report/show-doctor.ts'
import { diagnose, type Rehearse } from '../../run/doctor/diagnose.ts'
import {
  ageFindings,
  frozenFindings,
  type CaseFixture,
  guessedTools,
  schemaFindings,
  toolFindings,
} from '../../run/doctor/findings.ts'
import { frozenAnew } from '../../run/doctor/freeze.ts'
import { recordedTools } from '../../run/doctor/recorded-tools.ts'
import { doctorReport } from '../../run/doctor/report.ts'
import type { Case } from '../../schema/case.ts'
import type { Diagnosis, Finding } from '../../schema/doctor.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Fixture } from '../../schema/fixture.ts'
import { defaultNormalizers, type Normalizers } from '../../schema/normalizers.ts'
import { type Recording, unpackRecording } from '../../schema/recording.ts'
import { defaultReplayPolicy } from '../../schema/replay-policy.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import { tappedTool } from '../../tap/tap.ts'
import { attempt, broken, lookAtSetting } from '../doctor-setting.ts'
import { inCi, type Io, outJson } from '../io.ts'
import { progressOf } from '../progress.ts'
import { collect, type CommonOptions, withCommonOptions } from '../project.ts'
import { redactorOf } from '../redactor.ts'
import { datasetOf } from '../eval-inputs.ts'

interface Options extends CommonOptions {
  readonly case?: readonly string[]
  readonly trials: string
  readonly maxAge: string
  readonly freeze?: boolean
}

export function command(io: Io, exit: (code: number) => void): Command {
  return withCommonOptions(
    new Command('doctor')
      .description(
        'Runs cases twice against their recordings and names what is not the same, with the line of evals/tools.json ' +
          'that cures it; looks at fixtures, store, config, keys and Node. Exits 0 when nothing breaks a replay, else 1.',
      )
      .argument('[eval...]', 'names of evals, or paths of eval files (default: all in evals/)')
      .option('--case <glob>', 'only cases whose id fits', collect)
      .option('--trials <k>', 'recordings of each case that are played', '1')
      .option('--max-age <days>', 'warn of fixtures that are older', '90')
      .option('--freeze', 'write what evals/tools.json says is volatile into the fixtures, first'),
  )
    .addHelpText('after', '\nExample:\n  evalkit doctor support --case "refund-*"')
    .action(async (names: readonly string[], options: Options) => exit(await doctor(io, names, options)))
}

/** What is known of a project when its cases are looked at. */
interface Practice {
  readonly config: Config
  readonly path: (name: string) => string
  readonly tools: ToolsFile | undefined
  readonly findings: Finding[]
  readonly fixtures: CaseFixture[]
  readonly diagnoses: Diagnosis[]
  readonly trials: number
  readonly freeze: boolean
  /** Cases whose fixture was made with other volatile paths than evals/tools.json has. */
  readonly unfrozen: string[]
}

async function doctor(io: Io, names: readonly string[], options: Options): Promise<number> {
  const trials = wholeNumber(options.trials, '--trials', 1)
  const maxAgeDays = wholeNumber(options.maxAge, '--max-age', 0)
  const freeze = options.freeze === true
  if (freeze && inCi(io)) {
    throw new EvalkitError(
      'EVK_USAGE',
      'Fixtures are written at the desk, in a reviewed commit, and not in CI.',
    )
  }
  const setting = await lookAtSetting(io, names, options.store)
  const { config, tools } = setting
  const findings = [...setting.findings]
  const diagnoses: Diagnosis[] = []
  const fixtures: CaseFixture[] = []
  if (config !== undefined) {
    const path = (name: string): string => (isAbsolute(name) ? name : join(io.cwd, name))
    const practice = { config, path, tools, findings, fixtures, diagnoses, trials, freeze, unfrozen: [] }
    const whole = names.length === 0 && (options.case ?? []).length === 0
    await lookAtCases(io, practice, setting.evals, options)
    findings.push(...fixtureFindings(practice, { now: io.now(), maxAgeDays, whole }))
  }
  if (io.signal.aborted)
    throw new EvalkitError('EVK_RUN_INTERRUPTED', 'The doctor was stopped.', { hint: 'Run it again.' })
  const guessed = guessedTools(fixtures, toolsKnownTo(tools))
  const report = doctorReport(findings, diagnoses, { guessed, file: tools })
  if (options.json === true) outJson(io, report)
  else io.out(showDoctor(report, io.style))
  return report.healthy ? 0 : 1
}

async function lookAtCases(
  io: Io,
  practice: Practice,
  evals: readonly LoadedEval[],
  { case: globs = [] }: Options,
): Promise<void> {
  let selected = 0
  for (const loaded of evals) {
    const { eval: of, file } = loaded
    const dataset = await attempt(
      'evals',
      () => datasetOf(practice, of.name, of.dataset, file),
      practice.findings,
    )
    if (dataset === undefined) continue
    const cases = dataset.index.filter((one) => selects({ cases: globs, tags: [] }, one))
    selected += cases.length
    const ids = new Set(cases.map(({ id }) => id))
    if (globs.length === 0) practice.findings.push(...strayFixtures(practice, dataset))
    if (ids.size === 0) continue
    await attempt(
      'evals',
      () => whileOpen(of.target, io.signal, () => lookAtEval(io, practice, loaded, dataset, ids)),
      practice.findings,
    )
  }
  if (globs.length > 0 && evals.length > 0 && selected === 0) {
    throw new EvalkitError('EVK_CASE_NOT_FOUND', `No case fits ${globs.join(', ')}.`)
  }
}

async function lookAtEval(
  io: Io,
  practice: Practice,
  { eval: of }: LoadedEval,
  dataset: Dataset,
  ids: ReadonlySet<string>,
): Promise<void> {
  const progress = progressOf(io, of.name, ids.size, 0)
  let done = 0
  try {
    for await (const given of dataset.cases()) {
      if (!ids.has(given.id) || io.signal.aborted) continue
      const fixture = fixtureOf(practice, dataset, given)
      if (fixture === undefined) continue
      const recordings = fixture.recordings.map(unpackRecording)
      practice.fixtures.push({ eval: of.name, case: given.id, tools: recordedTools(recordings) })
      for (const [trial, recording] of recordings.slice(0, practice.trials).entries()) {
        const normalizers = fixture.normalizers ?? defaultNormalizers
        practice.diagnoses.push(
          await diagnosed(io, practice, of, { case: given, trial, recording, normalizers }),
        )
      }
      progress.update(++done)
    }
  } finally {
    progress.end()
  }
}

/** A case's fixture, frozen anew where that is asked for. What is wrong with it is a finding. */
function fixtureOf(
  { config, path, findings, tools, freeze, unfrozen }: Practice,
  dataset: Dataset,
  given: Case,
): Fixture | undefined {
  const folder = path(config.fixtures)
  try {
    if (!hasFixture(folder, dataset.name, given.id)) {
      if ((given.source?.traces.length ?? 0) === 0) return undefined
      const what = 'The case was promoted from a trace, but its fixture is not there.'
      throw new EvalkitError('EVK_FIXTURE_MISSING', what, { at: { case: given.id } })
    }
    const { fixture } = readFixture(folder, dataset.name, given.id)
    const anew = frozenAnew(fixture, tools)
    if (anew === undefined) return fixture
    unfrozen.push(given.id)
    if (!freeze) return fixture
    writeFixture(folder, anew)
    return anew
  } catch (error) {
    findings.push(broken('fixtures', error, given.id))
    return undefined
  }
}

interface Played {
  readonly case: Case
  readonly trial: number
  readonly recording: Recording
  readonly normalizers: Normalizers
}

function diagnosed(
  io: Io,
  { config, tools }: Practice,
  { target, user, timeoutMs, replay: { strict, time, network, seed } }: LoadedEval['eval'],
  { case: given, trial, recording, normalizers: frozen }: Played,
): Promise<Diagnosis> {
  const known = toolsKnownTo(tools)
  const rehearse: Rehearse = (which, normalizers) =>
    play({
      target,
      case: given,
      trial,
      recording,
      user,
      timeoutMs,
      signal: io.signal,
      now: io.now,
      redact: redactorOf(io, config).json,
      // As the eval plays it: what it lets out is no escape here either.
      time,
      network,
      // What the eval lets a miss become would hide it.
      replay: { known, normalizers, policy: { ...defaultReplayPolicy, strict } },
      ...(which === 'first'
        ? { seed }
        : { seed: seed + otherSeed, startTime: recordedStart(recording) + laterMs }),
    })
  return diagnose({ case: given.id, trial, output: recording.output, normalizers: frozen }, rehearse)
}

/** Added to the seed of the second run: all that hangs on chance or on the time is another there than in the first. */
const otherSeed = 1
/** Another day, hour, minute, second and millisecond. */
const laterMs = 93_784_567

function fixtureFindings(
  { config, fixtures, tools, findings, freeze, unfrozen }: Practice,
  { whole, ...age }: { readonly now: number; readonly maxAgeDays: number; readonly whole: boolean },
): readonly Finding[] {
  const held = fixtures.filter(
    ({ tools: of }) => of.calls.size > 0 || of.schemas.size > 0 || of.newest !== undefined,
  )
  const declared = (name: string): ToolsFile['tools'][string] | undefined =>
    tools !== undefined && Object.hasOwn(tools.tools, name) ? tools.tools[name] : undefined
  const isBroken = findings.some(({ about, level }) => about === 'fixtures' && level === 'error')
  return [
    ...(isBroken || held.length === 0
      ? []
      : [
          {
            about: 'fixtures',
            level: 'ok' as const,
            what: `${held.length} in ${config.fixtures}/ can be read, blobs included`,
          },
        ]),
    ...frozenFindings(unfrozen, freeze),
    ...ageFindings(held, age),
    ...schemaFindings(held, (name) => ({
      file: declared(name)?.inputSchema,
      code: tappedTool(name)?.inputSchema,
    })),
    ...toolFindings(held, tools, { known: toolsKnownTo(tools), whole }),
  ]
}

/** Fixtures of cases that the dataset does not have any more. */
function strayFixtures({ config, path }: Practice, { name, index }: Dataset): readonly Finding[] {
  const folder = join(path(config.fixtures), name)
  if (!existsSync(folder)) return []
  const ids = new Set(index.map(({ id }) => id))
  const stray = readdirSync(folder)
    .flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []))
    .filter((id) => !ids.has(id))
    .toSorted()
  const [first] = stray
  if (first === undefined) return []
  const more = stray.length === 1 ? '' : ` and ${stray.length - 1} more`
  const what = `no case of ${name} has this fixture: ${fixturePath(config.fixtures, name, first)}${more}`
  return [{ about: 'fixtures', level: 'warn', what }]
}

function wholeNumber(text: string, option: string, from: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (number >= from) return number
  throw new EvalkitError(
    'EVK_USAGE',
    `${option} takes a whole number from ${from}, not "${text.slice(0, 40)}".`,
  )
}
