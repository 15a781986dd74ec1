/**
 * `node scripts/check-guardrails.ts <data directory> [--show <check>]` asks every guardrail of every run in the directory
 * that can be imported, and prints how many runs of each kind pass, fail and are left unscored. `--show` prints the runs
 * one of them fails, with its reason. A check that needs parameters gets those below; one that has none here is named.
 */
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { detectImporter } from '../src/capture/importers/detect.ts'
import { openSource } from '../src/capture/importers/source.ts'
import { EvalkitError } from '../src/schema/errors.ts'
import { knownTools } from '../src/schema/known-tools.ts'
import type { Trace } from '../src/schema/trace.ts'
import type { Check } from '../src/score/check.ts'
import { checks } from '../src/score/checks/index.ts'
import { type AnyCheckFactory, checkOf } from '../src/score/define-check.ts'
import { score } from '../src/score/score.ts'
import { subjectOfTrace } from './figures/subject-of-trace.ts'
import { tauTools } from './figures/tau-tools.ts'

/** Limits a team might set. */
const given: Readonly<Record<string, object>> = {
  maxSteps: { steps: 30 },
  maxTokens: { tokens: 200_000 },
  maxCost: { usd: 0.25 },
  maxDuration: { ms: 30_000, per: 'call' },
  maxRetries: { retries: 1, per: 'call' },
  contextWindow: { tokens: 10_000 },
  cacheHitRate: { min: 0.5 },
  noPii: { allowSaidByUser: true },
}

type Word = 'pass' | 'fail' | 'unscored'
type Counts = Record<Word, number>

const [directory, flag, shown] = process.argv.slice(2)
if (directory === undefined || (flag !== undefined && flag !== '--show')) {
  console.error('usage: node scripts/check-guardrails.ts <data directory> [--show <check>]')
  process.exitCode = 2
} else {
  await count(directory)
}

async function count(root: string): Promise<void> {
  const { asked, silent } = guardrails()
  const groups = new Map<string, { runs: number; of: Map<string, Counts> }>()
  const foreign: string[] = []
  for (const path of filesIn(root)) {
    const traces = await tracesOf(path)
    if (traces === undefined) foreign.push(relative(root, path))
    for (const trace of traces ?? []) {
      const name = groupOf(trace)
      const group = groups.get(name) ?? { runs: 0, of: new Map<string, Counts>() }
      groups.set(name, group)
      group.runs++
      await ask(trace, asked, group.of)
    }
  }
  if (flag !== undefined) return
  const names = [...groups.keys()].toSorted()
  console.log(`| check | ${names.map((name) => `${name} (${groups.get(name)?.runs})`).join(' | ')} |`)
  console.log(`|---|${names.map(() => '---|').join('')}`)
  for (const { name } of asked) {
    const cells = names.map((group) => cellOf(groups.get(group)?.of.get(name)))
    console.log(`| \`${name}\`${paramsOf(name)} | ${cells.join(' | ')} |`)
  }
  console.log('\neach cell: runs that pass / fail / are unscored')
  if (silent.length > 0) console.log(`not asked, as they need parameters: ${silent.join(', ')}`)
  console.log(`${foreign.length} files are in no format that is imported`)
}

function guardrails(): { readonly asked: readonly Check[]; readonly silent: readonly string[] } {
  const asked: Check[] = []
  const silent: string[] = []
  const all: readonly AnyCheckFactory[] = Object.values(checks)
  for (const { definition } of all) {
    if (definition.group !== 'guardrail') continue
    try {
      asked.push(checkOf(definition, given[definition.name] ?? {}))
    } catch (error) {
      if (!EvalkitError.is(error)) throw error
      silent.push(definition.name)
    }
  }
  return { asked, silent }
}

async function ask(trace: Trace, asked: readonly Check[], into: Map<string, Counts>): Promise<void> {
  const tools = trace.source.format === 'tau-bench' ? knownTools(tauTools) : knownTools()
  const scores = await score({ ...subjectOfTrace(trace), tools }, asked)
  for (const answer of scores) {
    const word = answer.status === 'unscored' ? 'unscored' : answer.passed ? 'pass' : 'fail'
    const counts = into.get(answer.name) ?? { pass: 0, fail: 0, unscored: 0 }
    counts[word]++
    into.set(answer.name, counts)
    if (answer.name === shown && word !== 'pass') {
      console.log(`${word.padEnd(8)} ${trace.source.at ?? trace.id}  ${answer.reason ?? ''}`)
    }
  }
}

async function tracesOf(path: string): Promise<readonly Trace[] | undefined> {
  try {
    const source = await openSource(path)
    return [...detectImporter(source).read(source)].flatMap((item) => ('trace' in item ? [item.trace] : []))
  } catch (error) {
    if (EvalkitError.is(error)) return undefined
    throw error
  }
}

function filesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:jsonl?|ya?ml|har|traj)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

/** Benchmarks name their runs by domain; other formats are one group each. */
function groupOf({ name, source }: Trace): string {
  return name.startsWith('tau') ? name : source.format
}

function cellOf(counts: Counts | undefined): string {
  return counts === undefined ? '' : `${counts.pass} / ${counts.fail} / ${counts.unscored}`
}

function paramsOf(name: string): string {
  const params = given[name]
  return params === undefined ? '' : ` \`${JSON.stringify(params)}\``
}
