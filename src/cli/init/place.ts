import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { fileError } from '../../dataset/file-error.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { textFrom } from '../../schema/read.ts'

/**
 * Where a file of a folder really is. Throws `EVK_PATH_OUTSIDE` where its path leads out of the folder, by its name or
 * over a symbolic link, and `EVK_FILE_UNUSABLE` where a link leads nowhere or a file stands where a folder should.
 */
export function placeIn(folder: string, path: string): string {
  const outside = (): EvalkitError =>
    new EvalkitError('EVK_PATH_OUTSIDE', 'The path leads out of the folder.', { at: { file: path } })
  const within = relative(folder, join(folder, path))
  if (isAbsolute(path) || within === '' || within.split(sep)[0] === '..') throw outside()
  const root = realpathSync(folder)
  let place = root
  for (const name of within.split(sep)) {
    const next = join(place, name)
    if (!isLink(next)) {
      place = next
      continue
    }
    place = leadsTo(next, path)
    const target = relative(root, place)
    if (isAbsolute(target) || target.split(sep)[0] === '..') throw outside()
  }
  return place
}

/** The text of a file; `undefined` where nothing is. Throws `EVK_FILE_UNUSABLE`, `EVK_FILE_BINARY`. */
export function textAt(place: string, shownAs: string): string | undefined {
  try {
    const bytes = readFileSync(place)
    return bytes.length === 0 ? '' : textFrom(bytes, { file: shownAs })
  } catch (error) {
    const ours = fileError(error, shownAs)
    if (EvalkitError.is(ours) && ours.code === 'EVK_FILE_NOT_FOUND') return undefined
    throw ours
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
  } catch (error) {
    throw fileError(error, path)
  }
}

function leadsTo(link: string, shownAs: string): string {
  try {
    return realpathSync(link)
  } catch (cause) {
    throw new EvalkitError('EVK_FILE_UNUSABLE', 'A symbolic link on its path leads nowhere.', {
      at: { file: shownAs },
      cause,
    })
  }
}
