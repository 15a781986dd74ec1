import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { nearestWord } from '../lib/nearest.ts'
import { reporters } from '../report/index.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Reporter } from '../report/reporter.ts'
import type { Report } from '../schema/report.ts'
import type { Io } from './io.ts'
import type { Project } from './project.ts'
import { gatherEvidence } from './report-evidence.ts'

/** A report to write: to a file, or to stdout. */
export interface Output {
  readonly reporter: Reporter
  readonly file: string | undefined
}

/** A reporter by its name. Throws `EVK_USAGE` with the nearest. */
export function reporterNamed(name: string): Reporter {
  if (Object.hasOwn(reporters, name)) return reporters[name as keyof typeof reporters]
  const names = Object.keys(reporters)
  const near = nearestWord(name, names)
  throw new EvalkitError('EVK_USAGE', `There is no reporter "${name.slice(0, 40)}".`, {
    details: [near === undefined ? `reporters: ${names.join(', ')}` : `did you mean "${near}"?`],
  })
}

/** What `--reporter` asks for, else the config. Throws `EVK_USAGE`. */
export function outputsFrom(
  project: Pick<Project, 'config' | 'path'>,
  asked: readonly string[] = project.config.reporters,
): readonly Output[] {
  return asked.map((spec) => {
    const [name = '', ...file] = spec.split('=')
    return {
      reporter: reporterNamed(name),
      file: file.length === 0 ? undefined : project.path(file.join('=')),
    }
  })
}

/**
 * A folder of reports: of each eval a page for people, `<eval>.html`, and a document for programs, `<eval>.json`. Documents of
 * an earlier time are taken away, and new ones come only when all evals are concluded: who reads them has all or none, and
 * never takes those before a crash for the whole. Throws what the file system says.
 */
export function openReportFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    const names = new Set(readdirSync(folder))
    // Without a page beside it, a document is somebody else's.
    const ours = [...names].filter(
      (name) => names.has(name.replace(/\.json$/, '.html')) && name.endsWith('.json'),
    )
    for (const name of ours) rmSync(join(folder, name))
  } catch (error) {
    throw fileError(error, folder)
  }
}

/** A report in such a folder. The name of an eval is a slug: it leads nowhere else. */
export function inFolder(folder: string, format: 'html' | 'json', { eval: name }: Report): Output {
  return { reporter: reporters[format], file: join(folder, `${name}.${format}`) }
}

/** Writes the reports that were asked for. Traces are gathered once, and only where a report shows them. */
export async function writeReports(
  io: Io,
  project: Project,
  report: Report,
  outputs: readonly Output[],
): Promise<void> {
  const wanted = outputs.some(({ reporter }) => reporter.wantsTraces)
  const gathered = wanted ? await gatherEvidence(project, report) : { traces: {} }
  for (const { reporter, file } of outputs) {
    const text = reporter.render(report, { style: io.style, ...gathered })
    if (file === undefined) {
      io.out(text)
      continue
    }
    writeReport(io, reporter, file, text)
  }
}

/**
 * Outputs whose file can hold all runs of a command, and the others, which are written run by run (a file then holds the
 * last one).
 */
export function splitOutputs(outputs: readonly Output[]): {
  readonly together: readonly Output[]
  readonly each: readonly Output[]
} {
  const { together = [], each = [] } = Object.groupBy(outputs, ({ reporter, file }) =>
    file !== undefined && reporter.together !== undefined ? 'together' : 'each',
  )
  return { together, each }
}

/** Writes what holds all runs of a command. Throws where a file cannot be written. */
export function writeTogether(io: Io, reports: readonly Report[], outputs: readonly Output[]): void {
  for (const { reporter, file } of outputs) {
    const text = reporter.together?.(reports)
    if (text === undefined || file === undefined) continue
    writeReport(io, reporter, file, text)
  }
}

function writeReport(io: Io, { name }: Reporter, file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw fileError(error, file)
  }
  io.err(`${name} report: ${file}\n`)
}
