import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { serveChat } from '../support/chat-server.ts'
import { repository, runCli, stripsTypes, workspace } from '../support/cli.ts'
import { recordedDesk } from '../support/refund-desk.ts'

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })
const fork = (...args: readonly string[]) => evalkit('replay', 't_refunds', '--eval', 'refunds', ...args)
const set = (edit: string, ...more: readonly string[]) => fork('--set', edit, ...more)

beforeAll(async () => {
  dir = await recordedDesk({ 'lost.json': '{"order":"W12","usd":40,"status":"refunded"}' })
})

interface ForkDocument {
  readonly result: string
  readonly fork: { readonly child: string; readonly edits: readonly object[] }
}

describe('evalkit replay --set', () => {
  it('says what was kept, set and dropped, that no tool was run, and where it was saved', async () => {
    const { exitCode, stdout, stderr } = await set('steps[1].result.status="refunded"')
    expect(stderr).toBe('')
    expect(stdout.replace(/t_[0-9a-f]{20}/g, 't_…')).toBe(
      `replay of t_refunds (refunds)
   1  injected  tool   get_order({ "order": "W12" }) = "{\\"order\\":\\"W12\\",\\"usd\\":40,\\"status\\":\\"…

fork of t_refunds at step 1
  kept      nothing: the fork is at the first step
  set       steps[1].result.status = "refunded" (was "delivered")
  after     1 injected
  dropped   recorded steps 2 (turn of approve-refund), 3 (tool refund)
  tools     no tool was run
  output    "W12 was refunded already." (was "refunded 40 of W12")
completed
finding: "approve-refund" is no longer asked about { "order": "W12", "usd": 40 }: in the recording a person answers that in step 2.
fidelity 0 %: 1 injected
saved as t_…: evalkit replay t_… plays it offline
`,
    )
    expect(exitCode).toBe(0)
  })

  it('is a trace of its own: shown with its parentage, and reproduced', async () => {
    const { stdout } = await set('steps[3].result="it failed"', '--from', '3', '--json')
    const { fork: story, result } = JSON.parse(stdout) as ForkDocument
    expect([result, story]).toMatchObject([
      'forked',
      {
        parent: 't_refunds',
        forkedAt: 3,
        kept: 2,
        edits: [{ path: 'steps[3].result', was: 'refunded 40 of W12', value: 'it failed', reached: true }],
        dropped: [],
        ran: [],
      },
    ])
    const shown = await evalkit('trace', 'show', story.child)
    expect(shown.stdout).toContain(
      'fork of t_refunds at step 3 · steps[3].result = "it failed" (was "refunded 40 of W12")',
    )
    const again = await evalkit('replay', story.child, '--eval', 'refunds')
    expect(again.stdout).toContain('reproduced: 3 steps; fidelity 100 %: 3 exact')
    expect(again.exitCode).toBe(0)
    // Children are not what was recorded: lists and --all leave them out.
    expect((await evalkit('trace', 'list')).stdout).not.toContain(story.child)
    expect((await evalkit('trace', 'list', '--all')).stdout).toContain(story.child.slice(0, 12))
  })

  it('takes what stands in a file', async () => {
    const { stdout, exitCode } = await set('steps[1].result=@lost.json')
    expect(stdout).toContain('"W12 was refunded already."')
    expect(exitCode).toBe(0)
    expect((await set('steps[1].result=@gone.json')).stderr).toContain('EVK_FILE_NOT_FOUND')
  })

  it('lets people answer otherwise, too', async () => {
    const { stdout } = await fork('--from', '2', '--human', 'deny')
    expect(stdout).toContain('  said      step 2, approve-refund: { "approved": false, "by": "anna" } (was')
    expect(stdout).toContain('output    "The team lead said no."')
  })

  it('is not decided where the recording has no answer', async () => {
    const { stdout, exitCode } = await set('steps[1].result.usd=50')
    expect(stdout).toContain('aborted: At step 2 "approve-refund" is asked something else')
    expect(stdout).toContain('not saved: it did not come to its end')
    expect(exitCode).toBe(3)
  })

  it('is not decided where nobody makes the call that is set', async () => {
    const { stdout, exitCode } = await set(
      'steps[1].result.status="refunded"',
      '--set',
      'steps[3].result="x"',
    )
    expect(stdout).toContain('  not met   steps[3].result = "x"')
    expect(exitCode).toBe(3)
  })

  it.each([
    [['--set', 'steps[1].result.sttus="x"'], 'EVK_FORK_INVALID', 'nearest: steps[1].result.status'],
    [['--set', 'steps[7].result="x"'], 'EVK_FORK_INVALID', 'step 3: tool refund'],
    [['--from', '9'], 'EVK_FORK_INVALID', 'There is no step 9'],
    [['--from', 'x'], 'EVK_USAGE', '--from takes a step'],
    [['--from', '1', '--trials', '3', '--llm', 'live'], 'EVK_USAGE', 'it takes no --trials'],
    [['--from', '1', '--fault', 'refund: 503'], 'EVK_USAGE', 'Faults are not put into a what-if'],
  ])('%j is refused', async (args, code, detail) => {
    const { stderr, stdout, exitCode } = await fork(...args)
    expect(stderr).toContain(code)
    expect(stderr).toContain(detail)
    expect([stdout, exitCode]).toEqual(['', 2])
  })
})

describe('evalkit replay --set --llm live', () => {
  it('asks the model anew from the fork on, and is replayed without it', async () => {
    const shop = workspace()
    cpSync(join(repository, 'examples/init'), shop, { recursive: true })
    let asked = 0
    const model = await serveChat((messages) => {
      asked++
      return { text: `Read: ${messages.at(-1)?.content ?? ''}` }
    })
    const play = (args: readonly string[], env = {}) =>
      runCli({}, args, { dir: shop, env: { ...stripsTypes, ...env } })
    const live = { OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: `sk-proj-${'k'.repeat(48)}` }
    expect(await play(['run'])).toMatchObject({ exitCode: 0 })
    const listed = await play(['trace', 'list', '--all', '--json'])
    const { traces } = JSON.parse(listed.stdout) as { traces: readonly { id: string; task: string }[] }
    const { id = '' } = traces.find(({ task }) => task === 'unknown-order') ?? {}

    const put = ['--set', 'steps[2].result={"item":"oolong","status":"packing"}']
    const recorded = await play(['replay', id, '--eval', 'demo', ...put])
    expect(recorded.stdout).toContain('--llm live lets it answer anew')
    expect(recorded.exitCode).toBe(3)

    const forked = await play(['replay', id, '--eval', 'demo', ...put, '--llm', 'live'], live)
    expect(forked.stderr).toBe('')
    expect(forked.stdout).toContain('after     1 injected, 1 live')
    expect(forked.stdout).toContain('Read: {\\"item\\":\\"oolong\\"')
    expect([forked.exitCode, asked]).toEqual([0, 1])
    await model.close()

    const [, child = ''] = /saved as (t_[0-9a-f]+)/.exec(forked.stdout) ?? []
    const again = await play(['replay', child, '--eval', 'demo'])
    expect(again.stdout).toContain('reproduced: 3 steps; fidelity 100 %: 3 exact')
    expect(again.exitCode).toBe(0)
  })
})
