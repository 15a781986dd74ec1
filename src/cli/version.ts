import { readFileSync } from 'node:fs'

/** Our own version, as package.json has it: it stands beside the build and beside the source. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const { version } = manifest as { readonly version: string }
  return version
}
