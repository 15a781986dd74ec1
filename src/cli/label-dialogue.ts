import { EvalkitError } from '../schema/errors.ts'
import { oneLine } from '../lib/text.ts'
import type { Answers } from './answers.ts'

/** What the dialogue asks of: something a person looks at and passes or fails. */
export interface LabelDialogue<T> {
  readonly items: readonly T[]
  readonly answers: Answers
  readonly say: (text: string) => void
  /** An item as a person is to see it; `undefined` where it is gone. */
  readonly show: (item: T, at: number) => Promise<string | undefined>
  /** Keeps a label before the next item is shown. Gives what to say of it. */
  readonly put: (item: T, label: 'pass' | 'fail', note: string | undefined) => Promise<string>
}

const keys = '[p]ass  [f]ail  [s]kip  [n]ote  [b]ack  [q]uit > '

/**
 * Shows one item after the other until all are labelled, or the person stops. What is skipped stays unlabelled. A word nobody knows is asked
 * again at a terminal; in a script it throws `EVK_USAGE`: what follows would be said of the wrong outcomes. Gives how many labels
 * were kept.
 */
export async function labelDialogue<T>(dialogue: LabelDialogue<T>): Promise<number> {
  const { items, answers, say, show, put } = dialogue
  let at = 0
  let kept = 0
  let lines = 0
  while (at < items.length) {
    const item = items[at] as T
    const view = await show(item, at)
    if (view === undefined) {
      at++
      continue
    }
    say(view)
    let note: string | undefined
    for (;;) {
      say(keys)
      const said = await answers.next()
      lines++
      const [word = '', ...rest] = said?.split(/\s+/) ?? []
      const action = said === undefined ? 'quit' : actions.get(word.toLowerCase())
      say(answers.byKey ? `${action ?? ''}\n` : '\n')
      if (action === 'quit') return kept
      if (action === 'pass' || action === 'fail') {
        say(await put(item, action, note))
        kept++
        at++
        break
      }
      if (action === 'skip') {
        at++
        break
      }
      if (action === 'back') {
        if (at === 0) {
          say('This is the first one.\n')
          continue
        }
        at--
        break
      }
      if (action === 'note') {
        note = await noteFrom(answers, rest.join(' '))
        say(note === undefined ? 'No note.\n' : 'The note is kept with the label.\n')
        continue
      }
      if (!answers.byKey) throw unknown(said ?? '', lines)
      say('p, f, s, n, b or q.\n')
    }
  }
  return kept
}

const actions = new Map(
  (['pass', 'fail', 'skip', 'note', 'back', 'quit'] as const).flatMap((word) => [
    [word[0] ?? word, word] as const,
    [word, word] as const,
  ]),
)

/** Characters of a note. */
const longestNote = 10_000

async function noteFrom(answers: Answers, given: string): Promise<string | undefined> {
  const text = (answers.byKey ? await answers.text('note: ') : given)?.trim() ?? ''
  return text === '' ? undefined : text.slice(0, longestNote).toWellFormed()
}

function unknown(said: string, line: number): EvalkitError {
  return new EvalkitError('EVK_USAGE', `"${oneLine(said, 80)}" is no answer (line ${line} of stdin).`, {
    hint: 'A line is p, f, s, n <text>, b or q. What was labelled before it is kept.',
  })
}
