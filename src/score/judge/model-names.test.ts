import { describe, expect, it } from 'vitest'
import { judge } from './index.ts'
import { judgeDoubts, refuseAliases } from './judge-warnings.ts'
import { aliasOf, familyOf } from './model-names.ts'

describe('aliasOf', () => {
  it.each([
    'gpt-4o',
    'gpt-4o-mini',
    'gpt-5',
    'o3',
    'o4-mini',
    'openai/gpt-4.1',
    'chatgpt-4o-latest',
    'claude-sonnet-4-5',
    'claude-opus-4-1',
    'claude-sonnet-4-0',
    'claude-3-5-sonnet-latest',
    'claude-3-5-sonnet',
    'anthropic/claude-sonnet-4-5',
    'claude-sonnet-4.5',
    'gemini-pro-latest',
    'llama3.1:latest',
  ])('%s moves', (model) => {
    expect(aliasOf(model)).toContain(model)
  })

  it.each([
    'gpt-4o-2024-11-20',
    'gpt-4o-mini-2024-07-18',
    'azure/gpt-4o-2024-11-20',
    'o3-2025-04-16',
    'gpt-4-0613',
    'gpt-3.5-turbo-0125',
    'gpt-4-0125-preview',
    'ft:gpt-4o-2024-08-06:acme::abc',
    'gpt-oss-120b',
    'claude-sonnet-4-5-20250929',
    'claude-haiku-4-5@20251001',
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'claude-sonnet-4-6',
    'anthropic.claude-opus-4-6-v1',
    'claude-opus-5',
    'claude-opus-5-1',
    'gemini-2.5-pro',
    'qwen2.5:7b',
    'llama-3.3-70b-instruct',
    'our-own-judge',
  ])('%s stays, or nothing is known of it', (model) => {
    expect(aliasOf(model)).toBeUndefined()
  })
})

describe('familyOf', () => {
  it.each([
    ['claude-sonnet-4-5-20250929', 'claude'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude'],
    ['azure/gpt-4o-2024-11-20', 'gpt'],
    ['o3-2025-04-16', 'gpt'],
    ['ft:gpt-4o-2024-08-06:acme::abc', 'gpt'],
    ['meta-llama/Llama-3.3-70B-Instruct', 'llama'],
    ['models/gemini-2.5-pro', 'gemini'],
    ['mistral.mixtral-8x7b-instruct-v0:1', 'mistral'],
    ['Qwen/QwQ-32B', 'qwen'],
    ['our-own-judge', undefined],
    ['orca-mini', undefined],
  ])('%s is of %s', (model, family) => {
    expect(familyOf(model)).toBe(family)
  })
})

describe('judgeDoubts', () => {
  const text = 'The answer is polite.'
  const floating = judge.rubric({ text, model: 'gpt-4o', as: 'polite' })
  const dated = judge.rubric({ text, model: 'claude-sonnet-4-5-20250929', as: 'also polite' })
  const panel = judge.panel({
    text,
    models: [{ model: 'gpt-4o-2024-11-20' }, { model: 'gpt-4.1-2025-04-14' }, { model: 'o3-2025-04-16' }],
  })

  it('names floating models, judges of the family of the agent, and panels of one family', () => {
    const { aliases, families } = judgeDoubts([floating, dated, panel], ['claude-haiku-4-5-20251001'])
    expect(aliases).toEqual([expect.stringContaining('Judge "polite": "gpt-4o" has no date')])
    expect(families).toEqual([
      expect.stringContaining(`"also polite" is of the agent's own family, claude`),
      expect.stringContaining('"panel" is a panel of one family, gpt'),
    ])
  })

  it('has no doubts where there is no reason', () => {
    expect(judgeDoubts([dated], ['gpt-4o', 'our-own-model'])).toEqual({ aliases: [], families: [] })
  })

  it('lets a policy refuse floating names', () => {
    expect(() => refuseAliases(judgeDoubts([floating], []))).toThrow(
      expect.objectContaining({ code: 'EVK_JUDGE_ALIAS' }),
    )
    expect(() => refuseAliases(judgeDoubts([dated], []))).not.toThrow()
  })
})
