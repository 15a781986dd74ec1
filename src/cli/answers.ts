import { createInterface, emitKeypressEvents, type Key } from 'node:readline'
import type { ReadStream } from 'node:tty'

/** What a person says: one key at a time on a terminal, a line at a time where a script or a file speaks for them. */
export interface Answers {
  readonly byKey: boolean
  /** The next key, or the next line that is not blank; `undefined` where nothing more comes. Ctrl-C and Ctrl-D are `undefined`. */
  next(): Promise<string | undefined>
  /** A line of text, after `question`; `undefined` where nothing more comes. */
  text(question: string): Promise<string | undefined>
  /** Stops listening, and leaves the terminal as it was. */
  close(): void
}

/** Listens to `stdin`; what is typed in answer to `text` is shown on `screen`. */
export function answersFrom(
  stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>,
  screen: NodeJS.WritableStream,
): Answers {
  return stdin.isTTY === true && stdin.setRawMode !== undefined
    ? keysOf(stdin as ReadStream, screen)
    : linesOf(stdin)
}

function linesOf(stdin: NodeJS.ReadableStream): Answers {
  const reader = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })
  const lines = reader[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) return undefined
      if (value.trim() !== '') return value.trim()
    }
  }
  return { byKey: false, next, text: () => next(), close: () => reader.close() }
}

function keysOf(stdin: ReadStream, screen: NodeJS.WritableStream): Answers {
  emitKeypressEvents(stdin)
  const typed: (string | undefined)[] = []
  let waiting: ((key: string | undefined) => void) | undefined
  const say = (key: string | undefined): void => {
    const now = waiting
    waiting = undefined
    if (now === undefined) typed.push(key)
    else now(key)
  }
  const onKey = (text: string | undefined, key: Key): void => {
    if (key.ctrl === true && (key.name === 'c' || key.name === 'd')) say(undefined)
    else if (key.ctrl !== true && key.meta !== true && text !== undefined && text.length === 1) say(text)
  }
  const onEnd = (): void => say(undefined)
  const listen = (): void => {
    stdin.setRawMode(true)
    stdin.on('keypress', onKey).on('end', onEnd).resume()
  }
  const stop = (): void => {
    stdin.off('keypress', onKey).off('end', onEnd).pause()
    stdin.setRawMode(false)
  }
  listen()
  return {
    byKey: true,
    next: async () => (typed.length > 0 ? typed.shift() : new Promise((resolve) => (waiting = resolve))),
    async text(question) {
      stop()
      const reader = createInterface({ input: stdin, output: screen, terminal: true })
      try {
        return await new Promise<string | undefined>((resolve) => {
          reader.once('close', () => resolve(undefined)).once('SIGINT', () => reader.close())
          reader.question(question, resolve)
        })
      } finally {
        reader.close()
        listen()
      }
    },
    close: stop,
  }
}
