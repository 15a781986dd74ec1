import { describe, expect, it } from 'vitest'
import { EvalkitError } from './errors.ts'
import { yamlFrom } from './yaml.ts'

function failure(text: string): string {
  try {
    yamlFrom(text, 'a.yaml')
  } catch (error) {
    if (!EvalkitError.is(error)) throw error
    return `${error.code} ${error.at.line ?? '-'}`
  }
  return 'no error'
}

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...'bcdefghijkl'
    .split('')
    .map((name, at) => `${name}: &${name} [${`*${'abcdefghijk'[at]}, `.repeat(10)}x]`),
].join('\n')

describe('YAML from strangers', () => {
  it('is plain data, with aliases and bytes', () => {
    const text = 'a: &a {x: 1}\nb: *a\nc: !!binary aGk=\nd: |\n  two\n  lines\ne: [yes, no, ~, 1.5, 0x10]\n'
    expect(yamlFrom(text, 'a.yaml')).toEqual({
      a: { x: 1 },
      b: { x: 1 },
      c: new Uint8Array([104, 105]),
      d: 'two\nlines\n',
      e: ['yes', 'no', null, 1.5, 16],
    })
  })

  it.each([
    ['no YAML', 'a: [1, 2', 'EVK_YAML_SYNTAX 1'],
    ['a broken line', 'a: 1\nb: "x\nc: 2', 'EVK_YAML_SYNTAX 3'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'EVK_YAML_SYNTAX 2'],
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 'EVK_YAML_SYNTAX 1'],
    ['an alias of nothing', 'a: *b', 'EVK_YAML_SYNTAX 1'],
    ['an object of Python', 'a: 1\nb: !!python/object/apply:os.system ["id"]', 'EVK_YAML_REFUSED 2'],
    ['a tag of somebody', 'a: !ours x', 'EVK_YAML_REFUSED 1'],
    ['a billion laughs', bomb, 'EVK_YAML_REFUSED -'],
    ['an alias inside itself', 'a: &a [*a]', 'EVK_YAML_REFUSED -'],
    ['deep flow', `${'['.repeat(500_000)}${']'.repeat(500_000)}`, 'EVK_YAML_REFUSED -'],
    ['deep flow with something in it', '{a: [b, '.repeat(200_000), 'EVK_YAML_REFUSED -'],
    ['lists in lists on one line', '- '.repeat(500_000), 'EVK_YAML_REFUSED -'],
    [
      'deep blocks',
      Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
      'EVK_YAML_REFUSED -',
    ],
    ['a key that is a list', '? [a, b]\n: 1', 'EVK_YAML_REFUSED -'],
    ['a prototype', 'a:\n  __proto__: {admin: true}', 'EVK_JSON_FORBIDDEN_KEY -'],
    ['an infinity', 'a: .inf', 'EVK_YAML_REFUSED 1'],
    ['too much', `a: ${'x'.repeat(17 * 1024 * 1024)}`, 'EVK_YAML_REFUSED -'],
  ])('is refused by name: %s', (_, text, code) => {
    expect(failure(text)).toBe(code)
  })

  it('may be wide', () => {
    const wide = Array.from({ length: 5_000 }, (_, at) => `k${at}: &a${at} {x: 1}`).join('\n')
    const aliases = Array.from({ length: 5_000 }, (_, at) => `- *a${at}`).join('\n')
    expect(yamlFrom(`${wide}\nall:\n${aliases}\n`, 'a.yaml')).toHaveProperty('all.4999', { x: 1 })
  })
})
