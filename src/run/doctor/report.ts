import { flatJson } from '../../lib/pretty-json.ts'
import { oneLine } from '../../lib/text.ts'
import type { Diagnosis, DoctorReport, Finding, Source, SourceReport } from '../../schema/doctor.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import { cureLines, type GuessedTool } from './cure.ts'

/** Sources that stop a replay, or will as soon as their line is forgotten. */
const breaking: ReadonlySet<Source['status']> = new Set(['cured', 'not-cured', 'no-line'])

/**
 * Puts together what was found. A project is healthy where nothing breaks a replay: warnings are allowed, and so is an
 * output that differs, which no replay is stopped by. Pure.
 */
export function doctorReport(
  findings: readonly Finding[],
  diagnoses: readonly Diagnosis[],
  { guessed, file }: { readonly guessed: readonly GuessedTool[]; readonly file: ToolsFile | undefined },
): DoctorReport {
  const sources = merged(diagnoses)
  const all = [...findings, ...diagnoses.flatMap(replayFindings), ...sound(diagnoses)]
  const cured = sources.filter(({ status }) => status === 'cured').map(({ cure }) => cure)
  return {
    findings: all,
    sources,
    lines: cureLines(cured, guessed, file),
    cases: diagnoses.length,
    healthy: all.every(({ level }) => level !== 'error') && !sources.some(breaksReplay),
  }
}

/** Whether a replay stops at a source as things stand. */
export function breaksReplay({ kind, status }: Source): boolean {
  return kind !== 'output' && breaking.has(status)
}

/** The same source in several cases is one, with the values of the first. */
function merged(diagnoses: readonly Diagnosis[]): readonly SourceReport[] {
  const byKey = new Map<string, { readonly source: Source; readonly cases: string[] }>()
  for (const { case: id, sources } of diagnoses) {
    for (const source of sources) {
      const key = [source.kind, source.kind === 'calls' ? '' : source.name, source.path, source.status].join(
        ' ',
      )
      const known = byKey.get(key)
      if (known === undefined) byKey.set(key, { source, cases: [id] })
      else if (!known.cases.includes(id)) known.cases.push(id)
    }
  }
  return [...byKey.values()]
    .map(({ source, cases }) => ({ ...source, cases }))
    .toSorted((a, b) => Number(breaksReplay(b)) - Number(breaksReplay(a)) || b.cases.length - a.cases.length)
}

/** What two runs do alike, and the recording does not hold; what kept them from telling anything. */
function replayFindings({ case: id, trial, leaves, aborted, failed }: Diagnosis): readonly Finding[] {
  const at = trial === 0 ? id : `${id}, trial ${trial}`
  const found: Finding[] = []
  if (aborted !== undefined) found.push({ about: 'replay', level: 'error', what: aborted, at })
  if (leaves !== undefined) {
    const [difference] = leaves.differences
    const shown = (value: unknown): string => (value === undefined ? 'nothing' : oneLine(flatJson(value), 80))
    found.push({
      about: 'replay',
      level: 'error',
      what: `${leaves.what.replace(/\.$/, '')}, in both runs alike`,
      at,
      cure: [
        ...(difference === undefined
          ? []
          : [
              `${difference.path || 'the whole'}: recorded ${shown(difference.expected)}, now ${shown(difference.got)}`,
            ]),
        'this is no chance: mend the agent, or record the case anew',
      ],
    })
  }
  if (failed !== undefined) found.push({ about: 'replay', level: 'warn', what: failed, at })
  return found
}

function sound(diagnoses: readonly Diagnosis[]): readonly Finding[] {
  const still = diagnoses.filter(
    ({ sources, leaves, aborted }) =>
      leaves === undefined && aborted === undefined && !sources.some(breaksReplay),
  )
  if (diagnoses.length === 0) return []
  const level = still.length === diagnoses.length ? 'ok' : 'note'
  const what = `${still.length} of ${diagnoses.length} cases do the same in two runs, and stay on their recording`
  return [{ about: 'replay', level, what }]
}
