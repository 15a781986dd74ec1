import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from '../../scripts/build.ts'

const root = dirname(dirname(import.meta.dirname))

/**
 * Before the tests from the street: a fresh build (they run the program as users have it) and one scratch folder
 * for all of them, which goes away at the end. Workers find it in `EVALKIT_TEST_SCRATCH`.
 */
export async function setup(): Promise<() => void> {
  if (isStale()) {
    const result = await build()
    if (!result.ok) throw new Error(`src does not compile, so there is no program to test:\n${result.output}`)
  }
  const scratch = mkdtempSync(join(tmpdir(), 'evalkit-test-'))
  process.env['EVALKIT_TEST_SCRATCH'] = scratch
  return () => rmSync(scratch, { recursive: true, force: true })
}

function isStale(): boolean {
  const built = statSync(join(root, 'dist', 'index.js'), { throwIfNoEntry: false })
  if (built === undefined) return true
  const sources = globSync(['src/**/*.{ts,sql}', 'tsconfig*.json'], { cwd: root })
  return sources.some((file) => statSync(join(root, file)).mtimeMs >= built.mtimeMs)
}
