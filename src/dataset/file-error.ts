import { EvalkitError, type ErrorCode } from '../schema/errors.ts'

/** What the file system said, in our words; what is ours already, or not known, is returned as it is. */
export function fileError(error: unknown, file: string, missing: ErrorCode = 'EVK_FILE_NOT_FOUND'): unknown {
  if (EvalkitError.is(error)) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  switch (code) {
    case 'ENOENT':
      return new EvalkitError(missing, 'The file does not exist.', { at: { file }, cause: error })
    case 'ENOSPC':
    case 'EDQUOT':
      return new EvalkitError('EVK_DISK_FULL', 'The disk is full.', { at: { file }, cause: error })
    case 'EISDIR':
    case 'ENOTDIR':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EvalkitError('EVK_FILE_NOT_FOUND', `The file cannot be used (${code}).`, {
        at: { file },
        cause: error,
      })
    default:
      return error
  }
}
