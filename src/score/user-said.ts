import { isAgentsModelCall, userName } from '../schema/call.ts'
import { type Message, textOf } from '../schema/message.ts'
import type { Outcome } from '../schema/outcome.ts'
import type { Span } from '../schema/trace.ts'
import { mentionsValue, wordsOf } from './asked-people.ts'
import type { MadeCall } from './evidence.ts'
import { textsIn } from './proposed-calls.ts'
import { saidTo, type SaidTo } from './said-yes.ts'

/** What the user of a dialogue said last before a call. */
export interface UserSaid {
  readonly text: string
  readonly said: SaidTo
  /** What the agent had said to them just before; absent where the user spoke first. */
  readonly proposal?: string
}

/**
 * What the user last said before the span at `at`, and to what. Read from the spans of the dialogue; where it has none, from
 * what the model was shown. `undefined` where no turn of a user is told.
 */
export function userSaidIn({ trace: { spans, dialogue } }: Outcome): (at: number) => UserSaid | undefined {
  const opening = (dialogue?.opening ?? []).map((message) => ({ ...turnOf(message), at: -1 }))
  const spoken = spans.flatMap((span, at): readonly PlacedTurn[] => {
    const turn = turnIn(span)
    return turn === undefined ? [] : [{ ...turn, at }]
  })
  const turns = [...opening, ...spoken].filter(isSpoken)
  if (!spoken.some(({ who }) => who === 'user')) return (at) => lastSaid(shownAt(spans, at))
  return (at) => lastSaid(turns.slice(0, turns.findLastIndex((turn) => turn.at <= at) + 1))
}

interface Turn {
  readonly who: string
  readonly text: string
}

interface PlacedTurn extends Turn {
  readonly at: number
}

function userSaid({ text }: Turn, proposal: Turn | undefined): UserSaid {
  return { text, said: saidTo(text), ...(proposal === undefined ? {} : { proposal: proposal.text }) }
}

function lastSaid(turns: readonly Turn[]): UserSaid | undefined {
  const last = turns.findLastIndex(({ who }) => who === 'user')
  const turn = turns[last]
  if (turn === undefined) return undefined
  for (let nth = last - 1; nth >= 0; nth--)
    if (turns[nth]?.who === 'assistant') return userSaid(turn, turns[nth])
  return userSaid(turn, undefined)
}

function turnIn(span: Span): Turn | undefined {
  if (span.kind === 'human' && span.request.name === userName && span.reply !== undefined)
    return { who: 'user', text: textOf(span.reply.message) }
  return isAgentsModelCall(span) && span.reply !== undefined ? turnOf(span.reply.message) : undefined
}

function isSpoken({ text }: Turn): boolean {
  return text.trim() !== ''
}

function turnOf(message: Message): Turn {
  return { who: message.role, text: textOf(message) }
}

/** The dialogue as the last model before the call was shown it. */
function shownAt(spans: readonly Span[], at: number): readonly Turn[] {
  for (let nth = at; nth >= 0; nth--) {
    const span = spans[nth]
    if (span !== undefined && isAgentsModelCall(span))
      return span.request.messages.map((message) => turnOf(message)).filter(isSpoken)
  }
  return []
}

/**
 * Whether what the agent said can be the proposal of a call: it names a value of its arguments or what the tool does, or
 * asks to go on.
 */
export function proposes(said: string, { name, arguments: given }: MadeCall): boolean {
  const plain = said.toLowerCase().replaceAll('_', ' ')
  const values = textsIn(given, true).map((value) => value.toLowerCase().replaceAll('_', ' '))
  return (
    values.some((value) => value.length > (/\d/.test(value) ? 1 : 2) && mentionsValue(plain, value)) ||
    // "modification" and "exchanging" are what modify_order and exchange_item do.
    wordsOf(name).some((word) => word.length > 3 && plain.includes(word.slice(0, stemLength))) ||
    asksToGoOn.test(plain)
  )
}

const stemLength = 5

/** Asking for the go-ahead, in whatever words the thing itself was named. */
const asksToGoOn =
  /\b(?:proceed|go ahead|confirm\w*|approve|shall i|bestätig\w*|fortfahren|soll ich|continuer|confirma\w*|proseguir|prosseguir|procedere|bevestig\w*|doorgaan|bekräfta\w*|potwierdz\w*)|подтвер|продолж|onayl|确认|確認|继续|続け|よろしい|진행|확인/u
