import { nearestWord } from '../../lib/nearest.ts'
import type { Finding } from '../../schema/doctor.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import type { GuessedTool } from './cure.ts'
import { type RecordedTools, staleTools } from './recorded-tools.ts'

/** The fixture of a case, as far as it could be read. */
export interface CaseFixture {
  readonly eval: string
  readonly case: string
  readonly tools: RecordedTools
}

const dayMs = 24 * 60 * 60 * 1000
/** Names in one sentence; the rest is counted. */
const mostNames = 5

/** How old the fixtures are: those whose newest call is older than this, oldest first, and those that do not tell. */
export function ageFindings(
  fixtures: readonly CaseFixture[],
  { now, maxAgeDays }: { readonly now: number; readonly maxAgeDays: number },
): readonly Finding[] {
  const aged = fixtures.flatMap(({ case: id, tools: { newest } }) => {
    return newest === undefined ? [] : [{ id, days: Math.floor((now - Date.parse(newest)) / dayMs) }]
  })
  const old = aged.filter(({ days }) => days > maxAgeDays).toSorted((a, b) => b.days - a.days)
  const silent = fixtures.length - aged.length
  return [
    ...(old.length === 0
      ? []
      : [
          {
            about: 'fixtures',
            level: 'warn' as const,
            what: `${count(old.length, 'fixture')} of ${fixtures.length} ${old.length === 1 ? 'is' : 'are'} older than ${maxAgeDays} days: ${some(old.map(({ id, days }) => `${id} (${days} days)`))}`,
            cure: ['evalkit verify asks the live tools whether they still answer so; promote newer traces'],
          },
        ]),
    ...(silent === 0
      ? []
      : [
          {
            about: 'fixtures',
            level: 'note' as const,
            what: `${count(silent, 'fixture')} of ${fixtures.length} ${silent === 1 ? 'does' : 'do'} not say when ${silent === 1 ? 'it was' : 'they were'} recorded`,
          },
        ]),
  ]
}

/** Fixtures that were made with other volatile paths than evals/tools.json has, or were until now. */
export function frozenFindings(cases: readonly string[], frozen: boolean): readonly Finding[] {
  if (cases.length === 0) return []
  const which = `${count(cases.length, 'fixture')}: ${some(cases)}`
  return frozen
    ? [
        {
          about: 'fixtures',
          level: 'ok',
          what: `what evals/tools.json says is volatile was written into ${which}`,
        },
      ]
    : [
        {
          about: 'fixtures',
          level: 'warn',
          what: `evals/tools.json says otherwise what is volatile than ${which}`,
          cure: ['a fixture keeps what it was made with: evalkit doctor --freeze writes the lines into it'],
        },
      ]
}

/** Tools whose arguments are described otherwise today than when they were recorded, each with its cases. */
export function schemaFindings(
  fixtures: readonly CaseFixture[],
  today: Parameters<typeof staleTools>[1],
): readonly Finding[] {
  const byTool = new Map<
    string,
    { readonly paths: readonly string[]; from: string; readonly cases: string[] }
  >()
  for (const { case: id, tools } of fixtures) {
    for (const { tool, from, paths } of staleTools(tools, today)) {
      const known = byTool.get(tool)
      if (known === undefined) byTool.set(tool, { paths, from, cases: [id] })
      else known.cases.push(id)
    }
  }
  return [...byTool].map(([tool, { paths, from, cases }]) => ({
    about: 'fixtures',
    level: 'warn',
    what: `tool ${tool} takes other arguments than when it was recorded (${from === 'file' ? 'evals/tools.json' : 'the code'}, first at ${paths.map((path) => path || 'the whole').join(', ')}): ${some(cases)}`,
    cure: ['record these cases anew, or bring the schema back'],
  }))
}

/**
 * What evals/tools.json says, held against the tools that recordings call. That a tool is not called can only be said
 * where all fixtures were looked at (`whole`).
 */
export function toolFindings(
  fixtures: readonly CaseFixture[],
  file: ToolsFile | undefined,
  { known, whole }: { readonly known: KnownTools; readonly whole: boolean },
): readonly Finding[] {
  const used = new Set(fixtures.flatMap(({ tools }) => [...tools.calls.keys()]))
  const told = new Set(fixtures.flatMap(({ tools }) => [...tools.schemas.keys()]))
  const declared = whole ? Object.keys(file?.tools ?? {}) : []
  const strangers = declared.filter((name) => !used.has(name) && !told.has(name))
  const misspelled = strangers.flatMap((name) => {
    const near = nearestWord(
      name,
      [...used].filter((tool) => !declared.includes(tool)),
    )
    return near === undefined ? [] : [{ name, near }]
  })
  const idle = strangers.filter((name) => misspelled.every((one) => one.name !== name))
  const guessed = guessedTools(fixtures, known).map(({ tool }) => tool)
  return [
    ...misspelled.map(
      ({ name, near }): Finding => ({
        about: 'tools',
        level: 'warn',
        what: `evals/tools.json names ${name}, which no fixture calls; did you mean ${near}?`,
      }),
    ),
    ...(idle.length === 0 || fixtures.length === 0
      ? []
      : [{ about: 'tools', level: 'note' as const, what: `no fixture calls ${some(idle)}` }]),
    ...(guessed.length === 0
      ? []
      : [
          {
            about: 'tools',
            level: 'warn' as const,
            what: `what ${count(guessed.length, 'tool')} ${guessed.length === 1 ? 'does' : 'do'} to the world is guessed by ${guessed.length === 1 ? 'its name' : 'their names'}: ${some(guessed)}`,
            cure: ['where a guess is right, its line below makes it known; where it is wrong, mend the line'],
          },
        ]),
  ]
}

/** The tools that fixtures call and nobody says anything of, sorted, with what their names let us guess. */
export function guessedTools(fixtures: readonly CaseFixture[], known: KnownTools): readonly GuessedTool[] {
  const used = new Set(fixtures.flatMap(({ tools }) => [...tools.calls.keys()]))
  return [...used]
    .filter((tool) => known(tool).from === 'name')
    .toSorted()
    .map((tool) => ({ tool, effect: known(tool).effect }))
}

/** `1 fixture`, `2 fixtures`. */
function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).join(', ')
  return names.length > mostNames ? `${shown} and ${names.length - mostNames} more` : shown
}
