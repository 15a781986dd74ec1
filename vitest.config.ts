import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    env: { NO_COLOR: '1', TZ: 'UTC' },
    testTimeout: 30_000,
    pool: 'forks',
  },
})
