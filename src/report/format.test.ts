import { describe, expect, it } from 'vitest'
import { count, duration, percent, points, share, usd } from './format.ts'
import { html } from './html-markup.ts'

describe('numbers', () => {
  it('read the same everywhere', () => {
    expect([0, 999, 1_000, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '1,234,567'])
    expect([0, 0.0001, 0.42, 0.9999, 1].map(percent)).toEqual([
      '0 %',
      '< 0.1 %',
      '42.0 %',
      '> 99.9 %',
      '100 %',
    ])
    expect([-0.12, 0, 0.0001, 0.035].map(points)).toEqual(['-12.0', '0.0', '0.0', '+3.5'])
    expect([0, 0.6667, 1].map(share)).toEqual(['0 %', '67 %', '100 %'])
    expect([0.4, 340, 1_200, 200_000, 7_500_000].map(duration)).toEqual([
      '0.4 ms',
      '340 ms',
      '1.2 s',
      '3 min 20 s',
      '2 h 5 min',
    ])
    expect([0, 0.0041, 1.84].map(usd)).toEqual(['$0.00', '$0.0041', '$1.84'])
  })
})

describe('html', () => {
  it('escapes text and passes markup', () => {
    const inner = html`<b>${'<i>'}</b>`
    expect(html`<p title="${'"x"'}">${inner}${[inner, inner]}${undefined}${7}</p>`.html).toBe(
      '<p title="&quot;x&quot;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b><b>&lt;i&gt;</b>7</p>',
    )
  })
})
