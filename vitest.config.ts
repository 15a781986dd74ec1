import { defineConfig } from 'vitest/config'

const shared = { env: { NO_COLOR: '1', TZ: 'UTC' }, testTimeout: 30_000, pool: 'forks' } as const

/** They change what a process has once (`fetch`, `http.request`), so each of their files has a process of its own. */
const apart = ['src/tap/**/*.test.ts', 'src/replay/world/**/*.test.ts']

export default defineConfig({
  test: {
    // All cores: a test from the street mostly waits for the program it started. The default leaves one idle, of two half.
    maxWorkers: '100%',
    projects: [
      // Beside the code, and the rules of the house; needs no build. Files share a process: what they import is loaded once.
      {
        test: {
          ...shared,
          name: 'rooms',
          isolate: false,
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/house.test.ts'],
          exclude: apart,
        },
      },
      { test: { ...shared, name: 'rooms-apart', include: apart } },
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
