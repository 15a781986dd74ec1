import { spawnSync } from 'node:child_process'
import { type Dirent, existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { configFrom } from '../../config/config.ts'
import { configFileIn, evalFilesIn, loadConfig } from '../../config/load.ts'
import { fileError } from '../../dataset/file-error.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { jsonFrom } from '../../schema/read.ts'
import { type Manifest, manifestFrom } from './manifest.ts'
import { lockFileNames, packageManagerOf } from './package-manager.ts'
import { placeIn, textAt } from './place.ts'
import type { Facts } from './plan.ts'

/** A folder, its repository's root, and what the plan needs to know of them. */
export interface Gathered {
  readonly folder: string
  readonly repository: string
  readonly facts: Facts
  /** Whether `import … from 'evalkit'` works in the folder as it is. */
  readonly installed: boolean
  /** Whether there is a lock file, so that a workflow can install from it. */
  readonly locked: boolean
  /** Whether `tsc`, as it is set up here, refuses the endings that Node wants in imports. */
  readonly refusesEndings: boolean
}

/** What comes from the world beside the folder. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether this Node runs TypeScript by itself. */
  readonly stripsTypes: boolean
  readonly version: string
}

/**
 * Looks at a folder: nothing is asked that can be seen. Throws `EVK_CONFIG_INVALID` for a config that does not load,
 * `EVK_JSON_SYNTAX` and `EVK_SCHEMA` for a package.json that is none.
 */
export async function gatherFacts(folder: string, surroundings: Surroundings): Promise<Gathered> {
  const { env, stripsTypes, version } = surroundings
  const root = repositoryOf(folder)
  const repository = root ?? folder
  const manifest = manifestIn(folder)
  const installed = manifest?.value.name === 'evalkit' || isInstalled(folder)
  // A config that imports evalkit cannot be read before evalkit is installed; it is kept all the same.
  const { evals, datasets, fixtures } = installed
    ? await loadConfig(folder)
    : configFrom({}, 'evalkit.config')
  const locks = lockFilesFrom(folder, repository)
  const lockFolder = locks[0] === undefined ? undefined : dirname(locks[0])
  const yarnLock = locks.find((file) => basename(file) === 'yarn.lock')
  const packageManager = packageManagerOf({
    field: manifest?.value.packageManager ?? (lockFolder && manifestIn(lockFolder)?.value.packageManager),
    lockFiles: locks.map((file) => basename(file)),
    yarnLock: yarnLock === undefined ? undefined : textAt(yarnLock, 'yarn.lock'),
    yarnrc: existsSync(join(lockFolder ?? folder, '.yarnrc.yml')),
    userAgent: env.npm_config_user_agent,
  })
  const typescript = hasTypescript(folder, manifest?.value) || (stripsTypes && !hasJavascript(folder))
  return {
    folder,
    repository,
    installed,
    refusesEndings: typescript && refusesEndings(folder),
    locked: locks.some((file) => basename(file) === packageManager.lockFile),
    facts: {
      within: pathFrom(repository, folder),
      branch: (root === undefined ? undefined : branchOf(root)) ?? 'main',
      packageManager,
      installIn: pathFrom(repository, lockFolder ?? folder),
      language: typescript ? 'typescript' : 'javascript',
      manifest,
      configFile: configFileIn(folder),
      folders: { evals, datasets, fixtures },
      evals: evalFilesIn(join(folder, evals)),
      gitignore: textAt(placeIn(folder, '.gitignore'), '.gitignore'),
      version,
    },
  }
}

/** The nearest folder that holds a `.git`: a clone's is a folder, a worktree's a file. */
function repositoryOf(folder: string): string | undefined {
  return upward(folder).find((one) => existsSync(join(one, '.git')))
}

/** The folder and those above it, up to `last` or the root of the disk. */
function upward(folder: string, last?: string): readonly string[] {
  const above = dirname(folder)
  return folder === last || above === folder ? [folder] : [folder, ...upward(above, last)]
}

/**
 * The branch the remote calls its own, else the one that is checked out. A name that a workflow would take for a
 * pattern: none.
 */
function branchOf(repository: string): string | undefined {
  const asked = [
    ['symbolic-ref', '--short', 'refs/remotes/origin/HEAD'],
    ['symbolic-ref', '--short', 'HEAD'],
  ]
  for (const words of asked) {
    const { status, stdout } = spawnSync('git', words, { cwd: repository, encoding: 'utf8' })
    const name = status === 0 ? stdout.trim().replace(/^origin\//, '') : ''
    if (/^[^*?[\]+!\\\s]+$/.test(name)) return name
  }
  return undefined
}

function manifestIn(folder: string): { text: string; value: Manifest } | undefined {
  const file = 'package.json'
  const text = textAt(placeIn(folder, file), file)
  if (text === undefined) return undefined
  const value = manifestFrom(jsonFrom(text, { file }))
  if (value !== undefined) return { text, value }
  throw new EvalkitError('EVK_SCHEMA', 'This package.json holds no object.', {
    at: { file },
    hint: 'Write {} into it, or take it away.',
  })
}

function lockFilesFrom(folder: string, repository: string): readonly string[] {
  return upward(folder, repository).flatMap((one) =>
    lockFileNames.map((name) => join(one, name)).filter((file) => existsSync(file)),
  )
}

function hasTypescript(folder: string, manifest: Manifest | undefined): boolean {
  return (
    existsSync(join(folder, 'tsconfig.json')) ||
    manifest?.dependencies.has('typescript') === true ||
    hasFile(folder, /(?<!\.d)\.[cm]?tsx?$/)
  )
}

/** As far as its own tsconfig.json tells; one that extends another may have it from there. */
function refusesEndings(folder: string): boolean {
  const text = textAt(placeIn(folder, 'tsconfig.json'), 'tsconfig.json')
  return (
    text !== undefined && !/"(extends|allowImportingTsExtensions|rewriteRelativeImportExtensions)"/.test(text)
  )
}

function hasJavascript(folder: string): boolean {
  return hasFile(folder, /\.[cm]?jsx?$/)
}

/** Whether such a file stands in the folder or in one of its folders. */
function hasFile(folder: string, name: RegExp): boolean {
  const inFolder = entriesOf(folder)
  const folders = inFolder.filter(
    (entry) => entry.isDirectory() && !/^(\.|node_modules$|dist$)/.test(entry.name),
  )
  const below = folders.flatMap((entry) => entriesOf(join(folder, entry.name)))
  return [...inFolder, ...below].some((entry) => entry.isFile() && name.test(entry.name))
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    throw fileError(error, folder)
  }
}

/**
 * Whether `import … from 'evalkit'` finds it from here. Looked for by hand: a package that is about to be written
 * would change what Node itself says. Where there are no folders of modules, evalkit runs because it is installed.
 */
function isInstalled(folder: string): boolean {
  const manifests = upward(folder).map((one) => join(one, 'node_modules', 'evalkit', 'package.json'))
  return 'pnp' in process.versions || manifests.some((file) => existsSync(file))
}

/** With `/`, and `''` for the folder itself. */
function pathFrom(from: string, to: string): string {
  return relative(from, to).split(sep).join('/')
}
