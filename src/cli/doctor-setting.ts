import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Config } from '../config/config.ts'
import {
  configFileIn,
  evalFilesIn,
  loadConfig,
  loadEval,
  type LoadedEval,
  loadEvals,
} from '../config/load.ts'
import { readToolsFile } from '../config/tools-file.ts'
import type { Finding } from '../schema/doctor.ts'
import { EvalkitError, placeOf } from '../schema/errors.ts'
import type { ToolsFile } from '../schema/tool.ts'
import { examineStore } from '../store/sqlite/examine.ts'
import type { Io } from './io.ts'

/** The oldest Node that the SQLite driver runs on (`bin/evalkit.mjs` refuses older ones). */
const oldestNode = [22, 14] as const

/** What a project has, as far as it can be read, and what is to be said of the rest. */
export interface Setting {
  readonly config: Config | undefined
  readonly evals: readonly LoadedEval[]
  readonly tools: ToolsFile | undefined
  readonly findings: readonly Finding[]
}

/**
 * Looks at Node, keys, config, evals, evals/tools.json and the store. What is broken is a finding, and the look goes on;
 * only an eval that is asked for and not there throws.
 */
export async function lookAtSetting(
  io: Io,
  asked: readonly string[],
  store: string | undefined,
): Promise<Setting> {
  const findings: Finding[] = [nodeFinding(process.versions.node)]
  const config = await attempt('config', () => loadConfig(io.cwd), findings)
  if (config === undefined) return { config, evals: [], tools: undefined, findings }
  findings.push({
    about: 'config',
    level: 'ok',
    what: configFileIn(io.cwd) ?? 'the defaults: there is no config file',
  })
  const evals = await loadedEvals(io.cwd, config, asked, findings)
  const path = join(io.cwd, config.tools)
  const tools = await attempt('tools', async () => readToolsFile(path, config.tools), findings)
  if (tools !== undefined) {
    findings.push({
      about: 'tools',
      level: 'ok',
      what: `${config.tools} names ${count(Object.keys(tools.tools).length, 'tool')}`,
    })
  } else if (!existsSync(path)) {
    findings.push({ about: 'tools', level: 'note', what: `there is no ${config.tools}` })
  }
  const file = store ?? config.store
  await attempt(
    'store',
    async () => findings.push(...(await storeFindings(join(io.cwd, file), file))),
    findings,
  )
  findings.push(keyFinding(io.env))
  return { config, evals, tools, findings }
}

/** Runs something that may fail in a way we know: that is a finding, and `undefined`. */
export async function attempt<T>(
  about: string,
  work: () => Promise<T>,
  findings: Finding[],
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    findings.push(broken(about, error))
    return undefined
  }
}

/** An error as a finding. What we do not know is thrown on. */
export function broken(about: string, error: unknown, at?: string): Finding {
  if (!EvalkitError.is(error)) throw error
  const { code, message, details, hint } = error
  const place = at ?? placeOf(error.at)
  return {
    about,
    level: 'error',
    what: `${code} ${message}`,
    ...(place === '' ? {} : { at: place }),
    cure: [...details, hint],
  }
}

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNew = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  const strips = major > 22 || (major === 22 && minor >= 18)
  const how = strips ? '' : '; TypeScript is read by jiti, as this Node does not strip types'
  return isNew
    ? { about: 'node', level: 'ok', what: `v${version}${how}` }
    : {
        about: 'node',
        level: 'error',
        what: `v${version} is too old`,
        cure: [`evalkit needs ${oldestNode.join('.')}`],
      }
}

/** Whether keys are set, and nothing more of them. */
function keyFinding(env: Io['env']): Finding {
  const said = ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY'].map(
    (name) => `${name} is ${(env[name] ?? '') === '' ? 'not set' : 'set'}`,
  )
  return { about: 'keys', level: 'note', what: `${said.join(', ')}; a replay needs none` }
}

async function loadedEvals(
  folder: string,
  config: Config,
  asked: readonly string[],
  findings: Finding[],
): Promise<readonly LoadedEval[]> {
  const loaded: LoadedEval[] = []
  if (asked.length === 0) {
    const files = await attempt('evals', async () => evalFilesIn(join(folder, config.evals)), findings)
    for (const name of files ?? []) {
      const path = join(folder, config.evals, name)
      const one = await attempt('evals', () => loadEval(folder, path), findings)
      if (one !== undefined) loaded.push(one)
    }
  } else {
    for (const name of asked) {
      try {
        loaded.push(...(await loadEvals(folder, config, [name])))
      } catch (error) {
        if (EvalkitError.is(error) && error.code === 'EVK_EVAL_NOT_FOUND') throw error
        findings.push(broken('evals', error))
      }
    }
  }
  if (loaded.length === 0) {
    const level = findings.some(({ about, level }) => about === 'evals' && level === 'error')
      ? 'note'
      : 'warn'
    findings.push({ about: 'evals', level, what: `no eval in ${config.evals}/ could be played` })
  } else {
    const names = loaded.map(({ eval: of }) => of.name)
    findings.push({
      about: 'evals',
      level: 'ok',
      what: `${names.join(', ')} ${names.length === 1 ? 'loads' : 'load'}`,
    })
  }
  return loaded
}

async function storeFindings(path: string, file: string): Promise<readonly Finding[]> {
  const health = await examineStore(path)
  if (health === undefined) {
    return [{ about: 'store', level: 'note', what: `there is no store yet (${relative('.', file) || file})` }]
  }
  const { pending, damaged, traces, runs } = health
  if (damaged.length > 0) {
    const cure = [...damaged, 'restore the file, or start a new store with --store']
    return [{ about: 'store', level: 'error', what: 'the store is damaged', at: file, cure }]
  }
  const older = pending === 0 ? '' : '; the next command that writes brings it up to date'
  return [
    {
      about: 'store',
      level: 'ok',
      what: `${file}: ${count(traces, 'trace')}, ${count(runs, 'run')}, sound${older}`,
    },
  ]
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
