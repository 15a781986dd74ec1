import type { Json } from '../schema/json.ts'
import { answerIn } from '../schema/message.ts'
import type { SpanOf } from '../schema/trace.ts'
import { objectsIn } from './proposed-calls.ts'

/** Members of an answer, and attributes of a span, that name who answered or in which role. */
const answererKeys: ReadonlySet<string> = new Set(
  'approver approvedby reviewer reviewedby decidedby by user username userid actor person role email humanname humanrole humanid enduserid'.split(
    ' ',
  ),
)
/** Members of a question that name who is asked. */
const askedKeys: ReadonlySet<string> = new Set(
  'approver approvers assignee assignedto reviewer role to'.split(' '),
)

/** Names and roles of who answered a question, as far as the trace tells. */
export interface Answerer {
  /** Told by the answer, its message or the span. */
  readonly told: readonly string[]
  /** Who was asked: the name of the question, and what it says. */
  readonly asked: readonly string[]
}

export function whoAnswered({ request, reply, attributes = {} }: SpanOf<'human'>): Answerer {
  const answer = reply === undefined ? null : answerIn(reply.message)
  const { name } = reply?.message ?? {}
  return {
    told: [
      ...(name === undefined ? [] : [name]),
      ...namesIn(attributes, answererKeys),
      ...namesIn(answer, answererKeys),
    ],
    asked: [request.name, ...namesIn(request.question ?? null, askedKeys)],
  }
}

/**
 * Whether one of those who may say yes did. `unknown`: the trace does not tell who answered, and none of them was asked by
 * name. `Team Lead`, `team-lead` and `team_lead` are one.
 */
export function mayApprove(
  { told, asked }: Answerer,
  approvers: readonly string[],
): 'yes' | 'no' | 'unknown' {
  const may = new Set(approvers.map((one) => plainName(one)))
  const among = (names: readonly string[]) => names.some((one) => may.has(plainName(one)))
  if (told.length > 0) return among(told) ? 'yes' : 'no'
  return among(asked) ? 'yes' : 'unknown'
}

function namesIn(value: Json, keys: ReadonlySet<string>): readonly string[] {
  return objectsIn(value).flatMap((object) =>
    Object.entries(object).flatMap(([key, member]) =>
      keys.has(key.toLowerCase().replace(/[^a-z]/g, '')) ? namesOf(member) : [],
    ),
  )
}

function namesOf(value: Json): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return Array.isArray(value) ? value.flatMap((item: Json) => (typeof item === 'string' ? [item] : [])) : []
}

function plainName(name: string): string {
  return name
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/gu, ' ')
}
