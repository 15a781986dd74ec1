import { spawn } from 'node:child_process'
import { cp, glob, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

/**
 * `npm run build`: src → dist by plain `tsc`, and the SQL migrations beside it. Runs as `prepare` too, so it needs
 * nothing but Node and the devDependencies. The new dist is built aside and put in place whole: who reads dist
 * meanwhile sees the old one or the new one, and a build that failed leaves none.
 */

const root = dirname(import.meta.dirname)

export type BuildResult = { readonly ok: true } | { readonly ok: false; readonly output: string }

export async function build(): Promise<BuildResult> {
  const dist = join(root, 'dist')
  const aside = join(root, `.dist-${process.pid}`)
  try {
    const compiled = await tsc(['-p', 'tsconfig.build.json', '--outDir', aside])
    if (!compiled.ok) {
      await rm(dist, { recursive: true, force: true })
      return compiled
    }
    for await (const file of glob('src/**/*.sql', { cwd: root })) {
      const target = join(aside, relative('src', file))
      await mkdir(dirname(target), { recursive: true })
      await cp(join(root, file), target)
    }
    await rm(dist, { recursive: true, force: true })
    await rename(aside, dist)
    return { ok: true }
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** The native compiler, started without a shell and without a PATH. */
function tsc(flags: readonly string[]): Promise<BuildResult> {
  const compiler = join(root, 'node_modules', 'ts7', 'bin', 'tsc')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiler, ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve(code === 0 ? { ok: true } : { ok: false, output }))
  })
}

if (process.argv[1] === import.meta.filename) {
  const result = await build()
  if (!result.ok) {
    console.error(`${result.output.trimEnd()}\n\nThe build failed; dist was removed.`)
    process.exitCode = 1
  }
}
