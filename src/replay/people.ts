import { canonicalJson } from '../lib/json.ts'
import { nearestWord } from '../lib/nearest.ts'
import { oneLine } from '../lib/text.ts'
import { type CallKind, type CallOf, isApproval, userName } from '../schema/call.ts'
import { decided, type Decision, shapeless } from '../schema/decision.ts'
import { EvalkitError } from '../schema/errors.ts'
import type { Json } from '../schema/json.ts'
import { answerIn, type Message } from '../schema/message.ts'
import type { PersonSaid } from '../schema/person-said.ts'
import { jsonFrom } from '../schema/read.ts'
import type { Recording } from '../schema/recording.ts'
import type { Asked, Injection, Injector } from './injection.ts'
import { worldHere } from './world/world.ts'

/** One `--human`: what a person says instead of what they said. */
export interface PersonRule {
  /** As it is written. */
  readonly text: string
  /** Whom it is about. Left out: everybody. */
  readonly name?: string
  readonly action: Decision | 'edit' | 'timeout'
  /** Which of their questions, from 1; of everybody's, where no name is said. Left out: all. */
  readonly nth?: number
  /** What they say: of an `edit`. */
  readonly answer?: Json
}

export interface People {
  readonly inject: Injector
  /** What was said otherwise, in the order of the questions. */
  said(): readonly PersonSaid[]
  /** Rules that came to nothing, because nobody was asked so often. */
  unused(): readonly PersonRule[]
}

/** How long an agent may wait for somebody who never answers, before it is told so: 24 days, near the longest timer. */
const patienceMs = 24 * 24 * 3_600_000

const written =
  /^(?:(?<name>[^]+):\s+)?(?<action>approve|deny|edit|timeout)(?:@(?<nth>[1-9]\d{0,5}))?(?:=(?<answer>[^]*))?$/

/**
 * Reads `deny`, `approve@2`, `edit@1={"amount":10}`, `timeout@1`, each with a name before it where one person is meant:
 * `approve-refund: deny`. Throws `EVK_HUMAN_INVALID`.
 */
export function readPersonRule(text: string): PersonRule {
  const found = written.exec(text.trim())?.groups
  const action = found?.['action'] as PersonRule['action'] | undefined
  if (found === undefined || action === undefined)
    throw invalid(`"${oneLine(text, 80)}" is nothing a person can do.`, [
      'they approve, deny, edit or timeout',
    ])
  const { name, nth, answer } = found
  if ((action === 'edit') !== (answer !== undefined)) {
    throw invalid(
      action === 'edit'
        ? `What do they say? "${oneLine(text, 80)}"`
        : `Only edit takes an answer: "${oneLine(text, 80)}".`,
      [`${action === 'edit' ? text.trim() : 'edit@1'}={"approved":false}`],
    )
  }
  return {
    text: text.trim(),
    action,
    ...(name === undefined ? {} : { name }),
    ...(nth === undefined ? {} : { nth: Number(nth) }),
    ...(answer === undefined ? {} : { answer: answerFrom(answer) }),
  }
}

function answerFrom(text: string): Json {
  try {
    return jsonFrom(text, {}) as Json
  } catch (cause) {
    if (!EvalkitError.is(cause) || cause.code !== 'EVK_JSON_SYNTAX') throw cause
    throw invalid(`The answer ${oneLine(text, 80)} is no JSON.`, [
      `a text is written with its quotes: ${oneLine(JSON.stringify(text), 80)}`,
    ])
  }
}

/**
 * Other answers of the people an agent asks, the user of a dialogue excepted. They are given to the recorded questions
 * only, in the form the recorded answer has: a question that is another one is a miss, as without. Of several rules the
 * one that says most (which question, whose) holds. Throws `EVK_HUMAN_INVALID` where a rule fits nobody, and
 * `EVK_HUMAN_SHAPE` where a recorded answer does not show how yes and no are said.
 */
export function peopleOf(rules: readonly PersonRule[], recording: Recording): People {
  const approvals = recording.calls.filter(isApproval)
  const others = (name: string): readonly Json[] =>
    approvals.filter(({ request }) => request.name === name).map(({ reply }) => answerIn(reply.message))
  for (const rule of rules) assertFits(rule, approvals, others)
  const log: PersonSaid[] = []
  const used = new Set<PersonRule>()
  const times = new Map<string, number>()
  let asked = 0

  function answerOf(rule: PersonRule, call: CallOf<'human'>): Json {
    const { action, answer = null } = rule
    if (action === 'edit') return answer
    return action === 'timeout' ? null : shaped(rule, action, call, others)
  }

  function injection(
    rule: PersonRule,
    { step, request }: Asked<'human'>,
    isRecorded: boolean,
  ): Injection<'human'> {
    const { action, text, answer = null } = rule
    const { name } = request
    const note = (said: Pick<PersonSaid, 'now' | 'was'>): void => {
      used.add(rule)
      log.push({ rule: text, step, name, ...said })
    }
    // A question that nobody was asked takes an answer that is said in full, and no other.
    if (!isRecorded) {
      note({ now: answer })
      return { what: text, reply: { message: messageOf(answer) } }
    }
    return {
      what: text,
      reply(recorded) {
        const was = answerIn(recorded.reply.message)
        const now = answerOf(rule, recorded)
        note(action === 'timeout' ? { was } : { was, now })
        return action === 'timeout' ? recorded.reply : { message: messageOf(now, recorded.reply.message) }
      },
      ...(action === 'timeout' ? { first: () => nobody(name) } : {}),
    }
  }

  return {
    inject<K extends CallKind>(one: Asked<K>): Injection<K> | undefined {
      if (one.kind !== 'human') return undefined
      const question = one as unknown as Asked<'human'>
      const { name } = question.request
      if (name === userName) return undefined
      asked++
      const nth = (times.get(name) ?? 0) + 1
      times.set(name, nth)
      const rule = strongest(rules.filter((each) => fits(each, name, each.name === undefined ? asked : nth)))
      if (rule === undefined) return undefined
      const isRecorded = nth <= others(name).length
      if (!isRecorded && rule.action !== 'edit') return undefined
      return injection(rule, question, isRecorded) as unknown as Injection<K>
    },
    said: () => [...log],
    unused: () => rules.filter((rule) => !used.has(rule)),
  }
}

function fits(rule: PersonRule, name: string, nth: number): boolean {
  return (rule.name === undefined || rule.name === name) && (rule.nth === undefined || rule.nth === nth)
}

function strongest(rules: readonly PersonRule[]): PersonRule | undefined {
  const strength = ({ name, nth }: PersonRule): number =>
    (nth === undefined ? 0 : 2) + (name === undefined ? 0 : 1)
  return rules.toSorted((a, b) => strength(a) - strength(b)).at(-1)
}

/** A rule that cannot be meant is told before anything runs, and so is an answer that cannot be made up. */
function assertFits(
  rule: PersonRule,
  approvals: readonly CallOf<'human'>[],
  others: (name: string) => readonly Json[],
): void {
  const times = new Map<string, number>()
  const fitting = approvals.filter(({ request: { name } }, index) => {
    const nth = (times.get(name) ?? 0) + 1
    times.set(name, nth)
    return fits(rule, name, rule.name === undefined ? index + 1 : nth)
  })
  const { action } = rule
  if (action === 'edit') return
  if (fitting.length === 0) throw nobodyFits(rule, approvals)
  if (action !== 'timeout') for (const call of fitting) shaped(rule, action, call, others)
}

function shaped(
  rule: PersonRule,
  action: Decision,
  call: CallOf<'human'>,
  others: (name: string) => readonly Json[],
): Json {
  const { name } = call.request
  const recorded = answerIn(call.reply.message)
  const answer = decided(recorded, action, others(name))
  if (answer !== undefined) return answer
  const { why, examples } = shapeless(recorded, action)
  const place = rule.nth === undefined ? 'edit' : `edit@${rule.nth}`
  const as = rule.name === undefined ? place : `${rule.name}: ${place}`
  throw new EvalkitError('EVK_HUMAN_SHAPE', `"${oneLine(rule.text, 80)}": ${why} (${oneLine(name, 80)}).`, {
    hint: `Say what the person answers: --human '${examples.map((one) => `${as}=${oneLine(canonicalJson(one), 200)}`).join("' or --human '")}'`,
  })
}

function nobodyFits({ text, name }: PersonRule, approvals: readonly CallOf<'human'>[]): EvalkitError {
  const names = approvals.map(({ request }) => request.name)
  if (names.length === 0)
    return invalid(`"${oneLine(text, 80)}": the recording asks nobody to decide anything.`)
  const near = name === undefined || names.includes(name) ? undefined : nearestWord(name, names)
  return invalid(`"${oneLine(text, 80)}" is about a question that is not in the recording.`, [
    ...(near === undefined ? [] : [`nearest: ${oneLine(near, 80)}`]),
    ...names.slice(0, 20).map((each, index) => oneLine(`question ${index + 1}: ${each}`, 120)),
  ])
}

function messageOf(answer: Json, like: Message = { role: 'user', parts: [] }): Message {
  const part =
    typeof answer === 'string'
      ? ({ type: 'text', content: answer } as const)
      : ({ type: 'opaque', value: answer } as const)
  return { ...like, parts: [part] }
}

/**
 * Never answers. An agent that has patience of its own loses it first, in virtual time; one that has none, or lives in real
 * time, is told by an error.
 */
async function nobody(name: string): Promise<void> {
  if (worldHere()?.clock !== undefined) await new Promise((resolve) => setTimeout(resolve, patienceMs))
  const error = new Error(`nobody answered "${name}" in time`)
  error.name = 'TimeoutError'
  throw error
}

function invalid(what: string, details: readonly string[] = []): EvalkitError {
  return new EvalkitError('EVK_HUMAN_INVALID', what, { details })
}
