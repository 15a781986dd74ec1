import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unjudged } from '../src/schema/judgement.ts'
import { judge } from '../src/score/judge/index.ts'
import { judgeProviders } from '../src/score/judge/models/index.ts'
import { hostileOutputs } from '../src/score/judge/testing/hostile-outputs.ts'

const page = readFileSync(join(dirname(import.meta.dirname), 'docs', 'judges.md'), 'utf8')

describe('docs/judges.md', () => {
  it('names every kind, with what only it takes', () => {
    for (const [name, { definition }] of Object.entries(judge)) {
      expect(page).toContain(`\`judge.${name}\``)
      const silent = Object.keys(definition.params.shape).filter((key) => !page.includes(`\`${key}\``))
      expect({ [name]: silent }).toEqual({ [name]: [] })
    }
  })

  it('names every provider, its package and its variables', () => {
    for (const { name, sdk, keyName, baseUrlName } of Object.values(judgeProviders)) {
      for (const word of [name, sdk, keyName, baseUrlName]) expect(page).toContain(`\`${word}\``)
    }
  })

  it('names every reason for having no verdict', () => {
    expect(unjudged.options.filter((reason) => !page.includes(`| \`${reason}\` |`))).toEqual([])
  })

  it('counts the hostile answers as they are', () => {
    expect(page).toContain(`${Object.keys(hostileOutputs).length} hostile answers`)
  })
})
