import { padTo, wrap } from '../lib/columns.ts'
import { flatJson } from '../lib/pretty-json.ts'
import { oneLine, withoutCommands } from '../lib/text.ts'
import type { DoctorReport, Finding, FindingLevel, SourceReport } from '../schema/doctor.ts'
import { plural } from './format.ts'
import type { Style } from './reporter.ts'

/** Findings of one kind and level that are shown; the rest is in `--json`. */
const mostAlike = 8
/** Cases named at a source. */
const mostCases = 5

const order: readonly FindingLevel[] = ['error', 'warn', 'ok', 'note']

/** What the doctor found, as a person reads it: each thing that was looked at, then what is not the same in two runs. */
export function showDoctor(
  { findings, sources, lines, cases, healthy }: DoctorReport,
  { width }: Style,
): string {
  const known = sources.filter(({ status }) => status === 'bound' || status === 'held')
  const news = sources.filter((source) => !known.includes(source))
  const shown = [
    ...groupsOf(findings).flatMap(({ shown, more }) => [
      ...shown.flatMap((finding) => findingLines(finding, width)),
      ...(more === 0 ? [] : [`${indent}… and ${more} more like this (--json has all)`]),
    ]),
    ...(news.length === 0
      ? []
      : [
          '',
          `${plural(news.length, 'source')} of nondeterminism in ${plural(cases, 'replay')}, each run twice:`,
        ]),
    ...news.flatMap((source) => ['', ...sourceLines(source, width)]),
    ...(known.length === 0 ? [] : ['', 'also different in every run, and no harm to a replay:']),
    ...known.map((source) => `  ${titleOf(source, width)}  ${harmless(source)}`),
    ...pasteLines(
      lines,
      news.some(({ status }) => status === 'cured'),
    ),
    '',
    healthy ? 'healthy: nothing breaks a replay' : 'not healthy: something breaks a replay',
    '',
  ]
  return withoutCommands(shown.join('\n'))
}

const indent = ' '.repeat(17)

/** By what they are about in the order it was looked at, worst first. */
function groupsOf(
  findings: readonly Finding[],
): readonly { readonly shown: readonly Finding[]; readonly more: number }[] {
  const groups = new Map<string, Finding[]>()
  const abouts = [...new Set(findings.map(({ about }) => about))]
  for (const about of abouts) {
    for (const level of order) {
      const alike = findings.filter((one) => one.about === about && one.level === level)
      if (alike.length > 0) groups.set(`${about} ${level}`, alike)
    }
  }
  return [...groups.values()].map((alike) => ({
    shown: alike.slice(0, mostAlike),
    more: Math.max(0, alike.length - mostAlike),
  }))
}

function findingLines({ about, level, what, at, cure = [] }: Finding, width: number): readonly string[] {
  const place = at === undefined ? '' : `${oneLine(at, 200)}: `
  const head = `${padTo(level, 5)}  ${padTo(about, 8)}  `
  const text = wrap(`${place}${oneLine(what, 1000)}`, Math.max(30, width - indent.length))
  return [
    ...text.map((line, at) => (at === 0 ? head : indent) + line),
    // What is to be pasted stays on its line.
    ...cure.map((line) => `${indent}  ${oneLine(line, 1000)}`),
  ]
}

function sourceLines(source: SourceReport, width: number): readonly string[] {
  const { shape, evidence, recorded, first, second, cases, cure, status } = source
  const shown = (value: unknown): string =>
    value === undefined ? '(nothing)' : oneLine(flatJson(value), Math.max(20, width - 40))
  const why =
    evidence === 'runs'
      ? 'differs between two runs'
      : 'the same in both runs, not as recorded, and looks like it is made anew'
  const row = (key: string, text: string): string => `    ${padTo(key, 9)} ${text}`
  return [
    `  ${titleOf(source, width)}`,
    row('what', `${words[shape]}; ${why}`),
    ...(recorded === undefined ? [] : [row('recorded', shown(recorded))]),
    row('run 1', shown(first)),
    row('run 2', shown(second)),
    row('cases', someOf(cases)),
    row(
      'cure',
      cure.kind === 'advice'
        ? cure.what
        : status === 'not-cured'
          ? `binding ${oneLine(cure.path, 200)} was tried, and does not help: one value there is several in this run`
          : `${cure.kind === 'tool' ? 'volatile' : 'model.volatile'} in evals/tools.json, below: tried, the replay passes`,
    ),
  ]
}

const words: Readonly<Record<SourceReport['shape'], string>> = {
  uuid: 'a UUID',
  time: 'a time',
  hex: 'random digits',
  id: 'an id',
  counter: 'a counter',
  number: 'a number',
  order: 'the order of a list',
  text: 'a text with ids or times in it',
  other: 'a value',
}

function titleOf({ kind, name, path }: SourceReport, width: number): string {
  const who =
    kind === 'llm' ? 'model' : kind === 'tool' ? `tool ${name}` : kind === 'output' ? '' : `${kind} ${name}`
  return oneLine(`${who} ${path}`, Math.max(30, width - 4))
}

function harmless({ status, shape }: SourceReport): string {
  return status === 'bound'
    ? `${words[shape]}, bound by its fixture`
    : `${words[shape]}, held still in a replay`
}

function pasteLines({ tools, model }: DoctorReport['lines'], binds: boolean): readonly string[] {
  if (tools.length === 0 && model === undefined) return []
  return [
    '',
    'into evals/tools.json:',
    ...(tools.length === 0 ? [] : ['  under "tools"', ...tools.map((line) => `    ${oneLine(line, 2000)}`)]),
    ...(model === undefined ? [] : ['  beside "tools"', `    ${oneLine(model, 2000)}`]),
    ...(binds
      ? ['then: evalkit doctor --freeze writes what is volatile into the fixtures that are there']
      : []),
  ]
}

function someOf(cases: readonly string[]): string {
  const more = cases.length - mostCases
  return `${cases.slice(0, mostCases).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
