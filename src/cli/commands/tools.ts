import { Command } from 'commander'
import { readToolsFile } from '../../config/tools-file.ts'
import { writeWhole } from '../../dataset/write-whole.ts'
import { jsonDifferences } from '../../lib/json-diff.ts'
import { prettyJson } from '../../lib/pretty-json.ts'
import { inertJson } from '../../lib/text.ts'
import { showSnapshot, showToolCheck } from '../../report/show-tools.ts'
import { compareContracts, isBroken } from '../../run/contracts/compare-contracts.ts'
import { recheckFixtures } from '../../run/contracts/recheck.ts'
import { snapshotOf } from '../../run/contracts/snapshot.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { ToolsFile } from '../../schema/tool.ts'
import type { ToolCheckReport } from '../../schema/tool-contract.ts'
import { inCi, type Io, outJson } from '../io.ts'
import { collect, type CommonOptions, type Project, withCommonOptions, withProject } from '../project.ts'
import { type AuditOptions, auditTools } from '../tools-audit.ts'
import { fixturesOf, type SourceOptions, toolsNow } from '../tools-now.ts'

interface SnapshotOptions extends CommonOptions, SourceOptions {
  readonly dryRun?: boolean
}

/** Differences of the file that `--dry-run` knows. */
const mostDifferences = 500

export function command(io: Io, exit: (code: number) => void): Command {
  const snapshot = withSources(
    new Command('snapshot')
      .description('Writes what tools ask and promise now into evals/tools.json. Facts that are there stay.')
      .option('--dry-run', 'write nothing, and print the differences'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  evalkit tools snapshot --dry-run\n  evalkit tools snapshot --from mcp -- node server.mjs',
    )
    .action((words: readonly string[], options: SnapshotOptions) =>
      withProject(io, options, (project) => snapshotTools(io, project, words, options)),
    )
  const check = withSources(
    new Command('check').description(
      'Compares what tools are now with evals/tools.json, and recorded calls with what tools are now. Exits 1 where a ' +
        'change breaks or cannot be decided, or a recorded call no longer fits, 3 where nothing could be compared.',
    ),
  )
    .addHelpText('after', '\nExample:\n  evalkit tools check\n  evalkit tools check --mcp tools-list.jsonl')
    .action((words: readonly string[], options: CommonOptions & SourceOptions) =>
      withProject(io, options, async (project) => exit(await checkTools(io, project, words, options))),
    )
  const audit = withCommonOptions(
    new Command('audit')
      .description(
        'Least privilege, from traces: tools that agents were granted and never used, used and were never granted; and ' +
          'models for which a cheaper one passed the same cases.',
      )
      .option('--run <name>', 'the traces of this run, not those that were recorded')
      .option('--where <conditions>', 'only traces that fit, as in evalkit trace list', collect),
  )
    .addHelpText('after', "\nExample:\n  evalkit tools audit --where 'started>2026-11-01'")
    .action((options: AuditOptions) =>
      withProject(io, options, (project) => auditTools(io, project, options)),
    )
  return new Command('tools')
    .description(
      'What tools ask and promise (evals/tools.json), whether that still holds, and who uses them.',
    )
    .enablePositionalOptions()
    .addCommand(snapshot)
    .addCommand(check)
    .addCommand(audit)
}

function withSources(command: Command): Command {
  return withCommonOptions(command)
    .argument('[command...]', 'the command of an MCP server and its arguments, behind "--"')
    .option('--from <source>', 'code (default), mcp, traces or fixtures; may be given several times', collect)
    .option(
      '--mcp <file>',
      'a log of MCP messages, or the result of tools/list, instead of a server',
      (file) => [file],
    )
    .option('--where <conditions>', 'with --from traces, only those that fit', collect)
    .option('--timeout <ms>', 'how long an MCP server may take', '20000')
}

async function snapshotTools(
  io: Io,
  project: Project,
  words: readonly string[],
  options: SnapshotOptions,
): Promise<void> {
  const dryRun = options.dryRun === true
  if (!dryRun && inCi(io)) {
    throw new EvalkitError(
      'EVK_USAGE',
      'A contract is accepted at the desk, in a reviewed commit, and not in CI.',
      {
        hint: 'evalkit tools check, or --dry-run.',
      },
    )
  }
  const file = project.config.tools
  const path = project.path(file)
  const before = readToolsFile(path, file)
  const { contracts, sources } = await toolsNow(io, project, words, options)
  if (contracts.size === 0) throw noTools(sources)
  const { file: after, ...done } = snapshotOf(before, contracts)
  const written = !dryRun && done.added.length + done.updated.length > 0
  if (written) writeWhole(path, `${inertJson(prettyJson(after))}\n`)
  const differences = dryRun
    ? jsonDifferences(before ?? { v: 1, tools: {} }, after, mostDifferences)
    : undefined
  const shown = { file, sources, ...done, written, ...(differences === undefined ? {} : { differences }) }
  if (options.json === true) outJson(io, shown)
  else io.out(showSnapshot(shown, io.style))
}

async function checkTools(
  io: Io,
  project: Project,
  words: readonly string[],
  options: CommonOptions & SourceOptions,
): Promise<number> {
  const name = project.config.tools
  const file = committed(readToolsFile(project.path(name), name), name)
  const { contracts, sources, whole } = await toolsNow(io, project, words, options)
  const compared = compareContracts(file, contracts, whole)
  const fixtures = recheckFixtures(fixturesOf(project), { file, now: contracts })
  const report: ToolCheckReport = { sources, ...compared, fixtures }
  const code = exitOfCheck(report)
  if (options.json === true) outJson(io, { ...report, exit: code })
  else io.out(showToolCheck(report, name, io.style))
  return code
}

/** Where nothing was compared, nothing is known to hold. */
function exitOfCheck({ compared, changes, fixtures }: ToolCheckReport): number {
  if (changes.some(isBroken) || fixtures.unfit.length > 0) return 1
  return compared.length === 0 ? 3 : 0
}

function committed(file: ToolsFile | undefined, name: string): ToolsFile {
  if (file !== undefined) return file
  throw new EvalkitError('EVK_FILE_NOT_FOUND', 'There are no contracts yet.', {
    at: { file: name },
    hint: 'evalkit tools snapshot writes them.',
  })
}

function noTools(sources: readonly string[]): EvalkitError {
  return new EvalkitError('EVK_USAGE', `No tool was found (looked in: ${sources.join(', ')}).`, {
    hint: 'The code’s are those made with tool(definition, fn). Others: --from traces, --from fixtures, --mcp <log>.',
  })
}
