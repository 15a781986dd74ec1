import type { Json } from '../../schema/json.ts'
import { type Body, isRecord, listIn, recordIn } from '../../tap/wire/text.ts'

/** What of a sample may have been taken out of it, each as it was. */
export interface WholeSample {
  readonly messages: readonly Json[]
  readonly output: Json
  readonly events: readonly Json[]
}

/**
 * A sample of an Inspect log with what it says more than once put back where it was. Long texts stand once, under `attachments` by
 * their hash, and are named `attachment://<hash>`; the messages a model was asked with stand once, in `events_data.messages`
 * (`message_pool` before), and an event names them by ranges, `input_refs: [[start, end], …]`, the end exclusive
 * (https://github.com/UKGovernmentBEIS/inspect_ai, `log/_condense.py` and `event/_pool.py`). `undefined` where all of that would be more
 * than a run may ask models with.
 */
export function wholeSample(row: Body): WholeSample | undefined {
  const put = new Attachments(recordIn(row.attachments))
  const pool = listIn(recordIn(row.events_data).messages ?? row.message_pool).map((one) => put.into(one))
  const asked = new Pool(pool)
  const whole = {
    messages: listIn(row.messages).map((one) => put.into(one)),
    output: put.into(row.output ?? null),
    events: listIn(row.events).map((event) => put.into(asked.into(event))),
  }
  return put.characters + asked.characters > mostCharacters ? undefined : whole
}

/** That are put back in one run: an id is the hash of all of them. */
const mostCharacters = 8 * 1024 ** 3

class Attachments {
  /** Of all texts that were put back. */
  characters = 0
  readonly #texts: Body
  /** Messages of a pool stand in many requests, and had their texts put back already. */
  readonly #made = new WeakSet<object>()

  constructor(texts: Body) {
    this.#texts = texts
  }

  into(value: Json | undefined): Json {
    if (value === undefined) return null
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null || this.#made.has(value)) return value
    const made: Json = Array.isArray(value)
      ? (value as readonly Json[]).map((item) => this.into(item))
      : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.into(member)]))
    this.#made.add(made)
    return made
  }

  #text(value: string): string {
    if (!value.startsWith('attachment://')) return value
    const name = value.slice('attachment://'.length)
    const text = Object.hasOwn(this.#texts, name) ? this.#texts[name] : undefined
    if (typeof text !== 'string') return value
    this.characters += text.length
    return text
  }
}

/** Messages in all requests of a run together: more are not put back, and counted as too many. */
const mostMessages = 4_000_000

class Pool {
  /** Of all messages that were put back. */
  characters = 0
  readonly #messages: readonly Json[]
  /** Up to each message, so that a range is a difference. */
  readonly #lengths: number[] = [0]
  #left = mostMessages

  constructor(messages: readonly Json[]) {
    this.#messages = messages
    for (const message of messages)
      this.#lengths.push((this.#lengths.at(-1) ?? 0) + JSON.stringify(message).length)
  }

  into(event: Json): Json {
    if (!isRecord(event) || !Array.isArray(event.input_refs) || listIn(event.input).length > 0) return event
    const { input_refs: ranges, ...rest } = event
    const input = listIn(ranges).flatMap((range) => this.#range(listIn(range)))
    return { ...rest, input }
  }

  #range([from, to]: readonly Json[]): readonly Json[] {
    if (typeof from !== 'number' || typeof to !== 'number' || !(from >= 0)) return []
    const [start, end] = [Math.floor(from), Math.min(Math.floor(to), this.#messages.length)]
    if (!(end > start)) return []
    this.#left -= end - start
    if (this.#left < 0) {
      this.characters = Number.POSITIVE_INFINITY
      return []
    }
    this.characters += (this.#lengths[end] ?? 0) - (this.#lengths[start] ?? 0)
    return this.#messages.slice(start, end)
  }
}
