import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mulberry32 } from '../../src/lib/stats/mulberry32.ts'
import { repository, runCli, workspace } from '../support/cli.ts'

const cases = 60

/** Each trial takes a moment (of real time) and leaves a line in a file of its own, so that a trial that ran twice is seen. */
const slow = `
  import { appendFileSync } from 'node:fs'
  import { defineEval } from 'evalkit'
  import { equals } from 'evalkit/checks'
  export default defineEval({
    name: 'slow',
    dataset: Array.from({ length: ${cases} }, (_, n) => ({ id: 'case-' + n, input: n, expected: n % 7 === 0 ? -1 : n })),
    target: async (n: number) => {
      await new Promise((done) => setTimeout(done, 4 + (n % 5)))
      appendFileSync('played.txt', n + '\\n')
      return n
    },
    checks: [equals()],
    concurrency: 4,
    replay: { time: 'real' },
  })`

/** What a report says apart from when, how long, and under which names of this one run. */
function lasting(stdout: string): unknown {
  const [report] = JSON.parse(stdout).reports
  const { run: _, ...rest } = report
  for (const one of rest.cases) {
    for (const trial of one.trials) {
      delete trial.durationMs
      delete trial.trace
    }
  }
  return rest
}

describe('kill -9 in the middle of a run', () => {
  it('at 20 random moments: nothing finished is lost, nothing is run twice, the report is the same', async () => {
    const undisturbed = await runCli({ 'evals/slow.eval.ts': slow }, ['run', '--json'])
    const expected = lasting(undisturbed.stdout)
    const random = mulberry32(20)
    let killedInTheMiddle = 0
    for (let attempt = 0; attempt < 20; attempt++) {
      const dir = workspace({ 'evals/slow.eval.ts': slow, 'played.txt': '' })
      const shown = await runAndKill(dir, 1 + Math.floor(random() * (cases - 1)))
      const resumed = await runCli({}, ['run', '--resume', '--json'], { dir })
      expect(resumed.exitCode).toBe(0)
      expect(lasting(resumed.stdout)).toEqual(expected)
      const before = /(\d+) of \d+ trials were finished before/.exec(resumed.stderr)?.[1]
      const kept =
        before === undefined ? (resumed.stderr.includes('nothing is left') ? cases : 0) : Number(before)
      // What was shown as done had been committed.
      expect(kept).toBeGreaterThanOrEqual(shown)
      if (kept > 0 && kept < cases) killedInTheMiddle++
      const played = readFileSync(join(dir, 'played.txt'), 'utf8').trim().split('\n')
      expect(new Set(played).size).toBe(cases)
      // Only trials that were under way when it was killed may have been played again: never more than run at once
      // and wait for their commit.
      expect(played.length - cases).toBeLessThanOrEqual(cases - kept)
      const again = await runCli({}, ['run', '--resume', '--json'], { dir })
      expect(again.stderr).toContain('nothing is left')
      expect(readFileSync(join(dir, 'played.txt'), 'utf8').trim().split('\n').length).toBe(played.length)
    }
    expect(killedInTheMiddle).toBeGreaterThanOrEqual(10)
  }, 300_000)
})

/** Runs until `after` trials were played, then kills; gives the highest count the program had shown by then. */
function runAndKill(dir: string, after: number): Promise<number> {
  const launcher = join(repository, 'bin', 'evalkit.mjs')
  const child = spawn(process.execPath, [launcher, 'run'], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const watch = setInterval(() => {
    const played = readFileSync(join(dir, 'played.txt'), 'utf8').split('\n').length - 1
    if (played >= after) child.kill('SIGKILL')
  }, 1)
  return new Promise((resolve) => {
    child.on('close', () => {
      clearInterval(watch)
      const counts = [...stderr.matchAll(/(\d+) of \d+ trials/g)].map((match) => Number(match[1]))
      resolve(Math.max(0, ...counts))
    })
  })
}
