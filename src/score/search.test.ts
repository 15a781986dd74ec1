import { describe, expect, it } from 'vitest'
import { matches } from './checks/index.ts'
import { score } from './score.ts'
import { longestText, search } from './search.ts'
import { subjectOf } from './subject.ts'

describe('search', () => {
  it('finds what the expression means', () => {
    expect(search('Order #W2378156.', '#W\\d+', '')).toEqual({ kind: 'found', text: '#W2378156', end: 15 })
    expect(search('yes\nNO', '^no$', 'im')).toEqual({ kind: 'found', text: 'NO', end: 6 })
    expect(search('', '^$', '')).toEqual({ kind: 'found', text: '', end: 0 })
    expect(search('yes', 'no', '')).toEqual({ kind: 'nothing' })
  })

  it('carries any text across without running it', () => {
    const text = '`${1}\'"\\\n\u2028</script>'
    expect(search(text, '.*', 's')).toEqual({ kind: 'found', text, end: text.length })
  })
})

describe('matches', () => {
  const found = async (output: string, pattern: string) =>
    (await score(subjectOf({ output }), [matches({ pattern })]))[0]

  it('says when only a part of a long text was searched', async () => {
    const long = `refund ${'x'.repeat(longestText)} done`
    expect(await found(long, '^refund')).toMatchObject({
      passed: true,
      reason: '"refund" matches; only the first 100,000 of 100,012 characters were searched',
    })
    expect(await found(long, 'done$')).toMatchObject({ status: 'unscored' })
    // The cut is not the end of the text.
    expect(await found(long, 'x$')).toMatchObject({ status: 'unscored' })
  })
})
