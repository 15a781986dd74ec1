import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'

describe('evalkit comment', () => {
  it('at the desk tells nobody, says so, and is no success', async () => {
    const { dir, exitCode } = await runCli(
      {
        'evals/towns.eval.ts': evalOf('towns', "[{ id: 'ulm', input: 'Ulm' }]"),
      },
      ['ci', '--report', 'kept', '--json'],
    )
    // Nothing to compare with, and a report of it all the same.
    expect(exitCode).toBe(3)
    const report = JSON.parse(readFileSync(join(dir, 'kept/towns.json'), 'utf8')) as object
    expect(report).toMatchObject({ schemaVersion: 1, eval: 'towns' })
    expect(readFileSync(join(dir, 'kept/towns.html'), 'utf8')).toMatch(/^<!doctype html>/)

    const told = await runCli({}, ['comment', 'kept', '--json'], { dir })
    expect([told.exitCode, told.stderr]).toEqual([4, 'no comment: this is not a job of GitHub Actions\n'])
    expect(JSON.parse(told.stdout)).toMatchObject({ reports: 1, comment: { posted: false } })

    // Of a run that broke off nobody takes the part for the whole.
    const more = {
      'evals/villages.eval.ts': evalOf('villages', "'nowhere'"),
      'kept/package.json': '{}',
    }
    expect((await runCli(more, ['ci', '--report', 'kept'], { dir })).exitCode).toBe(2)
    expect(readdirSync(join(dir, 'kept')).toSorted()).toEqual(['package.json', 'towns.html'])
  })

  it('names what it cannot read', async () => {
    const { exitCode, stderr } = await runCli({ 'kept/a.json': '{"schemaVersion":1,"eval":7}' }, [
      'comment',
      'kept',
    ])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^EVK_SCHEMA {2}This is no report of the json reporter\.\n {2}where {5}a\.json\n/)
    expect((await runCli({}, ['comment', 'nowhere'])).stderr).toMatch(/^EVK_REPORT_MISSING/)
  })
})

function evalOf(name: string, dataset: string): string {
  return `
import { defineEval, none } from 'evalkit'
export default defineEval({
  name: '${name}', dataset: ${dataset}, target: (place) => place, checks: [() => true], user: none(),
})
`
}
