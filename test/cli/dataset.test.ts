import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'

const sample = join(import.meta.dirname, '../../src/capture/importers/tau-bench.sample.json')
const promptfooSample = join(import.meta.dirname, '../../src/dataset/importers/promptfoo.sample.yaml')

// Put together here, so that no scanner takes this file for a leak.
const key = ['sk', 'ant', 'api03', 'AbCd1234EfGh5678IjKl9012'].join('-')

const evalOf = (checks: string) => `import { defineEval } from 'evalkit'
import { contains, equals, maxSteps } from 'evalkit/checks'
export default defineEval({
  name: 'desk',
  dataset: 'desk',
  target: (title) => 'Shelf ' + title.length,
  checks: [${checks}],
})
`

const yaml = `- id: momo
  input: Momo
  expected: Shelf 4
- id: krabat
  input: Krabat
  expected: Shelf 6
  tags: [long]
`
const csv = 'id,input,expected,tags\nmomo,Momo,Shelf 4,\nkrabat,Krabat,Shelf 6,long\n'
const jsonl =
  '{"id":"krabat","input":"Krabat","expected":"Shelf 6","tags":["long"]}\n{"id":"momo","input":"Momo","expected":"Shelf 4"}\n'

describe('a dataset in any format', () => {
  it('is run by its name, and is the same dataset', async () => {
    const hashes = new Set<string>()
    for (const [name, text] of [
      ['desk.yaml', yaml],
      ['desk.yml', yaml],
      ['desk.csv', csv],
      ['desk.jsonl', jsonl],
    ] as const) {
      const files = { [`datasets/${name}`]: text, 'evals/desk.eval.ts': evalOf('equals()') }
      const { exitCode, stdout } = await runCli(files, ['run', 'desk', '--json'])
      expect(exitCode).toBe(0)
      const [report] = JSON.parse(stdout).reports ?? [JSON.parse(stdout)]
      expect(JSON.stringify(report)).toContain('krabat')
      hashes.add(/"dataset": ?"([0-9a-f]{16})"/.exec(stdout)?.[1] ?? stdout)
    }
    expect(hashes.size).toBe(1)
  })

  it.each([
    ['yaml', '- id: momo\n  input: "Momo\n', /EVK_YAML_SYNTAX[^]*datasets\/desk\.yaml:3/],
    ['yaml', '- id: momo\n  input: Momo\n- id: emil\n  imput: 1\n', /EVK_SCHEMA[^]*"input"[^]*desk\.yaml:3/],
    ['csv', 'id,input\nmomo,Momo\nemil\n', /EVK_CSV_SYNTAX {2}The row has 1 fields[^]*desk\.csv:3/],
    ['csv', 'id,input\nmomo,"a\nb"\nmomo,2\n', /EVK_DATASET_DUPLICATE_ID[^]*desk\.csv:4[^]*desk\.csv:2/],
    ['jsonl', '{"id":"momo","input":1}\n{"id":"momo","input":2}\n', /DUPLICATE_ID[^]*desk\.jsonl:2/],
  ])('that is wrong is refused with file and line: %s %j', async (ending, text, says) => {
    const files = { [`datasets/desk.${ending}`]: text, 'evals/desk.eval.ts': evalOf('equals()') }
    const { exitCode, stderr } = await runCli(files, ['run', 'desk'])
    expect(stderr).toMatch(says)
    expect(exitCode).toBe(2)
  })

  it('is not two files', async () => {
    const files = {
      'datasets/desk.yaml': yaml,
      'datasets/desk.csv': csv,
      'evals/desk.eval.ts': evalOf('equals()'),
    }
    const { exitCode, stderr } = await runCli(files, ['run', 'desk'])
    expect(stderr).toMatch(/EVK_DATASET_AMBIGUOUS[^]*desk\.yaml and datasets\/desk\.csv/)
    expect(exitCode).toBe(2)
  })

  it('is not promoted into where people write it themselves', async () => {
    const { dir } = await runCli({ 'datasets/desk.yaml': yaml }, ['import', sample])
    const { exitCode, stderr } = await runCli({}, ['promote', '--all', '--dataset', 'desk'], { dir })
    expect(stderr).toMatch(/EVK_USAGE[^]*datasets\/desk\.yaml, and only JSON lines are written/)
    expect(exitCode).toBe(2)
    expect(readFileSync(join(dir, 'datasets/desk.yaml'), 'utf8')).toBe(yaml)
  })
})

describe('evalkit dataset check', () => {
  it('finds nothing in a dataset that is in order', async () => {
    const files = { 'datasets/desk.csv': csv, 'evals/desk.eval.ts': evalOf('equals()') }
    const { exitCode, stdout } = await runCli(files, ['dataset', 'check'])
    expect(stdout).toBe('datasets/desk.csv: 2 cases, asked by desk\n  nothing found\n')
    expect(exitCode).toBe(0)
  })

  it('names everything that is wrong, with file and line, and exits 1', async () => {
    const broken = [
      '{"id":"a","imput":1}',
      '{"id":',
      '{"id":"b","input":"Momo","expected":"Shelf 4"}',
      '{"id":"b","input":"Emil","expected":"Shelf 4"}',
      '{"id":"c","input":"Momo","expected":"Shelf 5"}',
      '{"id":"d","input":"Momo","expected":"Shelf 4"}',
      `{"id":"e","input":{"key":${JSON.stringify(key)}},"expected":1}`,
      '{"id":"f","input":"Ronja","expected":"x","source":{"traces":["t_1"]}}',
      '{"id":"g","input":"Nothing is asked of this one."}',
    ]
    const files = {
      'datasets/desk.jsonl': `${broken.join('\n')}\n`,
      'fixtures/desk/gone.json': '{}',
      'evals/desk.eval.ts': evalOf('equals()'),
    }
    const { exitCode, stdout, dir } = await runCli(files, ['dataset', 'check', 'desk', '--json'])
    expect(exitCode).toBe(1)
    expect(stdout).not.toContain('AbCd1234')
    const { datasets, errors, warnings } = JSON.parse(stdout)
    const kinds = datasets[0].findings.map(
      ({ severity, kind, line = '-' }: Record<string, string>) => `${line} ${severity} ${kind}`,
    )
    expect(kinds).toEqual([
      '1 error schema',
      '2 error schema',
      '4 error duplicate-id',
      '5 error contradiction',
      '6 error duplicate',
      '7 error secret',
      '8 error fixture-missing',
      '9 error cannot-fail',
      '- warning fixture-unused',
    ])
    expect([errors, warnings]).toEqual([8, 1])
    const shown = await runCli({}, ['dataset', 'check'], { dir })
    expect(shown.exitCode).toBe(1)
    expect(shown.stdout).toContain('datasets/desk.jsonl:9 cannot-fail · case "g"')
    expect(shown.stdout).toContain('8 errors, 1 warning')
  })

  it('warns of what only limits can fail, and of evals that cannot be asked; exit 0', async () => {
    const files = {
      'datasets/desk.csv': csv,
      'evals/desk.eval.ts': evalOf('maxSteps({ steps: 3 })'),
      'evals/broken.eval.ts': 'throw new Error("no")\n',
    }
    const { exitCode, stdout } = await runCli(files, ['dataset', 'check'])
    expect(stdout).toContain('only limits of eval "desk" can fail it')
    expect(stdout).toContain('evals/broken.eval.ts cannot be loaded')
    expect(stdout).toContain('3 warnings')
    expect(exitCode).toBe(0)
  })

  it('goes as far as it can in a table that breaks, and says so', async () => {
    const { exitCode, stdout } = await runCli({ 'datasets/desk.csv': 'id,input\na,1\nb\nc,"1\n' }, [
      'dataset',
      'check',
    ])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/desk\.csv:3 schema · The row has 1 fields/)
    expect(stdout).toMatch(
      /desk\.csv:4 schema · This is not CSV: a quote opens here and never closes\.\s+Nothing behind it was looked at\./,
    )
  })

  it('names the nearest dataset, and what a hostile one says without obeying it', async () => {
    const hostile = `{"id":"a","input":1,"\\u001b[2J##vso[task.complete]":1}\n`
    const { dir, stderr, exitCode } = await runCli({ 'datasets/desk.jsonl': hostile }, [
      'dataset',
      'check',
      'dsk',
    ])
    expect(stderr).toMatch(/EVK_DATASET_NOT_FOUND[^]*did you mean "desk"/)
    expect(exitCode).toBe(2)
    const { stdout } = await runCli({}, ['dataset', 'check'], { dir })
    expect(stdout).not.toContain('##vso[')
    expect(stdout).not.toContain('\u001b')
  })
})

describe('evalkit dataset stats', () => {
  it('says what production shows that the dataset does not, beside what it holds', async () => {
    const { dir } = await runCli({}, ['import', sample])
    const first = await runCli({}, ['trace', 'list', '--json'], { dir })
    const [trace] = JSON.parse(first.stdout)
      .traces.map(({ id }: { id: string }) => id)
      .sort()
    await runCli({}, ['promote', trace, '--dataset', 'desk'], { dir })
    const { stdout, exitCode } = await runCli({}, ['dataset', 'stats', '--json'], { dir })
    expect(exitCode).toBe(0)
    const [{ stats, production }] = JSON.parse(stdout).datasets
    expect(stats).toMatchObject({
      cases: 1,
      recordings: 1,
      unrecorded: 0,
      sources: [{ name: 'traces', cases: 1 }],
    })
    expect(production.traces).toBe(4)
    const missing = production.features.filter((one: { covered: boolean }) => !one.covered)
    expect(missing.length).toBeGreaterThan(0)
    expect(missing.every(({ examples }: { examples: string[] }) => examples[0] !== trace)).toBe(true)

    const shown = await runCli({}, ['dataset', 'stats', 'desk'], { dir })
    expect(shown.stdout).toMatch(/datasets\/desk\.jsonl: 1 case, 1 recording\n/)
    expect(shown.stdout).toContain('Beside 4 production traces of the store:')
    expect(shown.stderr).toContain('guessed from their names')
  })

  it('knows ages by the clock, and says where there is nothing to compare with', async () => {
    const files = {
      'datasets/desk.jsonl': '{"id":"a","input":1,"source":{"addedAt":"2000-01-01"}}\n{"id":"b","input":2}\n',
    }
    const { stdout } = await runCli(files, ['dataset', 'stats'])
    expect(stdout).toMatch(/age +a year and more +1\n +unknown +1\n/)
    expect(stdout).toContain('holds no production trace')
  })
})

describe('evalkit promote --suggest', () => {
  it('names the traces that add most, and leaves nothing to add when they are promoted', async () => {
    const { dir } = await runCli({}, ['import', sample])
    const { stdout, exitCode } = await runCli({}, ['promote', '--suggest', '--dataset', 'desk'], { dir })
    expect(exitCode).toBe(0)
    const commands = stdout.match(/evalkit promote t_\w+ --dataset desk/g) ?? []
    expect(commands.length).toBeGreaterThan(1)
    expect(stdout).toContain('With these, nothing is missing.')
    // It wrote nothing.
    expect((await runCli({}, ['dataset', 'stats'], { dir })).exitCode).toBe(2)
    for (const command of commands) await runCli({}, command.split(' ').slice(1), { dir })
    const after = await runCli({}, ['promote', '--suggest', '--dataset', 'desk'], { dir })
    expect(after.stdout).toMatch(/^Nothing in \d production traces? is missing in the dataset "desk"\.\n$/)
  })

  it('takes a limit and conditions, and says so in JSON', async () => {
    const { dir } = await runCli({}, ['import', sample])
    const args = [
      'promote',
      '--suggest',
      '--dataset',
      'desk',
      '--limit',
      '1',
      '--where',
      'format=tau-bench',
      '--json',
    ]
    const { picked, left, missing, traces } = JSON.parse((await runCli({}, args, { dir })).stdout)
    expect(picked).toHaveLength(1)
    expect(missing - left).toBe(picked[0].adds.length)
    expect(traces).toBe(4)
  })

  it.each([
    [['t_1', '--suggest'], '--suggest promotes nothing'],
    [['--suggest', '--all'], '--suggest promotes nothing'],
    [['--suggest', '--limit', '0'], 'a whole number from 1'],
    [['--all', '--limit', '3'], '--limit belongs to --suggest'],
  ])('refuses %j', async (args, says) => {
    const { exitCode, stderr } = await runCli({}, ['promote', ...args, '--dataset', 'desk'])
    expect(stderr).toContain(says)
    expect(exitCode).toBe(2)
  })
})

describe('evalkit dataset import', () => {
  it('makes cases, names what it leaves out, and adds nothing the second time', async () => {
    const { dir, stdout, exitCode } = await runCli({}, [
      'dataset',
      'import',
      promptfooSample,
      '--dataset',
      'desk',
    ])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('read as promptfoo: 3 cases added to datasets/desk.jsonl\nleft out:\n')
    expect(stdout).toContain('assert javascript (line 10): code is not imported')
    const text = readFileSync(join(dir, 'datasets/desk.jsonl'), 'utf8')
    expect(text).toContain('"expected": "Shelf 1."')
    const again = await runCli({}, ['dataset', 'import', promptfooSample, '--dataset', 'desk', '--json'], {
      dir,
    })
    expect(JSON.parse(again.stdout)).toMatchObject({ format: 'promptfoo', added: 0, known: 3 })
    expect(readFileSync(join(dir, 'datasets/desk.jsonl'), 'utf8')).toBe(text)
    expect((await runCli({}, ['dataset', 'check'], { dir })).exitCode).toBe(0)
  })

  it('takes secrets out, and leaves a case alone that somebody changed', async () => {
    const tests = (expected: string) =>
      JSON.stringify([
        {
          description: 'one',
          vars: { q: `my key is ${key}` },
          assert: [{ type: 'equals', value: expected }],
        },
      ])
    const args = ['dataset', 'import', 'tests.json', '--dataset', 'desk']
    const { dir, stdout } = await runCli({ 'tests.json': tests('a') }, args)
    expect(stdout).toContain('taken out: 1 anthropic-key')
    const text = readFileSync(join(dir, 'datasets/desk.jsonl'), 'utf8')
    expect(text).not.toContain('AbCd1234')
    const again = await runCli({ 'tests.json': tests('b') }, args, { dir })
    expect(again.stdout).toContain('case "one": the dataset has a case of this id')
    expect(readFileSync(join(dir, 'datasets/desk.jsonl'), 'utf8')).toBe(text)
  })

  it.each([
    ['tests.csv', 'a,b\n1,2\n', [], /EVK_FORMAT_UNKNOWN[^]*promptfoo looks for/],
    ['tests.xlsx', 'x', [], /EVK_FORMAT_UNKNOWN[^]*It reads \.yaml/],
    ['tests.yaml', '- a: "', [], /EVK_YAML_SYNTAX[^]*tests\.yaml:1/],
    ['tests.yaml', '- vars: {a: 1}\n', ['--format', 'promptfo'], /EVK_USAGE[^]*did you mean "promptfoo"/],
  ])('refuses %s %j', async (file, text, more, says) => {
    const args = ['dataset', 'import', file, '--dataset', 'desk', ...more]
    const { exitCode, stderr } = await runCli({ [file]: text }, args)
    expect(stderr).toMatch(says)
    expect(exitCode).toBe(2)
  })
})
