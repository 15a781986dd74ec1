import { existsSync, readdirSync } from 'node:fs'
import { basename, isAbsolute, join, relative } from 'node:path'
import { nearestWord } from '../lib/nearest.ts'
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

/** The project's settings: of the config file in its folder, else the defaults. Throws `EVK_CONFIG_INVALID`. */
export async function loadConfig(folder: string): Promise<Config> {
  const file = configNames.find((name) => existsSync(join(folder, name)))
  if (file === undefined) return configFrom({}, 'evalkit.config.ts')
  return configFrom(await loadUserFile(join(folder, file), 'EVK_CONFIG_INVALID'), file)
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
  const inFolder = evalFiles(join(folder, config.evals)).map((name) => join(folder, config.evals, name))
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
  const exported = await loadUserFile(path, 'EVK_EVAL_LOAD')
  if (!isEval(exported)) {
    throw new EvalkitError('EVK_EVAL_INVALID', 'The file does not export an eval.', { at: { file } })
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

function unique(loaded: readonly LoadedEval[]): LoadedEval[] {
  const byName = new Map<string, string>()
  for (const { eval: one, file } of loaded) {
    const other = byName.get(one.name)
    if (other !== undefined && other !== file) {
      throw new EvalkitError('EVK_EVAL_INVALID', `Two evals are called "${one.name}".`, {
        at: { file },
        details: [`the other: ${other}`],
      })
    }
    byName.set(one.name, file)
  }
  return [...loaded]
}

function evalFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => evalFile.test(name))
    .sort()
}

function nameOf(file: string): string {
  return basename(file).replace(evalFile, '')
}
