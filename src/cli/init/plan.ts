import { posix } from 'node:path'
import { slugOf } from '../../lib/slug.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { demoFiles } from './demo-files.ts'
import { amendedManifest, type Manifest, missingIn, newManifest } from './manifest.ts'
import type { PackageManager } from './package-manager.ts'
import { workflowText } from './workflow.ts'

/** What is known of the folder `evalkit init` is called in. */
export interface Facts {
  /** The folder's place in its repository, `''` where it is its root or there is no repository. */
  readonly within: string
  /** The branch that pull requests go to. */
  readonly branch: string
  readonly packageManager: PackageManager
  /** Where packages are installed, relative to the repository's root. */
  readonly installIn: string
  readonly language: 'typescript' | 'javascript'
  readonly manifest?: { readonly text: string; readonly value: Manifest } | undefined
  /** The config file that is there. */
  readonly configFile?: string | undefined
  /** Folders, as the config has them. */
  readonly folders: { readonly evals: string; readonly datasets: string; readonly fixtures: string }
  /** Names of the eval files that are there. */
  readonly evals: readonly string[]
  readonly gitignore?: string | undefined
  /** Of evalkit. */
  readonly version: string
}

/** A file that should be there. */
export interface Wanted {
  /** What its path starts from: the workflow is the repository's, everything else the folder's. */
  readonly in: 'folder' | 'repository'
  readonly path: string
  readonly text: string
  /** `demo`: files that only work together. `amended`: what is there stays, and gets what is missing. */
  readonly as: 'demo' | 'amended' | 'alone'
  /** What is added to a file that is there. */
  readonly adds?: string
}

/** A wanted file and what becomes of it. */
export interface Planned extends Wanted {
  readonly action: 'write' | 'change' | 'keep'
}

/** Every file that should be there, in the order a person reads about them. */
export function wantedFiles(facts: Facts): readonly Wanted[] {
  const { configFile, within, folders } = facts
  const ending = endingOf(facts)
  const code = demoFiles[facts.language]
  const config = code['evalkit.config'] ?? ''
  const name = within === '' ? 'evalkit.yml' : `evalkit-${slugOf(within.replaceAll('/', '-'))}.yml`
  return [
    { in: 'folder', path: configFile ?? `evalkit.config.${ending}`, text: config, as: 'alone' },
    ...(hasOtherEvals(facts) ? [] : demo(ending, facts, folders)),
    { in: 'repository', path: `.github/workflows/${name}`, text: workflowText(facts), as: 'alone' },
    wantedManifest(facts),
    wantedIgnore(facts),
  ]
}

/** Whether the project has evals of its own: then it needs no demo. */
export function hasOtherEvals({ evals }: Facts): boolean {
  return evals.some((name) => !demoEval.test(name))
}

/** The path of the demo's dataset. */
export function demoDataset({ folders }: Facts): string {
  return posix.join(folders.datasets, 'demo.jsonl')
}

/**
 * What becomes of each wanted file, given what is there: nothing is overwritten. Throws `EVK_INIT_CONFLICT` where a
 * file of another's stands in the demo's place, so that the demo could not work.
 */
export function planInit(
  facts: Facts,
  wanted: readonly Wanted[],
  existing: (file: Wanted) => string | undefined,
): readonly Planned[] {
  const there = wanted.map((file) => ({ file, text: existing(file) }))
  const differs = there.filter(
    ({ file, text }) => file.as === 'demo' && text !== undefined && text !== file.text,
  )
  const hasEval = facts.evals.some((name) => demoEval.test(name))
  const [stranger] = differs
  if (!hasEval && stranger !== undefined) throw conflict(differs.map(({ file }) => file.path))
  // A demo that somebody made another is his: nothing is added to it.
  const madeAnother = hasEval && !there.some(({ file, text }) => isDemoEval(file) && text === file.text)
  return there.flatMap(({ file, text }): Planned[] => {
    if (text === undefined) {
      return madeAnother && file.as === 'demo' ? [] : [{ ...file, action: 'write' }]
    }
    return [{ ...file, action: file.as === 'amended' && text !== file.text ? 'change' : 'keep' }]
  })
}

const demoEval = /^demo\.eval\.[cm]?[jt]s$/

function isDemoEval({ path, as }: Wanted): boolean {
  return as === 'demo' && demoEval.test(posix.basename(path))
}

/** `.ts` and `.js` are modules where the package says so; `.mts` and `.mjs` always are. */
function endingOf({ language, manifest }: Facts): string {
  const module = manifest === undefined || manifest.value.type === 'module'
  return `${module ? '' : 'm'}${language === 'typescript' ? 'ts' : 'js'}`
}

function demo(
  ending: string,
  { language }: Facts,
  { evals, datasets, fixtures }: Facts['folders'],
): Wanted[] {
  const agent = `agents/demo.${ending}`
  const code = demoFiles[language]
  const fromEvals = posix.relative(evals, agent)
  const specifier = fromEvals.startsWith('.') ? fromEvals : `./${fromEvals}`
  const evalText = (code['evals/demo.eval'] ?? '').replace('../agents/demo.ts', specifier)
  const data = Object.entries(demoFiles.data).map(([path, text]) => ({
    path: path.replace(/^datasets\b/, () => datasets).replace(/^fixtures\b/, () => fixtures),
    text,
  }))
  return [
    { path: agent, text: code['agents/demo'] ?? '' },
    { path: `${evals}/demo.eval.${ending}`, text: evalText },
    ...data,
  ].map((file) => ({ ...file, path: posix.normalize(file.path), in: 'folder', as: 'demo' }))
}

function wantedManifest({ manifest, version }: Facts): Wanted {
  const base = { in: 'folder', path: 'package.json', as: 'amended' } as const
  if (manifest === undefined) return { ...base, text: newManifest(version) }
  const added = missingIn(manifest.value).map((what) =>
    what === 'script' ? 'script "eval"' : 'devDependency evalkit',
  )
  return { ...base, text: amendedManifest(manifest.text, manifest.value, version), adds: added.join(', ') }
}

/** The store is everybody's own. */
function wantedIgnore({ gitignore }: Facts): Wanted {
  const base = { in: 'folder', path: '.gitignore', as: 'amended', adds: '.evalkit/' } as const
  if (gitignore === undefined) return { ...base, text: 'node_modules/\n.evalkit/\n' }
  if (/^\/?\.evalkit\/?[ \t]*\r?$/m.test(gitignore)) return { ...base, text: gitignore }
  const end = gitignore.includes('\r\n') ? '\r\n' : '\n'
  const open = gitignore === '' || gitignore.endsWith('\n') ? '' : end
  return { ...base, text: `${gitignore}${open}.evalkit/${end}` }
}

function conflict(paths: readonly string[]): EvalkitError {
  const [first = ''] = paths
  return new EvalkitError(
    'EVK_INIT_CONFLICT',
    'The demo cannot be written: another file stands in its place.',
    {
      at: { file: first },
      details: paths.slice(1, 6).map((path) => `and ${path}`),
    },
  )
}
