import type { Attempt } from '../../schema/attempt.ts'
import type { ToolReply } from '../../schema/call.ts'
import type { FaultDone, FaultPlace } from '../../schema/fault.ts'
import type { Whole } from '../injection.ts'

/** How a failed call looks to whoever made it: an error that is thrown in code, or a result of an MCP server. */
export type ToolShape = 'code' | 'mcp'

/**
 * One thing that goes wrong in the world. Every member is deterministic, makes what it puts in of the recorded reply
 * alone, and passes `fault.contract.ts`.
 */
export interface Fault {
  readonly name: string
  readonly description: string
  /** Where it can happen. `model` and `http` have a `try`; `tool` has `fails`, `changes` or only `takes`. */
  readonly places: readonly FaultPlace[]
  /** A number it takes behind its name: `slow 30s`. */
  readonly argument?: FaultArgument
  /** Whether the other side had done what it was asked. */
  readonly done: (argument: number) => FaultDone
  /** The right reply is given, if late. */
  readonly delivers?: true
  /** What a client gets over HTTP; `undefined` where this cannot happen to this reply. */
  readonly try?: (whole: Whole, argument: number) => Attempt | undefined
  /** The error of a tool that brings nothing: the recorded reply stays, for who asks again. */
  readonly fails?: (shape: ToolShape, argument: number) => ToolReply
  /** A tool's reply with the fault in it; `undefined` where this cannot happen to this reply. */
  readonly changes?: (reply: ToolReply) => ToolReply | undefined
  /** The time it takes (ms). */
  readonly takes?: (argument: number) => number
}

/** The number of a fault. */
export interface FaultArgument {
  /** What is meant, with an example: `seconds, such as 30s`. */
  readonly what: string
  readonly fallback: number
  /** Reads it; `undefined` where it is none. */
  readonly read: (text: string) => number | undefined
  readonly write: (argument: number) => string
  /** Whether it says all by itself: `503`. */
  readonly alone?: true
}

/** A number of seconds, `2s` or `1.5s`, or of milliseconds, `200ms`; in milliseconds, one hour at most. */
export const seconds = {
  what: 'a time, such as 30s or 200ms',
  read(text: string): number | undefined {
    const [, digits, unit] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s)$/.exec(text) ?? []
    if (digits === undefined) return undefined
    const ms = Math.round(Number(digits) * (unit === 's' ? 1000 : 1))
    return ms <= 3_600_000 ? ms : undefined
  },
  write: (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`),
} as const
