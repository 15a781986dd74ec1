import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { judge } from '../score/judge/index.ts'
import type { Question } from '../score/judge/judge.ts'
import { type Asked, serveModel } from '../score/judge/testing/model-server.ts'
import { subjectOf } from '../score/subject.ts'
import { openJudgementsFile, readJudgements } from './judgements-file.ts'
import { openJudging } from './judging.ts'

const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
const check = { text: 'The answer is polite.', model: 'claude-sonnet-4-5-20250929' }
const outputs = Array.from({ length: 200 }, (_, at) => `Yes, please, for the ${at}th time.`)

/** A process that judges until it is killed, and says of each verdict when it has it. */
const program = (file: string, url: string): string => `
  import { writeSync } from 'node:fs'
  import { openJudgementsFile } from ${source('./judgements-file.ts')}
  import { openJudging } from ${source('./judging.ts')}
  import { judge } from ${source('../score/judge/index.ts')}
  import { liveJudges } from ${source('../score/judge/live.ts')}
  import { subjectOf } from ${source('../score/subject.ts')}
  const file = await openJudgementsFile(${JSON.stringify(file)}, 'a')
  let count = 0
  const live = liveJudges({
    env: { ANTHROPIC_BASE_URL: ${JSON.stringify(url)} },
    now: () => 0,
    random: () => 0,
    secret: () => (count++).toString(16).padStart(32, '0'),
    sleep: async () => undefined,
  })
  const judging = openJudging({ recorded: file.lines, command: 'again', ask: (one) => live.ask(one), onLine: (line) => file.add(line) })
  const polite = judge.rubric(${JSON.stringify(check)})
  await Promise.all(${JSON.stringify(outputs)}.map(async (output) => {
    const [question] = polite.judge.questionsOf(subjectOf({ output }))
    await judging.verdict(question, 0)
    writeSync(1, question.subject + '\\n')
  }))`

const answers = ({ user }: Asked) => ({
  fields: { critique: 'Read.', verdict: user.includes('please') ? 'pass' : 'fail' },
})

describe('a process that is killed while it judges', () => {
  it('has lost no verdict that it had, and does not pay for any of them again', async () => {
    const server = await serveModel(answers)
    const file = join(mkdtempSync(join(tmpdir(), 'killed-')), 'a.judgements.jsonl')
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(file, server.url)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const had: string[] = []
    for await (const line of createInterface(child.stdout)) {
      had.push(line)
      if (had.length === 20) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
    expect(had.length).toBeLessThan(outputs.length)

    const { lines } = await readJudgements(file, 'a')
    const kept = lines.flatMap((line) => (line.kind === 'verdict' ? [line.subject] : []))
    expect(had.filter((subject) => !kept.includes(subject))).toEqual([])
    expect(lines[0]).toMatchObject({ kind: 'canary', passed: [] })
    const paid = server.asked.length
    await server.close()

    // The next process asks for what is left, and for nothing else.
    const reopened = await openJudgementsFile(file, 'a')
    let asked = 0
    const judging = openJudging({
      recorded: reopened.lines,
      command: 'again',
      onLine: (line) => reopened.add(line),
      ask: async () => {
        asked++
        return { verdict: 'fail', critique: 'Read.', model: check.model, tries: 1, recorded: false }
      },
    })
    const polite = judge.rubric(check)
    for (const output of outputs) {
      const [question] = polite.judge?.questionsOf(subjectOf({ output })) ?? []
      await judging.verdict(question as Question, 0)
    }
    await reopened.close()
    const canaries = 5
    expect(asked).toBe(outputs.length - kept.length + canaries)
    // At most what was under way when it was killed is paid twice.
    expect(paid - canaries - kept.length).toBeLessThanOrEqual(8)
    expect((await readJudgements(file, 'a')).lines).toHaveLength(outputs.length + 1)
  })
})
