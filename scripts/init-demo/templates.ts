import { execFileSync } from 'node:child_process'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

/** Files by their path from the root of a project. */
export type FileTexts = Readonly<Record<string, string>>

/**
 * The JavaScript of a TypeScript file as a person would have written it: types taken out, imports of `.ts` files
 * without their ending's change (`evalkit init` gives files their endings), laid out anew.
 */
export function javascriptOf(path: string, text: string, root: string): string {
  // Written over with blanks, so that comments and empty lines stay where they are.
  const stripped = stripTypeScriptTypes(text, { mode: 'strip' })
  return formatted(path.replace(/\.ts$/, '.mjs'), stripped, root)
}

/** The text as `npm run format` leaves it. */
export function formatted(path: string, text: string, root: string): string {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  return execFileSync(process.execPath, [biome, 'format', `--stdin-file-path=${path}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  })
}
