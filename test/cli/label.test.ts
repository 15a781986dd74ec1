import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Label } from '../../src/schema/label.ts'
import { bareEnvironment, repository, runCli, workspace } from '../support/cli.ts'
import { type JudgedCase, judgedEval, judgements, steeringIn } from '../support/judged-project.ts'

const hostile = '\u001b[2J\u001b]0;owned\u0007The amount is $30.\n::error::nothing\u202e'
const cases: readonly JudgedCase[] = ['apple', 'birch', 'cedar', 'date', 'elder'].map((id, at) => ({
  id,
  input: `What of the ${id}?`,
  output: at === 0 ? hostile : `It is a ${id}.`,
  judge: 'pass',
  critique: 'SECRETLY GOOD',
  tags: [at % 2 === 0 ? 'even' : 'odd'],
}))

let dir = ''
const evalkit = (args: readonly string[], stdin = '') => runCli({}, args, { dir, stdin })
const label = (stdin: string, ...args: readonly string[]) =>
  evalkit(['label', 'support', '--by', 'Ann', ...args], stdin)
const file = (): string => join(dir, 'evals/support.labels.jsonl')
const labels = (): readonly Label[] =>
  existsSync(file())
    ? readFileSync(file(), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Label)
    : []
const words = (): readonly string[] => labels().map((one) => one.label)

beforeEach(async () => {
  dir = workspace({
    'evals/support.eval.ts': judgedEval(cases),
    'evals/support.judgements.jsonl': judgements(cases),
  })
  await evalkit(['run', 'support'])
})

describe('evalkit label', () => {
  it('keeps what a person says, with who and when, and goes on where it stopped', async () => {
    const first = await label('p\nn the amount is wrong\nf\nq\n')
    expect(first.exitCode).toBe(0)
    expect(first.stdout).toContain('1 of 5 · case')
    expect(first.stdout).toContain('fail: 2 of 5 labelled · 1 pass, 1 fail')
    expect(first.stdout).toContain('Kept 2 labels in evals/support.labels.jsonl. 3 of 5 have none yet.')
    expect(labels()).toHaveLength(2)
    const noted = labels().find((one) => one.note !== undefined)
    expect(noted).toMatchObject({
      v: 1,
      judge: 'accuracy',
      trial: 0,
      label: 'fail',
      note: 'the amount is wrong',
      by: 'Ann',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      trace: expect.stringMatching(/^t_/),
    })
    const second = await label('p\np\np\n')
    expect(second.stdout).not.toContain('2 of 5 ·')
    expect(second.stdout).toContain('3 of 5 · case')
    expect(second.stdout).toContain('Every outcome of the run has a label.')
    expect(labels()).toHaveLength(5)
    const third = await label('p\n')
    expect([third.exitCode, third.stdout]).toEqual([0, expect.stringContaining('No label was added.')])
  })

  it('is blind to the judge, unless it is asked not to be', async () => {
    const blind = await label('s\ns\ns\ns\ns\n')
    expect(blind.stdout).not.toContain('SECRETLY GOOD')
    expect(blind.stdout).not.toContain('the judge says')
    const seeing = await label('q\n', '--show-verdict')
    expect(seeing.stdout).toContain('the judge says: ')
  })

  it('shows hostile text inert', async () => {
    const { stdout } = await label('s\n', '--case', 'apple')
    expect(stdout).toContain('The amount is $30.')
    expect(steeringIn(stdout)).toEqual([])
  })

  it('skips, goes back, and takes a label anew', async () => {
    const { stdout } = await label('b\np\nb\nf\ns\nq\n')
    expect(stdout).toContain('This is the first one.')
    expect(stdout).toContain('you said before: pass')
    expect(words()).toEqual(['fail'])
  })

  it('lets another person say it, too, without what the first one said', async () => {
    await label('p\np\np\np\np\n')
    const ben = await runCli({}, ['label', 'support', '--by', 'Ben', '--again'], { dir, stdin: 'f\nq\n' })
    expect(ben.stdout).not.toContain('you said before')
    expect(
      labels()
        .map((one) => one.by)
        .sort(),
    ).toEqual(['Ann', 'Ann', 'Ann', 'Ann', 'Ann', 'Ben'])
  })

  it('puts cases into splits by themselves, or where it is told', async () => {
    await label('p\np\np\np\np\n')
    const given = labels().map((one) => one.split)
    await label('p\np\np\np\np\n', '--again')
    expect(labels().map((one) => one.split)).toEqual(given)
    await label('p\np\np\np\np\n', '--again', '--split', 'dev')
    expect(new Set(labels().map((one) => one.split))).toEqual(new Set(['dev']))
  })

  it('can be calibrated on at once', async () => {
    await label('p\nf\np\nf\np\n', '--split', 'test')
    const { stdout, exitCode } = await evalkit(['judge', 'calibrate', 'accuracy'])
    expect(stdout).toContain('test: 3 pass, 2 fail; without a verdict: none')
    expect(exitCode).toBe(0)
  })

  it('prints one document with --json, and speaks on stderr', async () => {
    const { stdout, stderr } = await label('p\nq\n', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      eval: 'support',
      judge: 'accuracy',
      kept: 1,
      progress: { done: 1, of: 5, pass: 1, fail: 0 },
    })
    expect(stderr).toContain('[p]ass')
  })

  it('stops at a line it does not know: the next would be said of another outcome', async () => {
    const { exitCode, stderr } = await label('p\nyes\nf\n')
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('"yes" is no answer (line 2 of stdin)')])
    expect(words()).toEqual(['pass'])
  })

  it.each<[string, readonly string[], number, string]>([
    ['an eval there is not', ['label', 'suport'], 2, 'did you mean "support"?'],
    ['a judge there is not', ['label', 'support', '--judge', 'acuracy'], 2, 'did you mean "accuracy"?'],
    ['a case there is not', ['label', 'support', '--case', 'aple'], 3, 'did you mean "apple"?'],
    ['a run there is not', ['label', 'support', '--run', 'nope'], 2, 'EVK_RUN_NOT_FOUND'],
    ['a split there is not', ['label', 'support', '--split', 'prod'], 2, 'it is train, dev or test'],
    ['nobody', ['label', 'support', '--by', ' '], 2, 'somebody who says so'],
  ])('says what is wrong: %s', async (_, args, code, what) => {
    const { exitCode, stderr, stdout } = await evalkit(args, 'p\n')
    expect(stderr).toContain(what)
    expect([exitCode, stdout, labels()]).toEqual([code, '', []])
  })

  it('has nothing to label where nothing was run', async () => {
    const { exitCode, stderr } = await runCli(
      { 'evals/support.eval.ts': judgedEval(cases) },
      ['label', 'support'],
      { stdin: 'p\n' },
    )
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('EVK_NOTHING_TO_LABEL')])
    expect(stderr).toContain('evalkit run support')
  })

  it('leaves out what asks something else by now', async () => {
    const edited = cases.map((one) => (one.id === 'date' ? { ...one, input: 'What of the fig?' } : one))
    const { stdout } = await runCli({ 'evals/support.eval.ts': judgedEval(edited) }, ['label', 'support'], {
      dir,
      stdin: 'q\n',
    })
    expect(stdout).toContain('left out: 1 (the case asks something else since it was played)')
    expect(stdout).toContain('1 of 4 · case')
  })

  it('loses nothing when it is killed', async () => {
    const child = spawn(
      process.execPath,
      [join(repository, 'bin/evalkit.mjs'), 'label', 'support', '--by', 'Ann'],
      { cwd: dir, env: bareEnvironment({ dir }), stdio: 'pipe' },
    )
    let said = ''
    const labelled = new Promise<void>((resolve) => {
      child.stdout.on('data', (piece: Buffer) => {
        said += piece.toString()
        if (said.includes('fail: 2 of 5 labelled')) resolve()
      })
    })
    child.stdin.write('p\nf\n')
    await labelled
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(words().toSorted()).toEqual(['fail', 'pass'])
    const { stdout } = await label('q\n')
    expect(stdout).toContain('3 of 5 · case')
  })
})
