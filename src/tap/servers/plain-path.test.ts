import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainPath } from './plain-path.ts'

/** Pieces of which paths that lead out are made. */
const piece = fc.constantFrom(
  '/',
  '.',
  '..',
  '%2e',
  '%2E',
  '%2f',
  '%5C',
  '\\',
  '%25',
  '2e',
  '2f',
  'a',
  '?',
  '//',
  'x..',
)

describe('isPlainPath', () => {
  it('lets nothing through that leads out, however it is decoded', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/${pieces.join('')}`
        fc.pre(isPlainPath(path))
        const [spelled = ''] = path.split('?')
        for (const read of [spelled, decoded(spelled), decoded(decoded(spelled))]) {
          // As WHATWG URLs are resolved, and as a folder would be.
          const { pathname } = new URL(`http://h/in${read.replaceAll('?', '_').replaceAll('#', '_')}`)
          expect(pathname.startsWith('/in')).toBe(true)
          expect(read.split(/[/\\]/)).not.toContain('..')
        }
      }),
      { seed: 42, numRuns: 3000 },
    )
  })

  it.each(['', '/', '/v1/models', '?a=b', '/v1/x?to=../y', '/a%2Fb/..c', '//x', '/%20'])(
    'lets %j through',
    (path) => {
      expect(isPlainPath(path)).toBe(true)
    },
  )

  it.each(['v1', '/a b', '/ä', '/a\u0000', '/a#b', '/a\\b', '/.', '/./a', '/a/..', '/%2E%2e/a', '/a%2f..'])(
    'refuses %j',
    (path) => {
      expect(isPlainPath(path)).toBe(false)
    },
  )
})

function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
