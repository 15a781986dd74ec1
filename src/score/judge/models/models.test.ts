import { expect, it } from 'vitest'
import { EvalkitError } from '../../../schema/errors.ts'
import { judgeProviders, providerFor } from './index.ts'
import { describeProvider } from './model.contract.ts'
import { clientPackage } from './one-request.ts'

describeProvider(judgeProviders.anthropic, 'claude-sonnet-4-5-20250929')
describeProvider(judgeProviders.openai, 'gpt-4o-2024-11-20')

it('asks each model of who speaks for it', () => {
  expect(providerFor('claude-sonnet-4-5-20250929')).toBe('anthropic')
  expect(providerFor('gpt-4o-2024-11-20')).toBe('openai')
  expect(providerFor('qwen2.5:7b')).toBe('openai')
})

it('says how to install a client that is not there', async () => {
  const missing = clientPackage('openai', () => Promise.reject(new Error('Cannot find it.')))
  await expect(missing).rejects.toThrow(EvalkitError)
  await expect(missing).rejects.toMatchObject({
    code: 'EVK_JUDGE_SDK',
    hint: 'npm install --save-dev openai',
  })
})
