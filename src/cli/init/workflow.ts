import type { PackageManager } from './package-manager.ts'

/** What the workflow depends on. Folders are relative to the repository's root, `''` where they are it. */
export interface WorkflowFacts {
  readonly packageManager: PackageManager
  readonly branch: string
  /** The folder evalkit is called in. */
  readonly within: string
  /** The folder packages are installed in: that of the lock file. */
  readonly installIn: string
}

/** The GitHub workflow that runs the evals of a project on every pull request. */
export function workflowText({ packageManager, branch, within, installIn }: WorkflowFacts): string {
  const { frozenInstall, run, setup } = packageManager
  const lines = [
    `name: ${JSON.stringify(within === '' ? 'evalkit' : `evalkit ${within}`)}`,
    '',
    'on:',
    '  push:',
    `    branches: [${JSON.stringify(branch)}]`,
    '  pull_request:',
    '',
    '# It reads the code, and needs no key: models and tools answer from the recordings.',
    'permissions:',
    '  contents: read',
    '',
    'concurrency:',
    '  group: ${{ github.workflow }}-${{ github.ref }}',
    '  cancel-in-progress: true',
    '',
    'jobs:',
    '  evals:',
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 15',
    '    steps:',
    '      - uses: actions/checkout@v5',
    '        with:',
    '          persist-credentials: false',
    '      - uses: actions/setup-node@v5',
    '        with:',
    "          node-version: '24'",
    '          package-manager-cache: false',
    ...setup.map((line) => `      ${line}`),
    ...step(frozenInstall, installIn),
    '      # With a baseline, "evalkit ci" in its place also tells the pull request: docs/github.md of evalkit.',
    ...step(`${run} evalkit run`, within),
  ]
  return `${lines.join('\n')}\n`
}

function step(command: string, folder: string): string[] {
  const place = folder === '' ? [] : [`        working-directory: ${JSON.stringify(folder)}`]
  return [`      - run: ${command}`, ...place]
}
