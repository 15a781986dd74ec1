import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { evalFilesIn, loadEvals } from '../config/load.ts'
import { codeContracts } from '../config/tool-contracts.ts'
import { fileError } from '../dataset/file-error.ts'
import { readFixture } from '../dataset/fixture-file.ts'
import { byCodeUnit } from '../lib/json.ts'
import { addRecording, addTrace, contractsListed, firstOf } from '../run/contracts/found-contracts.ts'
import { slug } from '../schema/case.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Fixture } from '../schema/fixture.ts'
import { textFrom } from '../schema/read.ts'
import { unpackRecording } from '../schema/recording.ts'
import type { FoundContract, FoundContracts } from '../schema/tool-contract.ts'
import { listMcpTools, type McpListing, mcpToolsInLog } from '../tap/servers/mcp-list.ts'
import { recordedConditions } from './conditions.ts'
import type { Io } from './io.ts'
import type { Project } from './project.ts'

export const sourceNames = ['code', 'mcp', 'traces', 'fixtures'] as const
export type SourceName = (typeof sourceNames)[number]

export interface SourceOptions {
  readonly from?: readonly string[]
  readonly mcp?: readonly string[]
  readonly where?: readonly string[]
  readonly timeout: string
}

/** The contracts of tools as they are now. */
export interface ToolsNow {
  readonly contracts: FoundContracts
  /** Where they were looked for, as people read it. */
  readonly sources: readonly string[]
  /** Those that were looked at as a whole: what is not in them is gone. */
  readonly whole: ReadonlySet<string>
}

/** Traces that are read for their tools, newest first. */
const mostTraces = 200

/** Bytes of a log. */
const largestLog = 64 * 1024 * 1024

/**
 * Looks where it was asked to: `code` (what the evals load), `mcp` (a server that is started, or a log), `traces` (the
 * newest of the store), `fixtures`. Of a tool that several tell of, the first of these decides. Throws `EVK_USAGE` for
 * another source, and what each source throws.
 */
export async function toolsNow(
  io: Io,
  project: Project,
  command: readonly string[],
  options: SourceOptions,
): Promise<ToolsNow> {
  const server = command.length > 0 ? command : (options.mcp ?? [])
  const asked = sourcesOf(project, server, options)
  const found: FoundContracts[] = []
  const sources: string[] = []
  const whole = new Set<string>()
  for (const name of sourceNames) {
    if (!asked.has(name)) continue
    if (name === 'code') {
      await loadEvals(project.folder, project.config, [])
      found.push(codeContracts())
      whole.add('code')
      sources.push('code')
    } else if (name === 'mcp') {
      const listing = await mcpListing(io, project, server, options)
      const source = `mcp ${listing.server}`.trim()
      found.push(contractsListed(listing.tools, source))
      whole.add(source)
      sources.push(source)
    } else {
      found.push(name === 'traces' ? await inTraces(project, options) : inFixtures(project))
      sources.push(name)
    }
  }
  return { contracts: firstOf(found), sources, whole }
}

/** Every fixture of the project, one by one. Throws what `readFixture` does: a broken one is not passed over. */
export function* fixturesOf(project: Project): Generator<Fixture> {
  const folder = project.path(project.config.fixtures)
  if (!existsSync(folder)) return
  for (const dataset of namesIn(folder, (name) => slug.safeParse(name).success && name !== 'blobs')) {
    for (const file of namesIn(join(folder, dataset), (name) => name.endsWith('.json'))) {
      yield readFixture(folder, dataset, file.slice(0, -'.json'.length)).fixture
    }
  }
}

function sourcesOf(
  project: Project,
  server: readonly string[],
  { from = [] }: SourceOptions,
): ReadonlySet<SourceName> {
  for (const name of from) {
    if (sourceNames.some((known) => known === name)) continue
    throw new EvalkitError('EVK_USAGE', `--from takes ${sourceNames.join(', ')}, not "${name.slice(0, 40)}".`)
  }
  const asked = new Set(from as readonly SourceName[])
  if (server.length > 0) asked.add('mcp')
  if (asked.has('mcp') && server.length === 0) {
    throw new EvalkitError('EVK_USAGE', 'Which MCP server?', {
      hint: '--mcp tools-list.jsonl (a log), or its command: --from mcp -- node server.mjs',
    })
  }
  // Who names a server and no other source asks for that, and for the code where there is any.
  const hasEvals = evalFilesIn(project.path(project.config.evals)).length > 0
  if (from.length === 0 && (hasEvals || server.length === 0)) asked.add('code')
  return asked
}

async function mcpListing(
  io: Io,
  project: Project,
  server: readonly string[],
  { timeout }: SourceOptions,
): Promise<McpListing> {
  const [program = '', ...args] = server
  if (args.length === 0 && /\.jsonl?$/.test(program)) return listingInLog(project, program)
  const timeoutMs = /^\d{1,7}$/.test(timeout) ? Number(timeout) : 0
  if (timeoutMs === 0) {
    throw new EvalkitError('EVK_USAGE', `--timeout takes milliseconds, not "${timeout.slice(0, 40)}".`)
  }
  return listMcpTools({ command: program, args, cwd: io.cwd, env: io.env, timeoutMs, signal: io.signal })
}

function listingInLog(project: Project, file: string): McpListing {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(project.path(file))
  } catch (error) {
    throw fileError(error, file)
  }
  if (bytes.length > largestLog) {
    const what = `The file has ${bytes.length} bytes; ${largestLog} are the most.`
    throw new EvalkitError('EVK_FILE_TOO_LARGE', what, { at: { file } })
  }
  const listing = mcpToolsInLog(textFrom(bytes, { file }))
  if (listing !== undefined) return listing
  throw new EvalkitError('EVK_FORMAT_UNKNOWN', 'The file holds no result of tools/list.', {
    at: { file },
    hint: 'A log holds JSON-RPC messages of MCP, one a line; a .json file the result itself.',
  })
}

async function inTraces(project: Project, options: SourceOptions): Promise<FoundContracts> {
  const found = new Map<string, FoundContract>()
  const query = { where: recordedConditions(options), limit: mostTraces }
  for await (const { id } of project.store.listTraces(query)) {
    addTrace(found, await project.store.getTrace(id))
  }
  return found
}

function inFixtures(project: Project): FoundContracts {
  const found = new Map<string, FoundContract>()
  for (const { recordings, rerecordings = [] } of fixturesOf(project)) {
    for (const packed of [...rerecordings, ...recordings]) addRecording(found, unpackRecording(packed))
  }
  return found
}

function namesIn(folder: string, fits: (name: string) => boolean): readonly string[] {
  try {
    const names = readdirSync(folder, { withFileTypes: true })
    return names
      .filter((entry) => fits(entry.name) && (entry.name.endsWith('.json') || entry.isDirectory()))
      .map(({ name }) => name)
      .sort(byCodeUnit)
  } catch (error) {
    throw fileError(error, folder)
  }
}
