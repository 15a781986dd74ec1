import { type Conversation, traceOf } from './conversation.ts'
import { type Repair, repaired, skipped } from './foreign.ts'
import type { Imported } from './importer.ts'

/**
 * Characters all model requests of a run may have together. No text and no list is made of them, but an id is the hash of all
 * of it: so much takes about a minute.
 */
const longestRequests = 64 * 1024 ** 3

/**
 * A conversation as what an importer finds: its repairs and its trace, or why there is none. A run that JSON cannot say
 * (`1e999` parses to an infinity) or whose requests are too long together is skipped, at `at`.
 */
export function* importConversation(
  conversation: Conversation,
  at: string,
  repairs: readonly Repair[] = [],
): Iterable<Imported> {
  const length = lengthOfRequests(conversation)
  if (length > longestRequests) {
    yield skipped(at, `the run is too long: its model requests repeat ${length} characters of conversation`)
    return
  }
  let made: ReturnType<typeof traceOf>
  try {
    made = traceOf(conversation)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    yield skipped(at, 'the run holds a number that JSON cannot say')
    return
  }
  for (const repair of [...repairs, ...made.repairs]) yield repaired(repair)
  yield { trace: made.trace }
}

/** Every model request repeats the conversation so far: a run's length counts squared. */
export function lengthOfRequests({ items, request, agents = [] }: Conversation): number {
  const carried = JSON.stringify(request).length
  const lengths: number[] = []
  let before = 0
  let total = 0
  for (const item of items) {
    if (item.kind === 'rewind') before = lengths[item.after] ?? 0
    else if (item.kind !== 'other') {
      if (item.kind === 'assistant' || item.kind === 'failure') total += carried + before
      before += JSON.stringify(item).length
    }
    lengths.push(before)
  }
  return agents.reduce((sum, agent) => sum + lengthOfRequests(agent.conversation), total)
}
