/**
 * `node scripts/check-rungs.ts <directory> [--tools tools.json] [--outside think,…]` prints what each rung of the
 * matching ladder serves of runs whose true results are known, and how often that is wrong. The directory holds
 * trajectories that an importer reads, or is the data directory with those of tau-bench; tool facts are tau-bench's where
 * none are given. Exits 1 when a rung that counts as recorded is wrong too often or too little is served, 2 when nothing can be
 * compared.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EvalkitError, placeOf } from '../src/schema/errors.ts'
import { jsonFrom, recordFrom, textFrom } from '../src/schema/read.ts'
import { type ToolsFile, toolsFile } from '../src/schema/tool.ts'
import { importedFiles } from './figures/imported.ts'
import { brokenBy, figuresOfPairs, type PairFigures, percent, type Runs } from './figures/rung-pairs.ts'
import {
  coverageOf,
  hitsOf,
  rungFigures,
  orderedPairs,
  surest,
  type Tally,
  wrongOf,
} from './figures/rungs.ts'
import { outsideTheWorld, runPure, tauTools } from './figures/tau-tools.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tools: { type: 'string' }, outside: { type: 'string' } },
})
const [directory] = positionals
if (directory === undefined) {
  console.error('usage: node scripts/check-rungs.ts <directory> [--tools tools.json] [--outside think,…]')
  process.exitCode = 2
} else {
  try {
    process.exitCode = await check(directory)
  } catch (error) {
    if (EvalkitError.is(error)) console.error(`${error.code}  ${placeOf(error.at)}  ${error.message}`)
    else if (error instanceof Error && 'code' in error) console.error(error.message)
    else throw error
    process.exitCode = 2
  }
}

async function check(within: string): Promise<0 | 1 | 2> {
  const folder = 'tau-bench/trajectories'
  const files: Runs[] = []
  for await (const { path, traces } of importedFiles(within, existsSync(join(within, folder)) ? folder : '.'))
    files.push({ name: path.split('/').at(-1) ?? path, traces })
  const settings = {
    file: values.tools === undefined ? tauTools : toolsIn(values.tools),
    pure: runPure,
    outside: values.outside === undefined ? outsideTheWorld : new Set(values.outside.split(',')),
  }
  const broken: string[] = []
  let pairs = 0
  for (const figures of figuresOfPairs(files, settings)) {
    print(figures, [...settings.outside])
    broken.push(...brokenBy(figures))
    pairs += figures.pairs
  }
  for (const { name, traces } of files) {
    const other = rungFigures(orderedPairs(traces, true), { ...settings, poolBeforeStale: true })
    if (other.pairs === 0) continue
    console.log(`\n# ${name}, pooled, were other recordings asked before a stale read is served`)
    printTally('calls', other.world)
  }
  if (pairs === 0) {
    console.error('There are no two runs of one task to serve from one another.')
    return 2
  }
  console.log(broken.length === 0 ? '\nok' : `\n${broken.join('\n')}`)
  return broken.length === 0 ? 0 : 1
}

function toolsIn(file: string): ToolsFile {
  const at = { file }
  return recordFrom(
    toolsFile,
    jsonFrom(textFrom(readFileSync(file), at), at),
    at,
    'tools file',
    'EVK_TOOLS_INVALID',
  )
}

function print(
  { live, recorded, pooled, pairs, world, all, refusedWrites }: PairFigures,
  outside: readonly string[],
): void {
  const from = live === recorded ? 'other runs of the same agent' : recorded
  console.log(`\n# ${live} from ${from}${pooled ? ', pooled' : ''}: ${pairs} pairs`)
  printTally(`calls without ${outside.join(' and ')}`, world)
  printTally('all calls', all)
  console.log(
    `  writes refused because other writes came before: ${refusedWrites.served}, of which ${refusedWrites.right} would have been right`,
  )
}

function printTally(of: string, tally: Tally): void {
  console.log(`  ${tally.calls} ${of}: ${percent(coverageOf(tally))} served`)
  for (const [name, hits] of Object.entries(tally.rungs)) {
    if (name === 'miss') console.log(`    ${name.padEnd(12)} ${share(hits.served, tally)}`)
    else console.log(`    ${name.padEnd(12)} ${share(hits.served, tally)}  wrong ${percent(wrongOf(hits))}`)
  }
  const sure = hitsOf(tally, surest)
  console.log(`    as recorded  ${share(sure.served, tally)}  wrong ${percent(wrongOf(sure))}`)
}

function share(count: number, { calls }: Tally): string {
  return `${String(count).padStart(5)}  ${percent(calls === 0 ? 0 : count / calls).padStart(7)}`
}
