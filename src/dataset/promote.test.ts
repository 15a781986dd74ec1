import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Case, caseHash, evalCase } from '../schema/case.ts'
import { fixture as fixtureSchema } from '../schema/fixture.ts'
import { textMessage } from '../schema/message.ts'
import { recordFrom } from '../schema/read.ts'
import { unpackRecording, recordingOf } from '../schema/recording.ts'
import type { Trace } from '../schema/trace.ts'
import { readFixture, writeFixture } from './fixture-file.ts'
import { openDataset } from './load.ts'
import { caseIdOf, caseOf, promote } from './promote.ts'
import { deskTrace } from './testing/desk.ts'
import { all, failureOf, folderWith } from './testing/folder.ts'
import { writeCases } from './write.ts'

describe('promote', () => {
  it('makes a case and its fixture of a trace', () => {
    const { case: made, fixture, change } = promote(deskTrace(), 'desk', {})
    expect(change).toBe('created')
    expect(made).toEqual({
      v: 1,
      id: 'find-momo',
      input: 'You look for the book Momo.',
      reference: { toolCalls: [{ name: 'find_book', arguments: { title: 'Momo' } }] },
      tags: ['books'],
      source: { traces: ['t_desk_0'] },
    })
    expect(fixture.recordings.map(unpackRecording)).toEqual([recordingOf(deskTrace())])
    expect([fixture.dataset, fixture.case]).toEqual(['desk', 'find-momo'])
  })

  it('does not make what was recorded the truth', () => {
    expect(promote(deskTrace(), 'desk', {}).case.expected).toBeUndefined()
  })

  it('appends another trace of the case as the next trial, whatever it was called before', () => {
    const first = promote(deskTrace({ trial: 3 }), 'desk', {})
    const second = promote(deskTrace({ trial: 1 }), 'desk', first)
    expect(second.change).toBe('appended')
    expect(second.fixture.recordings.map(({ trace, trial }) => [trace, trial])).toEqual([
      ['t_desk_3', 0],
      ['t_desk_1', 1],
    ])
    expect(second.case.source).toEqual({ traces: ['t_desk_3', 't_desk_1'] })
    expect(caseHash(second.case)).toBe(caseHash(first.case))
  })

  it('changes nothing for a trace it has', () => {
    const first = promote(deskTrace(), 'desk', {})
    expect(promote(deskTrace(), 'desk', first)).toEqual({ ...first, change: 'unchanged' })
  })

  it('keeps what a person made of the case', () => {
    const first = promote(deskTrace(), 'desk', {})
    const edited: Case = { ...first.case, input: 'Shorter.', expected: 'shelf', category: 'edge', tags: [] }
    const second = promote(deskTrace({ trial: 1 }), 'desk', { ...first, case: edited })
    expect(second.case).toEqual({ ...edited, source: { traces: ['t_desk_0', 't_desk_1'] } })
  })

  it('goes on where it was killed between fixture and case', () => {
    const { fixture } = promote(deskTrace({ trial: 1 }), 'desk', promote(deskTrace(), 'desk', {}))
    const again = promote(deskTrace(), 'desk', { fixture })
    expect(again.change).toBe('created')
    expect(again.fixture).toEqual(fixture)
    expect(again.case.source).toEqual({ traces: ['t_desk_0', 't_desk_1'] })
  })

  it('records a case that was written by hand', () => {
    const written: Case = { v: 1, id: 'momo-by-hand', input: 'Momo?', tags: [] }
    const { case: promoted, fixture, change } = promote(deskTrace(), 'desk', { case: written })
    expect(change).toBe('appended')
    expect(promoted).toEqual({ ...written, source: { traces: ['t_desk_0'] } })
    expect(fixture.case).toBe('momo-by-hand')
  })

  it('leaves out calls nobody answered, and refuses a trace that has no other', async () => {
    const { spans } = deskTrace()
    const unanswered = spans.map((span) => ({ ...span, reply: undefined })) as Trace['spans']
    const error = await failureOf(() => promote(deskTrace({ spans: unanswered }), 'desk', {}))
    expect(error.code).toBe('EVK_TRACE_UNREPLAYABLE')
    expect((await failureOf(() => promote(deskTrace({ spans: [] }), 'desk', {}))).code).toBe(
      'EVK_TRACE_UNREPLAYABLE',
    )
  })

  it('takes a name for a trace that names no task, and refuses it without', async () => {
    const { task: _, ...taskless } = deskTrace()
    expect(promote(taskless, 'desk', {}, 'by-name').case.id).toBe('by-name')
    const error = await failureOf(() => promote(taskless, 'desk', {}))
    expect(error.code).toBe('EVK_TRACE_TASKLESS')
    expect(error.message).toContain('t_desk_0')
  })

  it('makes one case of runs that were asked the same', () => {
    const { task: _, ...taskless } = deskTrace({ input: { ticket: 'Where is W12?' } })
    const first = promote(taskless, 'desk', {})
    const again = promote({ ...taskless, id: 't_desk_1' }, 'desk', first)
    const other = promote({ ...taskless, input: { ticket: 'Where is W13?' } }, 'desk', {})
    expect(first.case.id).toMatch(/^[a-z0-9-]+-[0-9a-f]{8}$/)
    expect(first.case.input).toEqual({ ticket: 'Where is W12?' })
    expect([again.case.id, again.change]).toEqual([first.case.id, 'appended'])
    expect(other.case.id).not.toBe(first.case.id)
  })
})

describe('caseOf', () => {
  it('keeps the category of the task where it is one of ours', () => {
    const categoryOf = (category: string) => caseOf(deskTrace({ task: { id: 't', category } }), 't').category
    expect(categoryOf('adversarial')).toBe('adversarial')
    expect(categoryOf('airline')).toBeUndefined()
  })

  const { task: _, ...bare } = deskTrace()
  const without = (...kinds: string[]): Trace => ({
    ...bare,
    spans: bare.spans.filter(({ kind }) => !kinds.includes(kind)),
  })
  it.each<[string, Trace, Partial<Case>]>([
    ['the task’s instruction', deskTrace({ input: 'hm' }), { input: 'You look for the book Momo.' }],
    ['the run’s input', { ...bare, input: { title: 'Momo' } }, { input: { title: 'Momo' } }],
    ['what the user opened with', bare, { input: 'Is "Momo" on the shelf?' }],
    [
      'what the model was asked',
      without('human'),
      { messages: [textMessage('user', 'Is "Momo" on the shelf?')] },
    ],
    ['nothing that is known', without('human', 'llm'), { input: null }],
  ])('asks with %s', (_name, trace, asked) => {
    const { input, messages } = recordFrom(evalCase, caseOf(trace, 'x'), {})
    expect({
      ...(input === undefined ? {} : { input }),
      ...(messages === undefined ? {} : { messages }),
    }).toEqual(asked)
  })

  it('does not repeat what the agent opens with by itself', () => {
    const hello = textMessage('assistant', 'Hello, the desk speaking.')
    const spans = without('human').spans.map((span) =>
      span.kind === 'llm'
        ? { ...span, request: { ...span.request, messages: [hello, ...span.request.messages] } }
        : span,
    )
    const dialogue = { opening: [hello], stopTexts: [], stopTools: [], user: true }
    expect(caseOf({ ...bare, spans, dialogue }, 'x').messages).toEqual([
      textMessage('user', 'Is "Momo" on the shelf?'),
    ])
  })
})

describe('caseIdOf', () => {
  it.each([
    ['7', 'task-007'],
    ['0042', 'task-0042'],
    ['12345', '12345'],
    ['find-momo', 'find-momo'],
    ['Find Momo', 'find-momo'],
  ])('%j is %s', (id, expected) => expect(caseIdOf(deskTrace({ task: { id } }))).toBe(expected))

  it.each(['../../etc/passwd', '', '\u001b[31m', 'Ünï cödé/№ 7', '..', 'a\nb', '💥', 'x'.repeat(500)])(
    'makes a name that leads nowhere of %j',
    (id) => {
      const made = caseIdOf(deskTrace({ task: { id } }))
      expect(evalCase.safeParse({ id: made, input: 1 }).success).toBe(true)
      expect(made).not.toMatch(/[/\\]|^\./)
    },
  )

  it('does not give two tasks one name by accident', () => {
    const ids = ['a/b', 'a\\b', 'a b!', 'a-b'].map((id) => caseIdOf(deskTrace({ task: { id } })))
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('what promote makes, on disk', () => {
  const hostile = 'a\u001b]0;owned\u0007\r\n::error::x\u2028\u202e"}\n{"id":"evil","input":1}\0'

  it('is valid, reads back as it was made, and breaks no line, however hostile the trace', async () => {
    const folder = folderWith()
    const { spans } = deskTrace()
    const trace = deskTrace({
      output: hostile,
      tags: [hostile],
      task: { id: hostile, instruction: hostile, reference: { contains: [hostile] } },
      spans: spans.map((span) =>
        span.kind === 'tool'
          ? { ...span, reply: { response: { [hostile]: hostile, $blob: hostile }, isError: false } }
          : span,
      ),
    })
    const { case: made, fixture } = promote(trace, 'desk', {})
    writeFixture(folder, fixture)
    await writeCases(join(folder, 'desk.jsonl'), new Map([[made.id, made]]))
    const dataset = await openDataset(join(folder, 'desk.jsonl'), 'desk', 'desk.jsonl')
    expect(await all(dataset.cases())).toEqual([recordFrom(evalCase, made, {})])
    expect(readFixture(folder, 'desk', made.id).fixture).toEqual(recordFrom(fixtureSchema, fixture, {}))
    const text = readFileSync(join(folder, 'desk.jsonl'), 'utf8')
    expect(text.split('\n')).toHaveLength(2)
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}|\u2028/u)
  })

  it('promoting twice leaves every byte as it is', async () => {
    const folder = folderWith()
    const write = async () => {
      const path = join(folder, 'desk.jsonl')
      const known = existsSync(path) ? await all((await openDataset(path, 'desk', path)).cases()) : []
      const cases = new Map(known.map((one) => [one.id, one]))
      for (const trial of [0, 1]) {
        const existing = {
          case: cases.get('find-momo'),
          fixture: cases.size === 0 ? undefined : readFixture(folder, 'desk', 'find-momo').fixture,
        }
        const { case: made, fixture } = promote(deskTrace({ trial }), 'desk', existing)
        writeFixture(folder, fixture)
        cases.set(made.id, made)
      }
      await writeCases(path, cases)
      return [path, join(folder, 'desk/find-momo.json')].map((file) => readFileSync(file, 'utf8'))
    }
    const first = await write()
    expect(await write()).toEqual(first)
  })
})
