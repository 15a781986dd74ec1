import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** The evalkit of a project. */
export interface Installed {
  /** What Node starts. */
  readonly launcher: string
  /** Whether GitHub's client is beside it, without which there is no comment. */
  readonly hasGithubClient: boolean
}

/**
 * The evalkit that `npx --no-install evalkit` would start in a folder; `undefined` where none is installed. It is found as
 * Node finds packages, so that one of a workspace's root counts, and a clone of evalkit itself does.
 */
export function installedIn(folder: string): Installed | undefined {
  const manifest = resolved('evalkit/package.json', join(folder, 'package.json'))
  if (manifest === undefined) return undefined
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly bin?: { readonly evalkit?: string }
  }
  if (bin?.evalkit === undefined) return undefined
  return {
    launcher: join(dirname(manifest), bin.evalkit),
    hasGithubClient: resolved('@octokit/rest/package.json', realpathSync(manifest)) !== undefined,
  }
}

/**
 * PATH as `npx` makes it: programs of the project's packages first, up to the root. A project that has Node among its
 * packages runs that one.
 */
export function pathFrom(folder: string, path: string): string {
  const folders: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    folders.push(join(at, 'node_modules', '.bin'))
    if (at === dirname(at)) break
  }
  return [...folders, path].join(delimiter)
}

/** The file of a package, as code in `from` would get it; `undefined` where the package is not there. */
function resolved(specifier: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // There, and it keeps the file to itself.
    return code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? specifier : undefined
  }
}
