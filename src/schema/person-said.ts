import type { Json } from './json.ts'

/** What a person said otherwise in a replay, because somebody asked for it. */
export interface PersonSaid {
  /** As `--human` takes it: `deny@1`. */
  readonly rule: string
  /** Of the trial, from 1. */
  readonly step: number
  /** What the question is called. */
  readonly name: string
  /** Left out: they said nothing at all. */
  readonly now?: Json
  /** What was recorded; left out where nobody was asked that. */
  readonly was?: Json
}
