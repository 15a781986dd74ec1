import { commonStart } from '../common-start.ts'
import { type Leaves, pathText } from './walk.ts'

/** A secret that was found: its kind, and where. */
export interface Hit {
  readonly kind: string
  readonly path: string
}

/** A message that was looked at. How deep it stood decides what in it is too deep; paths of hits begin at it. */
interface Seen {
  readonly after: unknown
  readonly hits: readonly Hit[]
  readonly depth: number
}

/**
 * Model requests repeat the conversation so far as the same message objects: each is looked at once, stays one object, and
 * counts wherever it stands. Not for a mask, which may answer by the place.
 */
export function seenMessages(
  leavesOf: (found: (hit: Hit) => void) => Leaves,
  count: (hit: Hit) => void,
): Leaves {
  const known = new Map<object, Seen>()
  let within: Hit[] | undefined
  /** The list of messages that was begun last, and how many of its first hold nothing. */
  let last: { readonly list: readonly unknown[]; readonly depth: number; clean: number } | undefined
  const cleared = (at: string | number | undefined): void => {
    if (last !== undefined && at === last.clean) last.clean++
  }
  const each = leavesOf((hit) => {
    within?.push(hit)
    count(hit)
  })
  return {
    ...each,
    known(list, { length: depth }) {
      if (within !== undefined) return 0
      const clean = last?.depth === depth ? Math.min(commonStart(last.list, list), last.clean) : 0
      last = { list, depth, clean }
      return clean
    },
    message(message, path, look) {
      // What stands in a message belongs to it.
      if (within !== undefined) return look()
      const seen = known.get(message)
      if (seen?.depth === path.length) {
        if (seen.after === message) cleared(path.at(-1))
        for (const { kind, path: rest } of seen.hits) count({ kind, path: pathText(path) + rest })
        return seen.after
      }
      within = []
      const after = look()
      if (after === message) cleared(path.at(-1))
      const { length } = pathText(path)
      const hits = within.map((hit) => ({ ...hit, path: hit.path.slice(length) }))
      within = undefined
      known.set(message, { after, hits, depth: path.length })
      return after
    },
  }
}
