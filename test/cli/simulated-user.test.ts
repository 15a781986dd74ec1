import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { repository, runCli, workspace } from '../support/cli.ts'

/** A talk with a user whom a model plays, recorded once: it needs no model and no key any more. */
describe('an eval with a simulated user', () => {
  let dir = ''
  const evalkit = (...args: string[]) => runCli({}, args, { dir })
  const edit = (file: string, from: string, to: string): void => {
    const path = join(dir, file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`)
    writeFileSync(path, text.replace(from, to))
  }

  beforeAll(async () => {
    dir = workspace()
    cpSync(join(repository, 'test/data/simulated-user'), dir, { recursive: true })
    await evalkit('run', 'talk')
    await evalkit('baseline', 'accept', '--run', 'talk', '--reason', 'first')
  })

  it('is replayed from its fixtures, the user’s model included, and the agent is judged without it', async () => {
    const { exitCode, stdout } = await evalkit('run', 'talk')
    expect(stdout).toContain('talk: 2 cases × 1 trial · 2 completed')
    expect(stdout).toContain('compared with evals/talk.baseline.json')
    // Seven calls where the user opens, six where their opening is given.
    expect(stdout).toContain('fidelity 100 %: 13 exact')
    for (const check of ['toolCalls', 'maxSteps', 'maxTokens']) {
      expect(stdout).toMatch(new RegExp(`^${check} .*100 % +2/2`, 'm'))
    }
    expect(exitCode).not.toBe(1)
  })

  it('shows who talked, and replays each trial by itself, with the user or their script', async () => {
    const { traces } = JSON.parse((await evalkit('trace', 'list', '--all', '--json')).stdout) as {
      traces: { id: string; task: string; models: string[]; toolCalls: number }[]
    }
    expect(traces.map(({ task, models }) => [task, models])).toEqual(
      expect.arrayContaining([
        ['grumpy', ['small-2026']],
        ['refund', ['small-2026']],
      ]),
    )
    for (const { id } of traces) {
      const shown = (await evalkit('trace', 'show', id)).stdout
      expect(shown).toContain('user, played by small-user')
      expect(shown).toMatch(/simulated user: \d00 tokens in/)
      expect(await evalkit('replay', id, '--eval', 'talk')).toMatchObject({ exitCode: 0 })
      const scripted = await evalkit('replay', id)
      expect(scripted.stdout).toContain('reproduced')
      expect(scripted).toMatchObject({ exitCode: 0 })
    }
  })

  it('is another measurement with another user: not comparable, and not in the recording', async () => {
    edit('evals/settings.json', 'polite and in a hurry', 'rude')
    const { stdout, exitCode } = await evalkit('run', 'talk', '--name', 'rude')
    edit('evals/settings.json', 'rude', 'polite and in a hurry')
    expect(exitCode).toBe(3)
    expect(stdout).toContain('the user of the dialogue is not who they were in the baseline')
    expect(stdout).toContain('EVK_FIXTURE_MISS At step 1 the model of a simulated user is asked')
  })

  it.each([
    ["user: 'simulated',", 'user: expected script(), simulated({ … }) or none()'],
    ["user: simulated({ persona: 'Ada' }),", 'model: '],
  ])('refuses %s, and says what is missing', async (wrong, says) => {
    edit('evals/talk.eval.ts', 'user: simulated(settings.user),', wrong)
    const { exitCode, stderr } = await evalkit('run', 'talk')
    edit('evals/talk.eval.ts', wrong, 'user: simulated(settings.user),')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('EVK_EVAL_INVALID')
    expect(stderr).toContain(says)
  })
})
