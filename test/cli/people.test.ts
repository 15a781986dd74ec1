import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'
import { recordedDesk } from '../support/refund-desk.ts'

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })
const replay = (...args: readonly string[]) => evalkit('replay', 't_refunds', '--eval', 'refunds', ...args)

beforeAll(async () => {
  dir = await recordedDesk()
})

describe('evalkit replay --human', () => {
  it('lets a person say no', async () => {
    const { stdout, stderr, exitCode } = await replay('--human', 'deny@1')
    expect(stderr).toBe('')
    expect(stdout).toContain('   2  injected  human  approve-refund({ "order": "W12", "usd": 40 }) = {')
    expect(stdout).toContain(
      'said otherwise:\n  step 2, approve-refund: { "approved": false, "by": "anna" } (was { "approved": true, "by": "anna" }; deny@1)\n',
    )
    expect(stdout).toContain('dropped: The recording goes on after step 2: tool refund (recorded step 3).\n')
    expect(stdout).toContain('output: "The team lead said no." (was "refunded 40 of W12")\ncompleted\n')
    expect(exitCode).toBe(0)
  })

  it('lets a person say nothing', async () => {
    const { stdout, exitCode } = await replay('--human', 'approve-refund: timeout')
    expect(stdout).toContain('step 2, approve-refund: no answer (was { "approved": true, "by": "anna" }')
    expect(exitCode).toBe(0)
    const document = await replay('--human', 'timeout@1', '--json')
    expect(JSON.parse(document.stdout)).toMatchObject({
      divergences: [
        { kind: 'unused' },
        { kind: 'output', differences: [{ got: 'Nobody decided: TimeoutError' }] },
      ],
    })
  })

  it('lets a person say anything, as a document', async () => {
    const { stdout, exitCode } = await replay('--human', 'edit={"approved":false,"why":"late"}', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'diverged',
      people: { said: [{ step: 2, now: { approved: false, why: 'late' } }], unused: [] },
    })
    expect(exitCode).toBe(0)
  })

  it.each([
    ['refuse', 'EVK_HUMAN_INVALID', 'they approve, deny, edit or timeout'],
    ['deny@2', 'EVK_HUMAN_INVALID', 'question 1: approve-refund'],
    ['aprove-refund: deny', 'EVK_HUMAN_INVALID', 'nearest: approve-refund'],
  ])('%s is refused', async (rule, code, detail) => {
    const { stderr, exitCode } = await replay('--human', rule)
    expect(stderr).toContain(code)
    expect(stderr).toContain(detail)
    expect(exitCode).toBe(2)
  })

  it('is of one trace', async () => {
    expect((await evalkit('replay', '--all', '--human', 'deny')).stderr).toContain('is asked of one trace')
  })
})

describe('a replay of an agent that asks people', () => {
  const edit = (from: string, to: string): void => {
    const path = join(dir, 'agent.js')
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`the agent does not hold ${from}`)
    writeFileSync(path, text.replace(from, to))
  }

  it('finds that one is no longer asked', async () => {
    edit('approvalAboveUsd: 10', 'approvalAboveUsd: 100')
    const { stdout, exitCode } = await replay()
    expect(stdout).toContain(
      'diverged at step 2: "approve-refund" is no longer asked about { "order": "W12", "usd": 40 }: in the recording a person answers that in step 2.',
    )
    expect(exitCode).toBe(1)
    edit('approvalAboveUsd: 100', 'approvalAboveUsd: 10')
  })

  it('gives no old answer to a changed question', async () => {
    edit('question: { order, usd }', 'question: { order, usd, urgent: true }')
    const { stdout, exitCode } = await replay()
    expect(stdout).toContain('the answer of then is not given to another question')
    expect(stdout).toContain('at        question.urgent')
    expect(exitCode).toBe(1)
    edit('question: { order, usd, urgent: true }', 'question: { order, usd }')
  })

  it('finds that somebody else is asked', async () => {
    edit("name: 'approve-refund'", "name: 'approve-payout'")
    const { stdout, exitCode } = await replay()
    expect(stdout).toContain('"approve-payout" is asked')
    expect(stdout).toContain('a question that nobody was asked in the recording')
    expect(exitCode).toBe(1)
    edit("name: 'approve-payout'", "name: 'approve-refund'")
  })
})
