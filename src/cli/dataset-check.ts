import { join, relative } from 'node:path'
import type { Case } from '../schema/case.ts'
import { evalFilesIn, loadEval } from '../config/load.ts'
import { readToolsFile, toolsKnownTo } from '../config/tools-file.ts'
import { checkRecords } from '../dataset/check.ts'
import { defined } from '../lib/defined.ts'
import { showDatasetCheck } from '../report/show-dataset-check.ts'
import type { Eval } from '../run/define-eval.ts'
import type { CheckedDataset, DatasetFinding } from '../schema/dataset-report.ts'
import { type ErrorPlace, EvalkitError } from '../schema/errors.ts'
import { type Falsifiable, falsifiable } from '../score/falsifiable.ts'
import { datasetsOf, fixtureIds, fixtureOf, type NamedDataset } from './datasets.ts'
import { type Io, outJson } from './io.ts'
import type { Project } from './project.ts'
import { redactorOf } from './redactor.ts'

/** `dataset check`. Gives the exit code: 1 where something is wrong, 0 where a person should look at most. */
export async function checkDatasets(
  io: Io,
  project: Project,
  names: readonly string[],
  json: boolean,
): Promise<number> {
  const files = datasetsOf(project, names)
  const { evals, broken } = await evalsOf(project)
  const datasets: CheckedDataset[] = []
  for (const file of files) datasets.push(await checkDataset(io, project, file, evals, broken))
  const all = datasets.flatMap(({ findings }) => findings)
  const count = (severity: DatasetFinding['severity']) =>
    all.filter((one) => one.severity === severity).length
  const [errors, warnings] = [count('error'), count('warning')]
  if (json) outJson(io, { datasets, errors, warnings })
  else io.out(showDatasetCheck(datasets, io.style))
  return errors > 0 ? 1 : 0
}

async function checkDataset(
  io: Io,
  project: Project,
  { name, path, shownAs, format }: NamedDataset,
  evals: readonly Eval[],
  broken: readonly Omit<DatasetFinding, 'file'>[],
): Promise<CheckedDataset> {
  const about = evals.filter((one) => one.dataset === name)
  const fixtures = fixtureIds(project, name)
  const asked = askerOf(project, name, about, fixtures)
  const findings: DatasetFinding[] = []
  let cases = 0
  const found = checkRecords(
    format.records(path, shownAs),
    { file: shownAs, redactor: redactorOf(io, project.config), fixtures },
    async (one, at) => {
      cases++
      findings.push(...(await asked(one, { file: shownAs, ...at })))
    },
  )
  for await (const finding of found) findings.push(finding)
  for (const finding of broken) findings.push({ ...finding, file: shownAs })
  if (about.length === 0 && broken.length === 0) {
    const what = 'no eval names this dataset, so nobody knows which checks could fail a case'
    findings.push({ severity: 'note', kind: 'not-looked-at', file: shownAs, what })
  }
  return { name, file: shownAs, cases, evals: about.map((one) => one.name), findings: inOrder(findings) }
}

/** As the file has them; what is about the file as a whole last. */
function inOrder(findings: readonly DatasetFinding[]): readonly DatasetFinding[] {
  const line = (one: DatasetFinding) => one.line ?? Number.POSITIVE_INFINITY
  return findings.toSorted((a, b) => (line(a) === line(b) ? 0 : line(a) - line(b)))
}

/** The evals of the project; one that cannot be loaded is told, and harms no other. */
async function evalsOf({ folder, config, path }: Project) {
  const evals: Eval[] = []
  const broken: Omit<DatasetFinding, 'file'>[] = []
  for (const name of evalFilesIn(path(config.evals))) {
    const file = join(path(config.evals), name)
    try {
      evals.push((await loadEval(folder, file)).eval)
    } catch (error) {
      if (!EvalkitError.is(error)) throw error
      const what = `${relative(folder, file)} cannot be loaded, so its checks were not asked: ${error.message}`
      broken.push({ severity: 'warning', kind: 'not-looked-at', what, hint: error.hint })
    }
  }
  return { evals, broken }
}

/** What the checks of each eval could find wrong with a case. */
function askerOf(project: Project, dataset: string, evals: readonly Eval[], fixtures: ReadonlySet<string>) {
  const { config, path } = project
  const tools = toolsKnownTo(readToolsFile(path(config.tools), config.tools))
  return async (
    one: Case,
    at: ErrorPlace & { readonly file: string },
  ): Promise<readonly DatasetFinding[]> => {
    const findings: DatasetFinding[] = []
    for (const { name, checks } of evals) {
      let word = await falsifiable(one, checks, { tools })
      if (word !== 'can-fail' && fixtures.has(one.id)) {
        // Only now: fixtures are large.
        const recorded = fixtureOf(project, dataset, one.id)?.recordings.flatMap(({ scores }) => scores)
        word = await falsifiable(one, checks, { tools, ...defined({ recorded }) })
      }
      const told = tellOf(word, name, one)
      if (told !== undefined) {
        findings.push({
          kind: 'cannot-fail',
          file: at.file,
          ...defined({ line: at.line }),
          case: one.id,
          ...told,
        })
      }
    }
    return findings
  }
}

/** What is said of a case that an eval's checks could not fail; nothing of one that they can. */
function tellOf(
  word: Falsifiable,
  name: string,
  { expected, reference }: Case,
): Pick<DatasetFinding, 'severity' | 'what' | 'hint'> | undefined {
  switch (word) {
    case 'can-fail':
      return undefined
    case 'never-scored': {
      const what = `no check of eval "${name}" has an answer, be the outcome nothing, nonsense, or far too much of it`
      if (expected === undefined && reference === undefined) {
        const hint =
          'Say what is expected (`expected`, `reference`), or ask something that needs no expectation.'
        return { severity: 'error', what, hint }
      }
      // A check may wait for evidence that no probe holds.
      return {
        severity: 'warning',
        what,
        hint: 'Let a check ask for what the case expects: equals, contains, toolCalls, …',
      }
    }
    case 'always-passes':
      return {
        severity: 'warning',
        what: `the checks of eval "${name}" pass nothing at all, nonsense, and far too much of it`,
        hint: 'Say what is expected, for an empty reference asks for nothing; right only where a check forbids something.',
      }
    case 'limits-only':
      return {
        severity: 'warning',
        what: `only limits of eval "${name}" can fail it: nobody looks at the answer`,
        hint: 'Say what is expected, or ask for something that every right answer shows.',
      }
  }
}
