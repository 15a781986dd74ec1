import * as z from 'zod'
import { contentHash } from '../lib/hash.ts'
import { type DeepReadonly, json } from './json.ts'
import { message } from './message.ts'

export const caseVersion = 1

/** Names that become file names and identities: no path, no control characters, no surprise. */
export const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, 'use lower-case letters, digits, ".", "_" and "-" (128 at most)')

/** A call a right answer makes. */
export const referenceCall = z.strictObject({ name: z.string().min(1), arguments: json })
export type ReferenceCall = DeepReadonly<z.infer<typeof referenceCall>>

/**
 * A call a right answer makes, with every value that is right: for each parameter a list of those accepted. `""` in a
 * list means that the parameter may be left out (the form of BFCL's `possible_answer`).
 */
export const acceptedCall = z.strictObject({
  name: z.string().min(1),
  arguments: z.record(z.string(), z.array(json).min(1)),
})
export type AcceptedCall = DeepReadonly<z.infer<typeof acceptedCall>>

/** What a right answer must show, beside `expected`. */
export const reference = z.strictObject({
  toolCalls: z.array(referenceCall).optional(),
  /** The calls a right answer makes, in any order, and no others; an empty list: it makes none. */
  functionCalls: z.array(acceptedCall).optional(),
  /** Texts that must occur in what the agent says. */
  contains: z.array(z.string()).optional(),
  /** The state of the world at the end, any JSON: what `stateEquals` compares with. */
  state: json.optional(),
})
export type Reference = DeepReadonly<z.infer<typeof reference>>

/** What a case says of a simulated user: it comes before what the eval says of it. */
export const caseUser = z.strictObject({
  persona: z.string().min(1).optional(),
  /** What the user wants. Default: the eval's, else the input. */
  goal: z.string().min(1).optional(),
  /** What the user opens with, word for word. */
  opening: z.string().min(1).optional(),
})
export type CaseUser = DeepReadonly<z.infer<typeof caseUser>>

export const category = z.enum(['happy', 'edge', 'adversarial', 'past-failure', 'production'])

/** A day or a moment: ISO 8601, in UTC where it has a time. */
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'use a date such as 2026-11-28, or a time such as 2026-11-28T09:30:00Z',
})

/** Where a case comes from. None of it makes it another case. */
export const caseSource = z.strictObject({
  /** Ids of traces, in the order they were promoted. */
  traces: z.array(z.string()).default([]),
  /** When the first of them ran, where it told. */
  recordedAt: moment.optional(),
  /** The foreign dataset it was read from: `promptfoo: tests.yaml`. */
  importedFrom: z.string().min(1).optional(),
  /** When somebody added it. */
  addedAt: moment.optional(),
})
export type CaseSource = DeepReadonly<z.infer<typeof caseSource>>

/**
 * Ground truth for one situation: an `input` (any JSON) or `messages`, what a right answer must show, and where
 * it comes from. One line of `datasets/<name>.jsonl`.
 */
export const evalCase = z
  .strictObject({
    v: z.literal(caseVersion).default(caseVersion),
    id: slug,
    input: json.optional(),
    messages: z.array(message).optional(),
    /** The right output, any JSON. Plain check functions receive it as `expected`. */
    expected: json.optional(),
    reference: reference.optional(),
    /** Who the simulated user is, and what they want, in this case. */
    user: caseUser.optional(),
    category: category.optional(),
    tags: z.array(z.string()).default([]),
    /** Cases that break together (made from one template, user or trace) share a cluster: the gate's unit. */
    cluster: z.string().optional(),
    source: caseSource.optional(),
    /** For people: why the case is there, what a judge should look at. No check reads it. */
    note: z.string().optional(),
  })
  .refine((it) => it.input !== undefined || it.messages !== undefined, {
    error: 'a case needs an "input" or "messages"',
  })
/** The members a case may have. */
export const caseKeys: readonly string[] = Object.keys(evalCase.shape)

export type Case = DeepReadonly<z.infer<typeof evalCase>>
/** A case as a person writes it in an eval file: the id may be left out. */
export type CaseInput = DeepReadonly<z.input<typeof evalCase>>

/**
 * Identity of what a case asks and what a right answer shows: 16 hex digits. Tags, category and provenance may
 * change without making it another case.
 */
export function caseHash({ input, messages, expected, reference, user }: Case): string {
  return contentHash({ input, messages, expected, reference, user })
}
