import { describe, expect, it } from 'vitest'
import { loadContextWindows } from './context-window.ts'

describe('context windows', () => {
  it('are known of common models, also by the names of their versions', async () => {
    const windowOf = await loadContextWindows()
    expect(windowOf('gpt-4o')).toBe(128_000)
    expect(windowOf('gpt-4o-2024-08-06')).toBe(128_000)
  })

  it('are not made up for others', async () => {
    const windowOf = await loadContextWindows()
    expect(windowOf('the model of our own')).toBeUndefined()
    expect(windowOf('')).toBeUndefined()
  })
})
