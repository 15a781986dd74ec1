import * as z from 'zod'
import type { Provenance } from './call.ts'
import { type DeepReadonly, type Json, json } from './json.ts'

/** What was put in place of what was recorded: `steps[7].result.status`, as `--set` takes it. */
export const forkEdit = z.strictObject({ path: z.string().min(1), was: json, value: json })
export type ForkEdit = DeepReadonly<z.infer<typeof forkEdit>>

/** Where a trace comes from that is another one's what-if. */
export const fork = z.strictObject({
  /** The trace it was forked from. */
  parent: z.string().regex(/^[\w.:-]{1,128}$/),
  /** Its step, from 1, from which nothing is served by position any more. */
  forkedAt: z.number().int().positive(),
  edits: z.array(forkEdit).default([]),
  /** What people said otherwise, as `--human` takes it. */
  people: z.array(z.string()).optional(),
  /** The model and the system prompt that answered from there on, where they are not the agent's own. */
  model: z.string().optional(),
  system: z.string().optional(),
})
export type Fork = DeepReadonly<z.infer<typeof fork>>

/** What became of a fork, as a person is told. Steps are those of `evalkit replay`, from 1. */
export interface ForkStory {
  readonly parent: string
  readonly forkedAt: number
  /** Steps that were served as they were recorded. */
  readonly kept: number
  readonly edits: readonly (ForkEdit & { readonly step: number; readonly reached: boolean })[]
  /** How what came after was answered. */
  readonly after: { readonly [How in Provenance]?: number }
  /** Recorded steps from the fork on that nobody asked for again. */
  readonly dropped: readonly { readonly step: number; readonly what: string }[]
  /** Names of the tools that ran, each once: none, where all came from the recording. */
  readonly ran: readonly string[]
  /** Of the recorded run and of this one, where both ended with an output and it is another. */
  readonly output?: { readonly was: Json; readonly now: Json }
  /** The trace it was saved as. */
  readonly child?: string
  /** Why it was not saved. */
  readonly unsaved?: string
}
