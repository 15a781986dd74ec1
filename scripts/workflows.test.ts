import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { CommandModule } from '../src/cli/main.ts'
import type { Io } from '../src/cli/io.ts'
import { inputNames } from '../action/inputs.ts'

/** The rules of docs/workflows.md, held of every workflow: those GitHub runs here, and those to copy. */

const root = dirname(import.meta.dirname)
const files = globSync('.github/{workflows,workflow-templates}/*.{yml,yaml}', { cwd: root }).toSorted()
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly if?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly name?: string
  readonly if?: string
  readonly needs?: readonly string[]
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly steps: readonly Step[]
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: Readonly<Record<string, string>>
  readonly concurrency: { readonly group: string; readonly 'cancel-in-progress': unknown }
  readonly jobs: Readonly<Record<string, Job>>
}

const workflows = files.map((file) => ({ file, text: read(file), ...(parse(read(file)) as Workflow) }))
const isOurs = /^(?:\.\/|OWNER\/evalkit@)/
const jobsOf = ({ jobs }: Workflow): readonly Job[] => Object.values(jobs)
const stepsOf = (workflow: Workflow): readonly Step[] => jobsOf(workflow).flatMap(({ steps }) => steps)

it('there are those of the issue, and our own by the action itself', () => {
  expect(files.length).toBeGreaterThan(7)
  const own = workflows.find(({ file }) => file === '.github/workflows/evals.yml')
  expect(own === undefined ? [] : stepsOf(own).map(({ uses }) => uses)).toContain('./')
})

describe.each(workflows)('$file', (workflow) => {
  const { text, on, permissions, concurrency, file } = workflow

  it('gives no stranger a token that writes', () => {
    expect(Object.keys(on)).not.toContain('pull_request_target')
    expect(text).not.toMatch(/^ *pull_request_target/m)
    const granted = [permissions, ...jobsOf(workflow).map((job) => job.permissions ?? {})]
    for (const some of granted) {
      expect(typeof some).toBe('object')
      const writes = Object.entries(some).filter(([, right]) => right !== 'read' && right !== 'none')
      expect(writes.filter((right) => right.join(': ') !== 'pull-requests: write')).toEqual([])
    }
    expect(permissions).toMatchObject({ contents: 'read' })
  })

  it('asks for the right to comment only where it comments', () => {
    const comments = (job: Job): boolean =>
      job.steps.some(({ uses = '', with: given }) => isOurs.test(uses) && given?.['token'] !== '')
    for (const job of jobsOf(workflow)) {
      const rights = job.permissions ?? permissions
      expect([file, rights['pull-requests'] === 'write']).toEqual([file, comments(job)])
    }
  })

  it('puts nothing of an event into a shell line, nor of anything else', () => {
    expect(stepsOf(workflow).filter(({ run }) => run?.includes('${{'))).toEqual([])
  })

  it('pins what it uses, and leaves no token in the checkout', () => {
    const others = stepsOf(workflow).filter(({ uses }) => uses !== undefined && uses !== './')
    for (const { uses } of others) expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@(?:v\d+|[0-9a-f]{40})$/)
    // Without "ref" it is what the event is about, and on the trusted side never the fork's.
    for (const step of others.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      expect(step.with).toEqual({ 'persist-credentials': false })
    }
  })

  it('ends, and cancels no run of the main branch', () => {
    for (const job of jobsOf(workflow)) expect(job['timeout-minutes']).toBeLessThanOrEqual(60)
    const isOfMain = 'push' in on || 'merge_group' in on || 'schedule' in on
    const onPulls = "${{ github.event_name == 'pull_request' }}"
    const allowed = isOfMain ? ('pull_request' in on ? [onPulls] : [false]) : [true, onPulls]
    expect(allowed).toContain(concurrency['cancel-in-progress'])
  })

  it('has a gate that cannot be skipped', () => {
    for (const job of jobsOf(workflow)) {
      if (job.needs === undefined) continue
      expect([job.name, job.if]).toEqual(['evalkit-gate', '${{ always() }}'])
      const last = job.steps.at(-1)
      expect([last?.if, JSON.stringify(last)]).toEqual([
        '${{ always() }}',
        expect.stringContaining('needs.*.result') as string,
      ])
    }
  })

  it('gives the action inputs that there are, and evalkit flags that there are', async () => {
    const ours = stepsOf(workflow).filter(({ uses = '' }) => isOurs.test(uses))
    const given = ours.flatMap((step) => Object.keys(step.with ?? {}))
    expect(given.filter((name) => !inputNames.includes(name))).toEqual([])
    for (const [, line = ''] of text.matchAll(/npx --no-install evalkit (.+)/g)) {
      const [name = '', sub = ''] = line.split(' ')
      const module = (await import(`../src/cli/commands/${name}.ts`)) as CommandModule
      const top = module.command({} as Io, () => undefined)
      const command: Command = top.commands.find((one) => one.name() === sub) ?? top
      const known = command.options.map(({ long }) => long)
      expect((line.match(/--[\w-]+/g) ?? []).filter((flag) => !known.includes(flag))).toEqual([])
    }
  })
})

describe('the pair for forks', () => {
  it('takes what a fork left out of the run that GitHub names, to a place outside of the checkout', () => {
    const [pair, ...others] = workflows.filter(({ on }) => 'workflow_run' in on)
    if (pair === undefined) throw new Error('there is no second half')
    expect(others).toEqual([])
    expect(pair.permissions).toEqual({ contents: 'read', actions: 'read', 'pull-requests': 'write' })
    const used = new Map(stepsOf(pair).map(({ uses = '', with: given }) => [uses.split('@')[0], given]))
    expect(used.get('actions/download-artifact')).toMatchObject({
      path: '${{ runner.temp }}/claimed',
      'run-id': '${{ github.event.workflow_run.id }}',
    })
    expect(used.get('OWNER/evalkit')).toEqual({ command: 'comment', reports: '${{ runner.temp }}/claimed' })
  })
})

describe('the gate behind shards', () => {
  const script = workflows.flatMap(stepsOf).find(({ run }) => run?.includes('$RESULTS'))?.run ?? 'exit 9'

  it.each([
    ['success', 0],
    ['success success', 0],
    ['success failure', 1],
    ['cancelled success', 1],
    ['skipped', 1],
    ['', 1],
  ])('says of "%s": exit %i', (results, code) => {
    expect(spawnSync('bash', ['-e', '-c', script], { env: { RESULTS: results } }).status).toBe(code)
  })
})

/** `<!-- file <path> -->`, and below it the file in a fence. */
const shown = /<!-- file (\S+) -->\n(?:\n```yaml\n[^]*?\n```\n)?/g

describe('docs/workflows.md', () => {
  it('shows each file to copy, as it is: UPDATE=1 writes them in', () => {
    const path = join(root, 'docs', 'workflows.md')
    const page = readFileSync(path, 'utf8')
    const wanted = page.replace(
      shown,
      (_, file: string) => `<!-- file ${file} -->\n\n\`\`\`yaml\n${read(file).trimEnd()}\n\`\`\`\n`,
    )
    if (process.env['UPDATE'] === '1') writeFileSync(path, wanted)
    expect(readFileSync(path, 'utf8')).toBe(wanted)
    const listed = Array.from(page.matchAll(shown), ([, file = '']) => file)
    expect(new Set(listed)).toEqual(new Set(files.filter((file) => file.includes('workflow-templates'))))
  })
})
