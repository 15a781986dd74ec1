import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError } from './file-error.ts'

/**
 * Writes a file so that it is either the old one or the new one, never half of either: the text goes to a file
 * beside it, named for this process, which then takes its name. Throws `EVK_DISK_FULL`, `EVK_FILE_UNUSABLE`.
 */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(beside, text)
    renameSync(beside, path)
  } catch (error) {
    if (existsSync(beside)) rmSync(beside)
    throw fileError(error, path)
  }
}
