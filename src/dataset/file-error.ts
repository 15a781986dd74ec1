import { EvalkitError, type ErrorCode } from '../schema/errors.ts'

/**
 * What the file system said, in our words: nothing there (`missing`), no room (`EVK_DISK_FULL`), or something that
 * cannot be used (`EVK_FILE_UNUSABLE`: a folder, no permission, …), which must never be taken for nothing there.
 * What is ours already, or did not come from the file system, is returned as it is.
 */
export function fileError(error: unknown, file: string, missing: ErrorCode = 'EVK_FILE_NOT_FOUND'): unknown {
  if (EvalkitError.is(error) || !(error instanceof Error)) return error
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  const options = { at: { file }, cause: error }
  switch (code) {
    case 'ENOENT':
      return new EvalkitError(missing, 'The file does not exist.', options)
    case 'ENOSPC':
    case 'EDQUOT':
      return new EvalkitError('EVK_DISK_FULL', 'The disk is full.', options)
    case 'EISDIR':
      return new EvalkitError('EVK_FILE_UNUSABLE', 'This is a folder, not a file.', options)
    default:
      return new EvalkitError('EVK_FILE_UNUSABLE', `The file cannot be used (${code}).`, options)
  }
}
