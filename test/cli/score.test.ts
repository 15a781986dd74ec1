import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { runCli, workspace } from '../support/cli.ts'

/** Its target notes each time it is asked, so that scoring without asking it can be seen. */
const evalFile = (checks: string, dataset = 'towns') => `
import { appendFileSync } from 'node:fs'
import { defineEval, none } from 'evalkit'
import { contains, equals } from 'evalkit/checks'
export default defineEval({
  name: 'towns',
  dataset: '${dataset}',
  target: (country) => {
    appendFileSync('asked.txt', country + '\\n')
    return country === 'Italy' ? 'Rome' : 'Paris'
  },
  checks: [${checks}],
  user: none(),
})
`
const cases = (italy: string, spain = 'Spain') =>
  [
    { v: 1, id: 'italy', input: 'Italy', expected: italy },
    { v: 1, id: 'spain', input: spain, expected: 'Madrid' },
  ]
    .map((one) => `${JSON.stringify(one)}\n`)
    .join('')

let dir = ''
const evalkit = (...args: readonly string[]) => runCli({}, args, { dir })
const write = (file: string, text: string): void => writeFileSync(join(dir, file), text)
const asked = (): number => readFileSync(join(dir, 'asked.txt'), 'utf8').trim().split('\n').length
interface Scored {
  readonly report: {
    readonly verdict: { readonly word: string }
    readonly metrics: readonly { readonly name: string; readonly mean?: number }[]
    readonly run: { readonly id: string; readonly name: string }
  }
}
const meansOf = (stdout: string) =>
  Object.fromEntries((JSON.parse(stdout) as Scored).report.metrics.map(({ name, mean }) => [name, mean]))

beforeEach(async () => {
  dir = workspace({ 'evals/towns.eval.ts': evalFile('equals()'), 'datasets/towns.jsonl': cases('Roma') })
  await evalkit('run', 'towns')
})

describe('evalkit score', () => {
  it('asks another check of what was answered, and not the agent', async () => {
    const before = asked()
    write('evals/towns.eval.ts', evalFile(`contains({ text: 'Rome', gating: false }), equals()`))
    const { exitCode, stdout, stderr } = await evalkit('score', 'towns', '--json')
    expect(meansOf(stdout)).toEqual({ success: 0, contains: 0.5, equals: 0 })
    expect(stderr).toContain('towns: 2 trials scored anew; 0 of 4 answers were known')
    expect([exitCode, asked()]).toEqual([0, before])
  })

  it('holds it against what a right answer shows now, and is the newest run of its name', async () => {
    write('datasets/towns.jsonl', cases('Rome'))
    const { stdout } = await evalkit('score', 'towns', '--json')
    expect(meansOf(stdout)).toEqual({ success: 0.5, equals: 0.5 })
    const accepted = await evalkit('baseline', 'accept', '--run', 'towns', '--reason', 'Rome is right')
    expect(accepted.stdout).toContain('success 50.0 %')
    const log = await evalkit('baseline', 'log', '--eval', 'towns')
    expect(log.stdout).toContain(
      'accepted the baseline of towns\n  success 50.0 % (the first baseline), run towns-',
    )
    expect(log.stdout).toContain('  Rome is right\n')
    const none = JSON.parse((await evalkit('baseline', 'log', '--eval', 'cities', '--json')).stdout) as object
    expect(none).toMatchObject({ file: 'evals/decisions.jsonl', decisions: [] })
    write('evals/decisions.jsonl', '{"v":1}\n')
    const broken = await evalkit('baseline', 'log')
    expect(broken.stderr).toContain('evals/decisions.jsonl:1')
    expect(broken.exitCode).not.toBe(0)
    const run = await evalkit('run', 'towns')
    expect(run.stdout).toContain('compared with evals/towns.baseline.json')
  })

  it('does not ask twice what it knows', async () => {
    const first = await evalkit('score', 'towns', '--json')
    const second = await evalkit('score', 'towns', '--json')
    expect(first.stderr).toContain('0 of 2 answers were known')
    expect(second.stderr).toContain('2 of 2 answers were known')
    expect(meansOf(second.stdout)).toEqual(meansOf(first.stdout))
    write('evals/towns.eval.ts', evalFile('equals({ tolerance: 1 })'))
    expect((await evalkit('score', 'towns')).stderr).toContain('0 of 2 answers were known')
  })

  it('asks a function of the project each time: nobody knows what it calls', async () => {
    write('evals/towns.eval.ts', evalFile('function short({ output }) { return output.length < 5 }'))
    for (const _ of [1, 2]) {
      const { stderr, stdout } = await evalkit('score', 'towns', '--json')
      expect(stderr).toContain('0 of 2 answers were known')
      expect(meansOf(stdout)).toEqual({ success: 0.5, short: 0.5 })
    }
  })

  it('refuses what was asked otherwise, and what is not there', async () => {
    write('datasets/towns.jsonl', cases('Rome', 'Portugal'))
    const changed = await evalkit('score', 'towns')
    expect(changed.stderr).toContain('EVK_RUN_INPUT_CHANGED')
    expect(changed.stderr).toContain('case "spain"')
    expect(changed.exitCode).not.toBe(0)
    write('datasets/towns.jsonl', cases('Rome').split('\n')[0] ?? '')
    const gone = await evalkit('score', 'towns')
    expect(gone.stderr).toContain('EVK_CASE_NOT_FOUND')
    expect(gone.stderr).toContain('case "spain"')
    const nobody = await evalkit('score', 'twons')
    expect([nobody.exitCode, nobody.stderr]).toEqual([2, expect.stringContaining('towns')])
    const other = await evalkit('score', 'towns', '--eval', 'cities')
    expect([other.exitCode, other.stdout]).toEqual([2, ''])
  })

  it('is not the whole where cases were added since', async () => {
    await evalkit('baseline', 'accept', '--run', 'towns', '--reason', 'first')
    write(
      'datasets/towns.jsonl',
      `${cases('Roma')}${JSON.stringify({ id: 'peru', input: 'Peru', expected: 'Lima' })}\n`,
    )
    const { exitCode, stdout } = await evalkit('score', 'towns', '--json')
    expect((JSON.parse(stdout) as Scored).report.verdict.word).toBe('invalid')
    expect(exitCode).toBe(3)
  })
})
