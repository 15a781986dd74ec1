import * as fc from 'fast-check'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CanaryLine, Judgement, JudgementLine } from '../schema/judgement.ts'
import { judgementsText, openJudgementsFile, prunedJudgements, readJudgements } from './judgements-file.ts'

const fingerprint = 'f'.repeat(16)
const criterion = 'c'.repeat(16)

const verdict = (more: Partial<Judgement> = {}): Judgement => ({
  v: 1,
  kind: 'verdict',
  judge: 'polite',
  fingerprint,
  criterion,
  case: 'refund-1',
  subject: '0'.repeat(16),
  trial: 0,
  sample: 0,
  verdict: 'pass',
  critique: 'It says please.',
  model: 'claude-sonnet-4-5-20250929',
  tries: 1,
  ...more,
})
const canary = (passed: readonly string[] = [], asked = ['empty', 'full stop']): CanaryLine => ({
  v: 1,
  kind: 'canary',
  judge: 'polite',
  fingerprint,
  criterion,
  asked,
  passed,
})

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'judgements-')), 'evals', 'a.judgements.jsonl')
const written = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'judgements-')), 'a.judgements.jsonl')
  writeFileSync(path, text)
  return path
}
const read = async (path: string) => readJudgements(path, 'evals/a.judgements.jsonl')

describe('a file of judgements', () => {
  it('that is not there is empty, and stays so', async () => {
    const path = fresh()
    const file = await openJudgementsFile(path, 'a')
    expect(file.lines).toEqual([])
    await file.close()
    expect(existsSync(path)).toBe(false)
  })

  it('has what is added at once, and in order in the end', async () => {
    const path = fresh()
    const file = await openJudgementsFile(path, 'a')
    file.add(verdict({ case: 'b' }))
    file.add(verdict({ case: 'a', trial: 1 }))
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3)
    file.add(canary())
    file.add(verdict({ case: 'a' }))
    await file.close()
    const { lines, isTorn } = await read(path)
    expect(isTorn).toBe(false)
    expect(lines).toEqual([
      canary(),
      verdict({ case: 'a' }),
      verdict({ case: 'a', trial: 1 }),
      verdict({ case: 'b' }),
    ])
    expect(readFileSync(path, 'utf8')).toBe(judgementsText(lines))
  })

  it('keeps what others add meanwhile', async () => {
    const path = written(judgementsText([verdict()]))
    const file = await openJudgementsFile(path, 'a')
    appendFileSync(path, judgementsText([verdict({ case: 'theirs' })]))
    file.add(verdict({ case: 'ours' }))
    await file.close()
    expect((await read(path)).lines).toHaveLength(3)
  })

  it('gives the same bytes for the same lines, in whatever order they came', async () => {
    const hex = fc.constantFrom('0'.repeat(16), 'a'.repeat(16))
    const line: fc.Arbitrary<JudgementLine> = fc.oneof(
      fc
        .record({
          case: fc.constantFrom('a', 'b'),
          trial: fc.nat(2),
          sample: fc.nat(2),
          criterion: hex,
          fingerprint: hex,
          critique: fc.string({ unit: 'binary' }),
        })
        .map(verdict),
      fc.record({ fingerprint: hex, criterion: hex }).map((of) => ({ ...canary(), ...of })),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        async (lines, chance) => {
          const once = (await read(written(judgementsText(lines)))).lines
          const shuffled = lines.toSorted(() => ((chance.next().value as number) % 3) - 1)
          const other = (await read(written(judgementsText(shuffled)))).lines
          // Of verdicts that say the same, the first critique stays, and which is first is chance.
          const bare = (of: readonly JudgementLine[]) =>
            judgementsText(of.map((one) => ({ ...one, critique: '' }) as Judgement))
          expect(bare(other)).toBe(bare(once))
          expect((await read(written(judgementsText(once)))).lines).toEqual(once)
          expect(judgementsText(once.toReversed())).toBe(judgementsText(once))
        },
      ),
      { seed: 42, numRuns: 30 },
    )
  })

  it('is text that steers nothing', () => {
    const text = judgementsText([verdict({ critique: '\u001b[2K\u202e##[error]\u2028' })])
    expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\u2028|##\[/u)
    expect((JSON.parse(text) as Judgement).critique).toBe('\u001b[2K\u202e##[error]\u2028')
  })

  it('may end in half a line, which is left out, and written over', async () => {
    const whole = judgementsText([verdict()])
    for (const half of ['{"v": 1, "kind": "ver', '{', Buffer.from('{"critique": "é').subarray(0, -1)]) {
      const path = written(whole)
      appendFileSync(path, half)
      const file = await openJudgementsFile(path, 'a')
      expect(file).toMatchObject({ isTorn: true, lines: [verdict()] })
      file.add(verdict({ case: 'z' }))
      await file.close()
      expect((await read(path)).lines).toEqual([verdict(), verdict({ case: 'z' })])
    }
  })

  it('may lack its last newline', async () => {
    const path = written(judgementsText([verdict()]).trimEnd())
    const file = await openJudgementsFile(path, 'a')
    expect(file.lines).toEqual([verdict()])
    file.add(verdict({ case: 'z' }))
    expect((await read(path)).lines).toHaveLength(2)
  })

  it.each([
    ['half a line in the middle', `{"v": 1\n${judgementsText([verdict()])}`, 'EVK_JSON_SYNTAX', 1],
    ['half a line that was ended', `${judgementsText([verdict()])}{"v": 1\n`, 'EVK_JSON_SYNTAX', 2],
    ['a line of another kind', `${judgementsText([verdict()])}{"v":1,"kind":"other"}\n`, 'EVK_SCHEMA', 2],
    [
      'a verdict of another word',
      judgementsText([{ ...verdict(), verdict: 'great' } as never]),
      'EVK_SCHEMA',
      1,
    ],
    ['a key that reaches the prototype', '{"__proto__":{}}\n', 'EVK_JSON_FORBIDDEN_KEY', 1],
    [
      'a critique without an end',
      judgementsText([verdict({ critique: 'x'.repeat(20_001) })]),
      'EVK_SCHEMA',
      1,
    ],
    ['no text', 'a\u0000b\n', 'EVK_FILE_BINARY', 1],
    [
      'two verdicts on the same',
      judgementsText([verdict()]) + judgementsText([verdict({ verdict: 'fail' })]),
      'EVK_JUDGEMENTS_CONFLICT',
      2,
    ],
  ])('is refused with its line where it holds %s', async (_, text, code, line) => {
    await expect(read(written(text))).rejects.toMatchObject({
      code,
      at: { file: 'evals/a.judgements.jsonl', line },
    })
  })

  it('remembers what a judge ever let pass', async () => {
    const path = written(
      judgementsText([canary(['empty'])]) + judgementsText([canary([], ['opening words'])]),
    )
    expect((await read(path)).lines).toEqual([canary(['empty'], ['empty', 'full stop', 'opening words'])])
  })

  it('can be rid of judges that are used no more', () => {
    const old = verdict({ fingerprint: 'e'.repeat(16) })
    expect(prunedJudgements([canary(), verdict(), old], (of) => of.fingerprint === fingerprint)).toEqual([
      canary(),
      verdict(),
    ])
  })
})
