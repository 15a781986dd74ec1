import { describe, expect, it } from 'vitest'
import { amendedManifest, type Manifest, manifestFrom, newManifest } from './manifest.ts'

function amended(text: string): string {
  return amendedManifest(text, manifestFrom(JSON.parse(text)) as Manifest, '1.2.3')
}

describe('amendedManifest', () => {
  it('adds a script and a dependency, and leaves everything else where it is', () => {
    expect(
      amended('{\n  "name": "shop",\n  "scripts": {\n    "test": "x"\n  },\n  "license": "MIT"\n}\n'),
    ).toBe(
      '{\n  "name": "shop",\n  "scripts": {\n    "test": "x",\n    "eval": "evalkit run"\n  },\n  "license": "MIT",\n' +
        '  "devDependencies": {\n    "evalkit": "^1.2.3"\n  }\n}\n',
    )
  })

  it('keeps indentation, line ends, and the end without one', () => {
    expect(amended('{\r\n\t"name": "shop"\r\n}')).toBe(
      '{\r\n\t"name": "shop",\r\n\t"scripts": {\r\n\t\t"eval": "evalkit run"\r\n\t},\r\n' +
        '\t"devDependencies": {\r\n\t\t"evalkit": "^1.2.3"\r\n\t}\r\n}',
    )
  })

  it.each([
    ['there already', '{"scripts":{"eval":"mine"},"dependencies":{"evalkit":"*"}}'],
    ['an optional one', '{"scripts":{"eval":"mine"},"optionalDependencies":{"evalkit":"*"}}'],
    ['evalkit itself', '{ "name": "evalkit", "scripts": { "eval": "mine" } }'],
  ])('is the same text where nothing is missing: %s', (_, text) => expect(amended(text)).toBe(text))

  it('never changes a script of that name', () => {
    const { scripts, devDependencies } = JSON.parse(amended('{"scripts":{"eval":"mine"}}'))
    expect(scripts).toEqual({ eval: 'mine' })
    expect(devDependencies).toEqual({ evalkit: '^1.2.3' })
  })

  it('amending twice is amending once', () => {
    const once = amended('{}')
    expect(amended(once)).toBe(once)
    expect(amended(newManifest('1.2.3'))).toBe(newManifest('1.2.3'))
  })

  it.each([null, 1, 'x', []])('%j is no package.json', (value) => expect(manifestFrom(value)).toBeUndefined())
})
