import { existsSync, readdirSync } from 'node:fs'
import { basename, isAbsolute, join, relative } from 'node:path'
import { fileError } from '../dataset/file-error.ts'
import { byCodeUnit } from '../lib/json.ts'
import { nearestWord } from '../lib/nearest.ts'
import { prepareWorld } from '../replay/world/prepare.ts'
import { type Eval, isEval } from '../run/define-eval.ts'
import { EvalkitError } from '../schema/errors.ts'
import { type Config, configFrom } from './config.ts'
import { loadUserFile } from './user-file.ts'

const configNames = ['evalkit.config.ts', 'evalkit.config.mts', 'evalkit.config.js', 'evalkit.config.mjs']
const evalFile = /\.eval\.[cm]?[jt]s$/

/** An eval and the file it came from. */
export interface LoadedEval {
  readonly eval: Eval
  /** Relative to the project's folder, as people and reports name it. */
  readonly file: string
}

/**
 * The project's settings: of the config file in its folder, else the defaults. Throws `EVK_CONFIG_INVALID`, also for
 * a file without a default export: settings that are silently not used are worse than none.
 */
export async function loadConfig(folder: string): Promise<Config> {
  const file = configFileIn(folder)
  if (file === undefined) return configFrom({}, 'evalkit.config.ts')
  const exported = await loadUserFile(join(folder, file), 'EVK_CONFIG_INVALID', file)
  if (exported === undefined) {
    throw new EvalkitError('EVK_CONFIG_INVALID', 'The file has no default export.', {
      at: { file },
      hint: 'export default defineConfig({ … })',
    })
  }
  return configFrom(exported, file)
}

/** The name of the config file in a folder, where there is one. */
export function configFileIn(folder: string): string | undefined {
  return configNames.find((name) => existsSync(join(folder, name)))
}

/**
 * The evals that are asked for: by name (the file `<name>.eval.ts` in the evals folder, or an eval that calls itself
 * so), by path, or all of the folder. Throws `EVK_EVAL_NOT_FOUND` with the nearest name, `EVK_EVAL_LOAD`,
 * `EVK_EVAL_INVALID`; two evals of one name are invalid.
 */
export async function loadEvals(
  folder: string,
  config: Config,
  asked: readonly string[],
): Promise<LoadedEval[]> {
  const inFolder = evalFilesIn(join(folder, config.evals)).map((name) => join(folder, config.evals, name))
  if (asked.length === 0) {
    if (inFolder.length === 0) {
      throw new EvalkitError('EVK_EVAL_NOT_FOUND', `There is no eval in ${config.evals}/.`)
    }
    return unique(await Promise.all(inFolder.map((file) => loadEval(folder, file))))
  }
  return unique(await Promise.all(asked.map((name) => loadAsked(folder, name, inFolder))))
}

/** One eval file. Throws `EVK_EVAL_LOAD`, `EVK_EVAL_INVALID`. */
export async function loadEval(folder: string, path: string): Promise<LoadedEval> {
  const file = relative(folder, path)
  // Before the agent's modules take what they need of the process.
  prepareWorld()
  const exported = await loadUserFile(path, 'EVK_EVAL_LOAD', file)
  if (!isEval(exported)) {
    const what = exported === undefined ? 'has no default export' : 'exports something that is no eval'
    throw new EvalkitError('EVK_EVAL_INVALID', `The file ${what}.`, { at: { file } })
  }
  return { eval: exported, file }
}

async function loadAsked(folder: string, name: string, inFolder: readonly string[]): Promise<LoadedEval> {
  if (evalFile.test(name)) return loadEval(folder, isAbsolute(name) ? name : join(folder, name))
  const byFile = inFolder.find((file) => nameOf(file) === name)
  if (byFile !== undefined) return loadEval(folder, byFile)
  for (const file of inFolder) {
    const loaded = await loadEval(folder, file)
    if (loaded.eval.name === name) return loaded
  }
  const near = nearestWord(name, inFolder.map(nameOf))
  throw new EvalkitError('EVK_EVAL_NOT_FOUND', `There is no eval "${name}".`, {
    details: near === undefined ? [] : [`did you mean "${near}"?`],
  })
}

/** Each eval once, also where it was asked for twice. */
function unique(loaded: readonly LoadedEval[]): LoadedEval[] {
  const byName = new Map<string, LoadedEval>()
  for (const one of loaded) {
    const other = byName.get(one.eval.name)
    if (other !== undefined && other.file !== one.file) {
      throw new EvalkitError('EVK_EVAL_INVALID', `Two evals are called "${one.eval.name}".`, {
        at: { file: one.file },
        details: [`the other one: ${other.file}`],
      })
    }
    byName.set(one.eval.name, one)
  }
  return [...byName.values()]
}

/** Names of the eval files in a folder, sorted; none where there is no folder. Throws `EVK_FILE_UNUSABLE`. */
export function evalFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  try {
    return readdirSync(folder)
      .filter((name) => evalFile.test(name))
      .sort(byCodeUnit)
  } catch (error) {
    throw fileError(error, folder)
  }
}

function nameOf(file: string): string {
  return basename(file).replace(evalFile, '')
}
