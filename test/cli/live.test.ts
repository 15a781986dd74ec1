import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatServer, serveChat } from '../support/chat-server.ts'
import { repository, runCli, stripsTypes, workspace } from '../support/cli.ts'

const key = `sk-proj-${'k'.repeat(48)}`

interface Report {
  readonly reports: readonly {
    readonly verdict: { readonly word: string; readonly comparison?: { readonly cases: number } }
    readonly fidelity?: object
    readonly cases: readonly {
      readonly trials: readonly { readonly status: string; readonly fidelity: { readonly counts: object } }[]
    }[]
  }[]
}

/** A prompt is changed, tried with a live model once, and gated from then on without a key. */
describe('live models', () => {
  const dir = workspace()
  let model: ChatServer
  let asked = 0
  const evalkit = (args: readonly string[], env: Record<string, string> = {}) =>
    runCli({}, args, { dir, env: { ...stripsTypes, ...env } })
  const live = () => ({ OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: key })
  const run = async (args: readonly string[], env?: Record<string, string>) => {
    const ran = await evalkit(['run', '--json', ...args], env)
    return { ...ran, report: (JSON.parse(ran.stdout) as Report).reports[0] }
  }
  const countsOf = ({ report }: Awaited<ReturnType<typeof run>>): readonly object[] =>
    report?.cases.map(({ trials }) => trials[0]?.fidelity.counts ?? {}) ?? []

  beforeAll(async () => {
    cpSync(join(repository, 'examples/init'), dir, { recursive: true })
    model = await serveChat((messages) => {
      asked++
      const question = messages.find(({ role }) => role === 'user')?.content ?? ''
      const order = /W\d+/.exec(question)?.[0]
      const last = messages.at(-1)
      if (last?.role === 'user' && order !== undefined) return { call: ['find_order', { order }] }
      return { text: `Here you are: ${last?.content ?? ''}` }
    })
  })
  afterAll(() => model.close())

  it('answer a new prompt, and what they said is replayed and gated without a key', async () => {
    await evalkit(['run'])
    expect(await evalkit(['baseline', 'accept', '--run', 'demo', '--reason', 'first'])).toMatchObject({
      exitCode: 0,
    })
    const agent = join(dir, 'agents/demo.ts')
    writeFileSync(agent, readFileSync(agent, 'utf8').replace('in one or two sentences', 'in one sentence'))

    // Recorded models cannot judge a prompt they were never asked with.
    const unknown = await run([])
    expect(unknown).toMatchObject({ exitCode: 3, report: { verdict: { word: 'invalid' } } })
    expect(countsOf(unknown)).toEqual(fourOf({ miss: 1 }))
    expect(unknown.stdout).toContain('npx evalkit run evals/demo.eval.ts --llm live --record')

    const tried = await run(['--llm', 'live', '--record', '--spend', '1'], live())
    expect(tried.stderr).toContain('4 trials are kept in fixtures/demo/')
    expect(countsOf(tried)).toEqual(fourOf({ live: 2, exact: 1 }))
    // Modes are not mixed: the baseline was of recorded models.
    expect(tried.report?.verdict.word).toBe('invalid')
    const before = asked
    const kept = fixtures(dir)

    const gated = await run([])
    expect(countsOf(gated)).toEqual(fourOf({ exact: 3 }))
    expect(gated.report?.verdict).toMatchObject({ comparison: { cases: 4 } })
    expect(asked).toBe(before)

    // What was answered is kept by request and trial: asking again costs nothing and changes no byte.
    const again = await run(['--llm', 'cached', '--record'], live())
    expect(countsOf(again)).toEqual(fourOf({ cached: 2, exact: 1 }))
    expect(asked).toBe(before)
    expect(fixtures(dir)).toEqual(kept)

    expect(filesIn(dir).filter((file) => readFileSync(file, 'latin1').includes(key))).toEqual([])
  })

  it('answer one recorded run, with another prompt and model, some times over', async () => {
    const listed = await evalkit(['trace', 'list', '--json', '--where', 'format=evalkit'])
    const { traces } = JSON.parse(listed.stdout) as { traces: readonly { id: string; task: string }[] }
    const { id = '' } = traces.find(({ task }) => task === 'unknown-order') ?? {}
    writeFileSync(join(dir, 'terse.md'), 'Be terse.\n')
    const other = ['--llm', 'live', '--system', 'terse.md', '--model', 'gpt-4.1-mini', '--trials', '2']
    const played = await evalkit(['replay', id, '--eval', 'demo', ...other], live())
    expect(played.stdout).toContain(`2 trials of ${id} (demo) with live models`)
    expect(played.stdout).toContain('2 completed; 2 with the recorded writes')
    const [, , saved = ''] = /evalkit diff (\S+) (\S+)/.exec(played.stdout) ?? []
    const shown = await evalkit(['trace', 'show', saved, '--json'])
    expect(shown.stdout).toContain('"Be terse."')
    expect(shown.stdout).toContain('gpt-4.1-mini')
  })

  it.each([
    ['nobody answers', ['run', '--llm', 'live'], {}, 4, /EVK_PROVIDER_DOWN/],
    ['a cap that is too low', ['run', '--llm', 'live', '--spend', '0.0000001'], 'live', 4, /EVK_SPEND_CAP/],
    ['CI without a cap', ['run', '--llm', 'live'], { CI: 'true' }, 2, /EVK_USAGE.*spend cap/],
    ['a prompt for a recorded model', ['run', '--system', 'p.md'], {}, 2, /--system goes with live models/],
    ['a mode there is not', ['run', '--llm', 'liv'], {}, 2, /did you mean "live"/],
    [
      'a prompt that is not there',
      ['run', '--llm', 'live', '--system', 'no.md'],
      {},
      2,
      /EVK_FILE_NOT_FOUND/,
    ],
    ['trials of a recorded model', ['replay', 't_1', '--trials', '3'], {}, 2, /EVK_/],
    ['a cap that is none', ['run', '--llm', 'live', '--spend', '-1'], {}, 2, /US dollars/],
  ] as const)('are not asked: %s', async (_, args, env, exitCode, says) => {
    // Nothing listens at port 9.
    const nowhere = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' }
    const failed = await evalkit(args, env === 'live' ? live() : { ...nowhere, ...env })
    expect(failed.stderr).toMatch(says)
    expect(failed.stderr).not.toMatch(/^\s+at /m)
    expect(failed.exitCode).toBe(exitCode)
  })
})

const fourOf = (counts: object): readonly object[] => [counts, counts, counts, counts]

function fixtures(dir: string): Readonly<Record<string, string>> {
  const folder = join(dir, 'fixtures')
  return Object.fromEntries(filesIn(folder).map((file) => [file, readFileSync(file, 'utf8')]))
}

function filesIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('node_modules'))
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
}
