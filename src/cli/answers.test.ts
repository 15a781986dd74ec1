import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { answersFrom } from './answers.ts'

/** A terminal by hand. */
const terminal = () => {
  const raw: boolean[] = []
  const stream = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) })
  return {
    stream: stream as unknown as NodeJS.ReadableStream & { isTTY: true },
    raw,
    type: (text: string) => stream.write(text),
  }
}

describe('answers', () => {
  it('are lines where there is no terminal, blank ones left out, and end with the input', async () => {
    const stdin = new PassThrough()
    const answers = answersFrom(stdin, new PassThrough())
    stdin.end('p\n\n  n the amount is wrong \r\nq')
    expect(answers.byKey).toBe(false)
    expect(await answers.next()).toBe('p')
    expect(await answers.next()).toBe('n the amount is wrong')
    expect(await answers.next()).toBe('q')
    expect(await answers.next()).toBeUndefined()
    answers.close()
  })

  it('are keys on a terminal, also those typed ahead; an arrow is none', async () => {
    const { stream, raw, type } = terminal()
    const answers = answersFrom(stream, new PassThrough())
    expect(answers.byKey).toBe(true)
    const first = answers.next()
    type('p')
    expect(await first).toBe('p')
    type('\u001b[A')
    type('f')
    type('s')
    expect([await answers.next(), await answers.next()]).toEqual(['f', 's'])
    answers.close()
    expect(raw).toEqual([true, false])
  })

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('end with %s', async (_, key) => {
    const { stream, type } = terminal()
    const answers = answersFrom(stream, new PassThrough())
    type(key)
    expect(await answers.next()).toBeUndefined()
    answers.close()
  })

  it('take a line of text in between, and go on with keys', async () => {
    const { stream, type } = terminal()
    const answers = answersFrom(stream, new PassThrough())
    const note = answers.text('note: ')
    type('too long\r')
    expect(await note).toBe('too long')
    const key = answers.next()
    type('f')
    expect(await key).toBe('f')
    answers.close()
  })
})
