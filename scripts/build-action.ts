import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

/**
 * `npm run build:action`: action/main.ts and what it takes of src → action/dist/index.mjs, which is committed, because
 * GitHub runs an action as it lies in the repository. With `--check` nothing is written; exit 1 where the committed file
 * is another one.
 */

const root = dirname(import.meta.dirname)
export const bundleFile = join(root, 'action', 'dist', 'index.mjs')

export interface Bundle {
  readonly text: string
  /** Modules whose code is in it, relative to the root; what is Node's own is imported, not held. */
  readonly modules: readonly string[]
  /** What it imports when it runs. */
  readonly imports: readonly string[]
}

/** The same bytes for the same sources, wherever the repository lies. Throws where anything does not resolve. */
export async function bundleAction(): Promise<Bundle> {
  const build = await rolldown({
    input: join(root, 'action', 'main.ts'),
    cwd: root,
    platform: 'node',
    logLevel: 'warn',
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message)
    },
  })
  try {
    const { output } = await build.generate({ format: 'esm', comments: false, banner })
    const [chunk, ...others] = output
    if (others.length > 0) throw new Error(`an action is one file; there are ${others.length} more`)
    return {
      text: chunk.code.endsWith('\n') ? chunk.code : `${chunk.code}\n`,
      modules: Object.entries(chunk.modules)
        .filter(([, { renderedLength }]) => renderedLength > 0)
        .map(([path]) => path.slice(root.length + 1).replaceAll('\\', '/')),
      imports: chunk.imports,
    }
  } finally {
    await build.close()
  }
}

const banner = '// Built from action/main.ts by "npm run build:action". Do not edit.'

if (process.argv[1] === import.meta.filename) {
  const { text } = await bundleAction()
  if (!process.argv.includes('--check')) writeFileSync(bundleFile, text)
  else if (readFileSync(bundleFile, 'utf8') !== text) {
    console.error('action/dist/index.mjs is not what its sources give.\nhint  npm run build:action')
    process.exitCode = 1
  }
}
