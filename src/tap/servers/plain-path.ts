/**
 * Whether a path and query can be put behind an address without leading out of it, whoever decodes it how often: no
 * `.` or `..` between slashes, in any spelling, and nothing a request line cannot carry.
 */
export function isPlainPath(path: string): boolean {
  if (!/^(?:[/?][\x21-\x7e]*)?$/.test(path)) return false
  const [segments = ''] = path.split('?')
  if (/[\\#]/.test(path)) return false
  // Twice: what is decoded here once may be decoded there again.
  for (let spelled = segments, round = 0; round < 2; round++) {
    spelled = spelled
      .replace(/%2e/gi, '.')
      .replace(/%2f|%5c/gi, '/')
      .replace(/%25/g, '%')
    if (spelled.split('/').some((segment) => segment === '.' || segment === '..')) return false
  }
  return true
}
