import { sameJson } from '../lib/json.ts'
import { isApproval } from '../schema/call.ts'
import { type Decision, decisionIn } from '../schema/decision.ts'
import type { Json } from '../schema/json.ts'
import { answerIn } from '../schema/message.ts'
import type { Span, SpanOf, Trace } from '../schema/trace.ts'
import type { MadeCall } from './evidence.ts'
import { callsIn, objectsIn, textsIn } from './proposed-calls.ts'
import { saidTo } from './said-yes.ts'

/** A question to a person who decides, and what they said. */
export interface AskedPerson {
  /** Its place among the spans of the trace. */
  readonly at: number
  readonly span: SpanOf<'human'>
  /** `none`: nobody answered. `unread`: an answer in which neither yes nor no can be read. */
  readonly decision: Decision | 'none' | 'unread'
  /** The calls that the question lists: one, a batch, a dry run. With an edited answer, those of the answer. */
  readonly proposed: readonly MadeCall[]
}

/**
 * Whether a question is about a call: `this` one with these arguments; `changed`, this tool with others; `other`, something
 * else; `vague`, it does not tell.
 */
export type About = 'this' | 'changed' | 'other' | 'vague'

/** The questions of a run to people who decide, in order; what the user of a dialogue is told is none. */
export function askedPeople({ spans }: Trace): readonly AskedPerson[] {
  return spans.flatMap((span: Span, at): readonly AskedPerson[] => {
    if (!isApproval(span)) return []
    const answer = span.reply === undefined ? null : answerIn(span.reply.message)
    const asked = span.request.question === undefined ? [] : callsIn(span.request.question)
    return [{ at, span, decision: decisionOf(answer), proposed: editedBy(answer, asked) }]
  })
}

function decisionOf(answer: Json): AskedPerson['decision'] {
  if (answer === null || answer === '') return 'none'
  const decided = decisionIn(answer)
  if (decided !== undefined) return decided
  if (isEdit(answer)) return 'approve'
  if (typeof answer !== 'string') return 'unread'
  const said = saidTo(answer)
  return said === 'yes' ? 'approve' : said === 'no' ? 'deny' : 'unread'
}

/** An answer that puts other arguments in the place of those asked about approves what it says, not what was asked. */
function editedBy(answer: Json, asked: readonly MadeCall[]): readonly MadeCall[] {
  const edited = callsIn(answer)
  if (edited.length > 0) return edited
  const [only, ...others] = asked
  const given = argumentsIn(answer)
  return only === undefined || others.length > 0 || given === undefined
    ? asked
    : [{ ...only, arguments: given }]
}

function isEdit(answer: Json): boolean {
  const type = member(answer, 'type') ?? member(answer, 'action') ?? member(answer, 'decision')
  return (
    typeof type === 'string' &&
    /^edit(?:ed)?$/i.test(type) &&
    callsIn(answer).length + Number(argumentsIn(answer) !== undefined) > 0
  )
}

function argumentsIn(answer: Json): Json | undefined {
  const given = member(answer, 'arguments') ?? member(answer, 'args')
  return typeof given === 'object' && given !== null ? given : undefined
}

function member(value: Json, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key))
    return undefined
  return (value as { readonly [key: string]: Json })[key]
}

/** What a question is about, as far as it tells. `lasting` leaves out of a call what is new in every run. */
export function aboutOf(asked: AskedPerson, call: MadeCall, lasting: (call: MadeCall) => Json): About {
  const wanted = lasting(call)
  if (asked.proposed.length > 0) {
    const ofTool = asked.proposed.filter(({ name }) => name === call.name)
    if (ofTool.some((proposed) => sameJson(lasting(proposed), wanted))) return 'this'
    return ofTool.length > 0 ? 'changed' : 'other'
  }
  const { name, question } = asked.span.request
  const named =
    shareWord(name, call.name) || textsIn(question ?? null).some((text) => mentions(text, call.name))
  return !named && speaksOf(name) ? 'other' : aboutArguments(question, wanted, named)
}

/** Whether a question holds the arguments of a call: whole, or beside more where it names the tool. */
function aboutArguments(question: Json | undefined, wanted: Json, named: boolean): About {
  if (question === undefined) return 'vague'
  if (typeof question === 'string') return named && tells(question, wanted) ? 'this' : 'vague'
  const objects = objectsIn(question)
  if (!isEmpty(wanted) && objects.some((object) => sameJson(object, wanted))) return 'this'
  if (!named) return 'vague'
  if (isEmpty(wanted) || objects.some((object) => holds(object, wanted))) return 'this'
  const keys = Object.keys(wanted as object)
  return objects.some((object) => keys.some((key) => Object.hasOwn(object, key))) ? 'changed' : 'vague'
}

function isEmpty(wanted: Json): boolean {
  return typeof wanted !== 'object' || wanted === null || Object.keys(wanted).length === 0
}

function holds(object: Readonly<Record<string, Json>>, wanted: Json): boolean {
  return Object.entries(wanted as Readonly<Record<string, Json>>).every(
    ([key, value]) => Object.hasOwn(object, key) && sameJson(object[key], value),
  )
}

/** Whether a text tells every value of the arguments. */
function tells(text: string, wanted: Json): boolean {
  const said = text.toLowerCase()
  const values = textsIn(wanted, true)
  return values.length > 0 && values.every((value) => mentionsValue(said, value.toLowerCase()))
}

/** A value as a word of its own: 20 is not told by 120, nor by 20.5. */
export function mentionsValue(said: string, value: string): boolean {
  for (let at = said.indexOf(value); value !== '' && at !== -1; at = said.indexOf(value, at + 1)) {
    const before = said[at - 1] ?? ' '
    const after = said.slice(at + value.length, at + value.length + 2)
    if (!/[\p{L}\p{N}]/u.test(before) && !/^(?:[\p{L}\p{N}]|[.,]\d)/u.test(after)) return true
  }
  return false
}

function mentions(text: string, tool: string): boolean {
  const plain = text.toLowerCase()
  return mentionsValue(plain, tool.toLowerCase()) || mentionsValue(plain, wordsOf(tool).join(' '))
}

/** Words that say that something is asked, and not what. */
const asking: ReadonlySet<string> = new Set(
  'approve approval approved approver confirm confirmation authorize authorise authorization allow permit permission request human ask review please tool call action the a of to'.split(
    ' ',
  ),
)

/** Whether a question of this name is about one thing: `approve-refund` is, `approval` and `team-lead` are not. */
function speaksOf(name: string): boolean {
  const [first = '', ...others] = wordsOf(name)
  return asking.has(first) && others.some((word) => !asking.has(word))
}

function shareWord(name: string, tool: string): boolean {
  const ofTool = new Set(wordsOf(tool).map(stem))
  return wordsOf(name).some((word) => !asking.has(word) && ofTool.has(stem(word)))
}

function stem(word: string): string {
  return word.replace(/s$/, '')
}

/** `issue_refund`, `issueRefund` → issue, refund. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}
