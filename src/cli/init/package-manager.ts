/** What installs a project's packages, and runs what they bring. */
export type PackageManagerName = 'npm' | 'pnpm' | 'yarn' | 'bun'

/** A package manager as it was found, with the commands a person or a workflow types. */
export interface PackageManager {
  readonly name: PackageManagerName
  /** Why we think so, for people: `pnpm-lock.yaml`. */
  readonly seen: string
  /** At the desk: installs, and brings the lock file up to date. */
  readonly install: string
  /** In a workflow: installs what the lock file says, or fails. */
  readonly frozenInstall: string
  /** Comes before a command of a package: `npx evalkit run`. */
  readonly run: string
  readonly lockFile: string
  /** Steps of a GitHub workflow that bring it onto the machine, where it is not there with Node. */
  readonly setup: readonly string[]
}

/** Signs of package managers, as far as they are there. */
export interface PackageManagerSigns {
  /** The member `packageManager` of a package.json: `pnpm@10.2.0`. */
  readonly field?: string | undefined
  /** Lock files beside the project or above it, nearest first. */
  readonly lockFiles: readonly string[]
  /** Text of a yarn.lock, or whether there is a .yarnrc.yml: yarn 1 and later ones are two programs. */
  readonly yarnLock?: string | undefined
  readonly yarnrc?: boolean | undefined
  /** What runs us says so in `npm_config_user_agent`: `pnpm/10.2.0 npm/? node/v24`. */
  readonly userAgent?: string | undefined
}

const lockFiles: Readonly<Record<string, PackageManagerName>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
}

/** Names of files that only one package manager writes. */
export const lockFileNames: readonly string[] = Object.keys(lockFiles)

/** The package manager of a project: what it names itself, else whose lock file there is, else what runs us, else npm. */
export function packageManagerOf(signs: PackageManagerSigns): PackageManager {
  const lockFile = signs.lockFiles[0]
  const byField = nameIn(signs.field, '@')
  if (byField !== undefined) return of(byField, signs, 'packageManager in package.json')
  if (lockFile !== undefined) return of(lockFiles[lockFile] ?? 'npm', signs, lockFile)
  const byAgent = nameIn(signs.userAgent, '/')
  return byAgent === undefined || byAgent === 'npm'
    ? of('npm', signs, 'the default')
    : of(byAgent, signs, 'what runs this')
}

function nameIn(text: string | undefined, end: string): PackageManagerName | undefined {
  const name = text?.split(end)[0]
  return name === 'npm' || name === 'pnpm' || name === 'yarn' || name === 'bun' ? name : undefined
}

function of(name: PackageManagerName, signs: PackageManagerSigns, seen: string): PackageManager {
  const found = signs.lockFiles.find((file) => lockFiles[file] === name)
  switch (name) {
    case 'npm':
      return {
        name,
        seen,
        install: 'npm install',
        frozenInstall: 'npm ci',
        run: 'npx',
        lockFile: found ?? 'package-lock.json',
        setup: [],
      }
    case 'pnpm':
      return {
        name,
        seen,
        install: 'pnpm install',
        frozenInstall: 'pnpm install --frozen-lockfile',
        run: 'pnpm exec',
        lockFile: 'pnpm-lock.yaml',
        // The action takes its version from package.json, and refuses to be told one more.
        setup: ['- uses: pnpm/action-setup@v4', ...(pinned(signs) ? [] : ['  with:', '    version: 10'])],
      }
    case 'yarn': {
      const classic = isClassicYarn(signs)
      return {
        name,
        seen,
        install: 'yarn install',
        frozenInstall: classic ? 'yarn install --frozen-lockfile' : 'yarn install --immutable',
        run: 'yarn',
        lockFile: 'yarn.lock',
        setup: ['- run: corepack enable'],
      }
    }
    case 'bun':
      return {
        name,
        seen,
        install: 'bun install',
        frozenInstall: 'bun install --frozen-lockfile',
        run: 'bunx',
        lockFile: found ?? 'bun.lock',
        setup: ['- uses: oven-sh/setup-bun@v2'],
      }
  }
}

function pinned({ field }: PackageManagerSigns): boolean {
  return nameIn(field, '@') !== undefined
}

/** Yarn 1, which says so in its lock file; later ones write another format. */
function isClassicYarn({ field, yarnLock, yarnrc }: PackageManagerSigns): boolean {
  const major = /^yarn@(\d+)/.exec(field ?? '')?.[1]
  if (major !== undefined) return major === '1'
  if (yarnLock !== undefined) return !yarnLock.includes('__metadata:')
  return yarnrc !== true
}
