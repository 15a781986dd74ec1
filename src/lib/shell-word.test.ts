import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { shellWord } from './shell-word.ts'

describe('shellWord', () => {
  it.each([
    ['accuracy', 'accuracy'],
    ['says when', "'says when'"],
    ["it's", `'it'\\''s'`],
    ['', "''"],
    ['$(touch x)', "'$(touch x)'"],
  ])('spells %j', (word, spelled) => {
    expect(shellWord(word)).toBe(spelled)
    expect(execFileSync('sh', ['-c', `printf %s ${spelled}`]).toString()).toBe(word)
  })
})
