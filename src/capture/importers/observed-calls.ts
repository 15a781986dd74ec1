import { commonStart } from '../../lib/common-start.ts'
import { type Message, type ToolCallPart, type ToolResponsePart, toolCallsOf } from '../../schema/message.ts'
import type { ObservedCall } from './observation.ts'
import { keyOf, type Talk } from './observed-talk.ts'

/** Something observed that takes part in the pairing, in order of start. `scope` is what it happened in. */
export type Step = { readonly scope: unknown } & ({ readonly talk: Talk } | { readonly tool: ObservedCall })

/** The model's call that a tool's span is the execution of, and what it was known by. */
export interface CallFound {
  readonly part: ToolCallPart
  readonly by: 'id' | 'arguments' | 'order'
  /** Which of all calls of the run it is. */
  readonly rank: number
}

/**
 * Pairs the spans of tools with the calls that models made: by id; without one by name and arguments, first where both
 * happened in the same span, then anywhere; last by name and order. The surest pairs are made first, so that a guess
 * never takes a call from a span that knows it. A call is made before it is executed. Linear.
 */
export function callsFor(steps: readonly Step[]): ReadonlyMap<Step, CallFound> {
  const found = new Map<Step, CallFound>()
  const taken = new Set<Made>()
  const made = madeIn(steps)
  const rungs: readonly Rung[] = [
    { by: 'id', ofCall: ({ part }) => part.id, ofTool: ({ tool }) => tool.id },
    {
      by: 'arguments',
      ofCall: ({ part, scope }) => within(scope, keyOf(part)),
      ofTool: ({ tool, scope }) => argumentsKey(tool, (key) => within(scope, key)),
    },
    {
      by: 'arguments',
      ofCall: ({ part }) => keyOf(part),
      ofTool: ({ tool }) => argumentsKey(tool, (key) => key),
    },
    {
      by: 'order',
      ofCall: ({ part, scope }) => within(scope, part.name),
      ofTool: ({ tool, scope }) => (tool.id === undefined ? within(scope, tool.name) : undefined),
    },
    {
      by: 'order',
      ofCall: ({ part }) => part.name,
      ofTool: ({ tool }) => (tool.id === undefined ? tool.name : undefined),
    },
  ]
  const scopes = new Map<unknown, number>()
  function within(scope: unknown, key: string): string {
    const known = scopes.get(scope) ?? scopes.size
    scopes.set(scope, known)
    return `${known} ${key}`
  }
  for (const { by, ofCall, ofTool } of rungs) {
    const free = new Map<string, Made[]>()
    for (const call of made) {
      if (taken.has(call)) continue
      const key = ofCall(call)
      const queue = free.get(key) ?? []
      queue.push(call)
      free.set(key, queue)
    }
    for (const [at, step] of steps.entries()) {
      if (!('tool' in step) || found.has(step)) continue
      const key = ofTool(step)
      const queue = key === undefined ? undefined : free.get(key)
      const [call] = queue ?? []
      if (queue === undefined || call === undefined || call.at > at) continue
      queue.shift()
      taken.add(call)
      found.set(step, { part: call.part, by, rank: call.rank })
    }
  }
  return found
}

interface Made {
  readonly part: ToolCallPart
  readonly at: number
  readonly rank: number
  readonly scope: unknown
}

interface Rung {
  readonly by: CallFound['by']
  readonly ofCall: (call: Made) => string
  readonly ofTool: (step: Extract<Step, { tool: ObservedCall }>) => string | undefined
}

function madeIn(steps: readonly Step[]): readonly Made[] {
  const made: Made[] = []
  for (const [at, step] of steps.entries()) {
    if (!('talk' in step) || step.talk.reply === undefined) continue
    for (const part of toolCallsOf(step.talk.reply.message))
      made.push({ part, at, rank: made.length, scope: step.scope })
  }
  return made
}

function argumentsKey({ id, name, arguments: given }: ObservedCall, make: (key: string) => string) {
  return id === undefined && given !== undefined ? make(keyOf({ name, arguments: given })) : undefined
}

/** What models were shown of results: by call id, the first time each was shown. */
export function shownResults(talks: readonly Talk[]): ReadonlyMap<string, ToolResponsePart> {
  const shown = new Map<string, ToolResponsePart>()
  let last: readonly Message[] = []
  for (const { messages = [] } of talks) {
    const known = commonStart(last, messages)
    last = messages
    for (const { parts } of messages.slice(known)) {
      for (const part of parts) {
        if (part.type === 'tool_call_response' && part.id !== '' && !shown.has(part.id))
          shown.set(part.id, part)
      }
    }
  }
  return shown
}
