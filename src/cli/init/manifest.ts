import type { FileTexts } from './files.ts'

/** The members of a package.json that matter here, as far as they are what they should be. */
export interface Manifest {
  readonly name?: string
  readonly type?: string
  readonly packageManager?: string
  readonly scripts: FileTexts
  /** Names of all packages it depends on, in whatever way. */
  readonly dependencies: ReadonlySet<string>
  /** Everything, as it was read. */
  readonly whole: Readonly<Record<string, unknown>>
}

const kinds = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']

/** Reads what `JSON.parse` made of a package.json; `undefined` where that is no object. */
export function manifestFrom(value: unknown): Manifest | undefined {
  if (!isRecord(value)) return undefined
  const { name, type, packageManager, scripts } = value
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof type === 'string' ? { type } : {}),
    ...(typeof packageManager === 'string' ? { packageManager } : {}),
    scripts: isRecord(scripts) ? (scripts as FileTexts) : {},
    dependencies: new Set(kinds.flatMap((kind) => Object.keys(isRecord(value[kind]) ? value[kind] : {}))),
    whole: value,
  }
}

/**
 * The text of a package.json with a script `eval` and evalkit among its devDependencies, where they were not there.
 * Laid out as npm does it: with the indentation and the line ends the text had. The same text where nothing is missing.
 */
export function amendedManifest(text: string, manifest: Manifest, version: string): string {
  const added = missingIn(manifest)
  if (added.length === 0) return text
  const { whole } = manifest
  const members = (key: string): object => (isRecord(whole[key]) ? whole[key] : {})
  const amended = {
    ...whole,
    ...(added.includes('script') ? { scripts: { ...members('scripts'), eval: 'evalkit run' } } : {}),
    ...(added.includes('dependency')
      ? { devDependencies: { ...members('devDependencies'), evalkit: `^${version}` } }
      : {}),
  }
  const indent = /^\{\r?\n([ \t]+)/.exec(text)?.[1] ?? '  '
  const written = `${JSON.stringify(amended, null, indent)}${/\n\s*$/.test(text) ? '\n' : ''}`
  return text.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written
}

/** What `amendedManifest` adds. */
export function missingIn({ name, scripts, dependencies }: Manifest): readonly ('script' | 'dependency')[] {
  const known = dependencies.has('evalkit') || name === 'evalkit'
  return [
    ...(Object.hasOwn(scripts, 'eval') ? [] : ['script' as const]),
    ...(known ? [] : ['dependency' as const]),
  ]
}

/** The package.json of a project that had none. */
export function newManifest(version: string): string {
  const manifest = {
    private: true,
    type: 'module',
    scripts: { eval: 'evalkit run' },
    devDependencies: { evalkit: `^${version}` },
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
