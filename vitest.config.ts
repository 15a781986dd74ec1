import { defineConfig } from 'vitest/config'

const shared = { env: { NO_COLOR: '1', TZ: 'UTC' }, testTimeout: 30_000, pool: 'forks' } as const

export default defineConfig({
  test: {
    // All cores: a test from the street mostly waits for the program it started. The default leaves one idle, of two half.
    maxWorkers: '100%',
    projects: [
      // Beside the code, and the rules of the house; needs no build.
      {
        test: {
          ...shared,
          name: 'rooms',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/house.test.ts'],
        },
      },
      // From the street: the built program, with inline files.
      {
        test: {
          ...shared,
          name: 'street',
          include: ['test/**/*.test.ts'],
          exclude: ['test/house.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
