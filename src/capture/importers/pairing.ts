import type { ToolCallPart } from '../../schema/message.ts'

/** A tool call that waits for its result. */
export interface OpenCall<T> {
  readonly part: ToolCallPart
  /** The message that made it: calls of one message are parallel. */
  readonly turn: number
  readonly of: T
}

export type Pairing<T> =
  /** `note` says what had to be guessed; absent where id, order and name agree. `by` is what they were paired by. */
  | { readonly call: OpenCall<T>; readonly by: 'id' | 'order'; readonly note?: string }
  | { readonly call: undefined; readonly note: string }

/**
 * Pairs tool results with the calls they answer. Ids alone are not enough: recordings reuse them, so the k-th
 * result with an id belongs to the k-th call with that id; a call whose id a later message uses again before its
 * result came has lost it, or it would be given the later call's. A result without a usable id goes to the first open
 * call of its name, else to the first open call; that is a guess, and is said.
 */
export interface Pairs<T> {
  /** A call was made. Says what is odd about it: an id that another call had before. */
  opened(call: OpenCall<T>): { readonly note?: string }
  /** A result came: takes the call it answers out of the open ones. */
  answered(result: { readonly id?: string; readonly name?: string }): Pairing<T>
}

export function pairs<T>(): Pairs<T> {
  const open: OpenCall<T>[] = []
  const ids = new Set<string>()

  function take(call: OpenCall<T>, by: 'id' | 'order', note?: string): Pairing<T> {
    open.splice(open.indexOf(call), 1)
    return note === undefined ? { call, by } : { call, by, note }
  }

  return {
    opened(call) {
      const { id } = call.part
      const used = ids.has(id)
      const lost = used ? open.filter(({ part, turn }) => part.id === id && turn !== call.turn) : []
      for (const stale of lost) open.splice(open.indexOf(stale), 1)
      open.push(call)
      ids.add(id)
      if (!used) return {}
      const again = `call id ${JSON.stringify(id)} is used again`
      if (lost.length === 0) return { note: `${again}; results are paired by id and order` }
      return { note: `${again} before the earlier call had a result; that one stays without` }
    },
    answered({ id, name }) {
      if (id !== undefined && ids.has(id)) {
        const withId = open.filter(({ part }) => part.id === id)
        const [first] = withId
        if (first === undefined)
          return { call: undefined, note: `call ${JSON.stringify(id)} has its result already` }
        const named = name === undefined ? first : withId.find(({ part }) => part.name === name)
        if (named !== undefined) return take(named, 'id')
        return take(first, 'id', `the result names tool ${JSON.stringify(name)}; paired with its call by id`)
      }
      const missing =
        id === undefined ? 'the result has no id' : `no call has the result's id ${JSON.stringify(id)}`
      const named = name === undefined ? undefined : open.find(({ part }) => part.name === name)
      if (named !== undefined)
        return take(named, 'order', `${missing}; paired with its call by name and order`)
      const [first] = open
      if (first !== undefined && name === undefined)
        return take(first, 'order', `${missing}; paired with its call by order`)
      return { call: undefined, note: `${missing}, and no open call fits` }
    },
  }
}
