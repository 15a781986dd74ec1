import { claudeLine } from './claude-line.ts'
import type { LineRecord, Source } from './importer.ts'

/** Which session each line belongs to, by its own id or another that goes on with it. */
export interface Sessions {
  /** Undefined for what is no line of a session. */
  sessionOf(record: LineRecord): string | undefined
  /** Where the last line of each session stands. */
  readonly lastOf: ReadonlyMap<string, string>
}

/**
 * Walks the file or folder once. A session that was resumed goes on under another id: its first line names as parent a line
 * of the session before, and both are one. Lines that name no session (`summary`, the facts of an agent) belong to the
 * first one of their file.
 */
export function sessionsIn(source: Source): Sessions {
  const ids = joined()
  const firsts = new Map<string, string>()
  /** Of each session that is named, its last line; `order` is counted over all lines. */
  const lasts = new Map<string, { readonly at: string; readonly order: number }>()
  let order = 0
  /** Lines that name no session, each with the file whose first session it belongs to. */
  const nameless = new Map<string, { readonly file: string; readonly order: number }>()
  for (const record of source.records()) {
    if (!('value' in record)) continue
    const { data } = claudeLine.safeParse(record.value)
    const file = fileOf(record.at)
    order++
    const session = data?.sessionId
    if (session !== undefined) {
      if (!firsts.has(file)) firsts.set(file, session)
      lasts.set(session, { at: record.at, order })
      ids.met(session, data?.uuid, data?.parentUuid)
    } else if (data !== undefined || file.endsWith('.meta.json')) {
      nameless.set(record.at, { file: file.replace(/\.meta\.json$/, '.jsonl'), order })
    }
  }
  const homeOf = (at: string, session: string | undefined): string | undefined => {
    const id = session ?? firsts.get(nameless.get(at)?.file ?? '')
    return id === undefined ? undefined : ids.of(id)
  }
  const lastOf = new Map<string, string>()
  const ends = [
    ...[...lasts].map(([session, last]) => ({ ...last, home: homeOf(last.at, session) })),
    ...[...nameless].map(([at, { order: of }]) => ({ at, order: of, home: homeOf(at, undefined) })),
  ]
  for (const { at, home } of ends.sort((a, b) => a.order - b.order))
    if (home !== undefined) lastOf.set(home, at)
  return {
    sessionOf: (record) => {
      if (!('value' in record)) return undefined
      return homeOf(record.at, claudeLine.safeParse(record.value).data?.sessionId)
    },
    lastOf,
  }
}

/** Sessions that are one, because a line of the one is the parent of a line of the other, or stands in both. */
function joined(): {
  met(session: string, uuid: string | undefined, parent: string | undefined): void
  of(session: string): string
} {
  const parents = new Map<string, string>()
  const homes = new Map<string, string>()
  const waiting = new Map<string, string[]>()

  const of = (session: string): string => {
    let root = session
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up
    // Paths are kept short, so that a long chain of resumed sessions is walked once.
    for (let at = session; at !== root; ) {
      const up = parents.get(at) ?? root
      parents.set(at, root)
      at = up
    }
    return root
  }
  const join = (a: string, b: string): void => {
    const [one, two] = [of(a), of(b)]
    if (one !== two) parents.set(two, one)
  }

  return {
    of,
    met(session, uuid, parent) {
      if (uuid !== undefined) {
        const home = homes.get(uuid)
        if (home === undefined) homes.set(uuid, session)
        else join(home, session)
        for (const child of waiting.get(uuid) ?? []) join(session, child)
        waiting.delete(uuid)
      }
      if (parent === undefined) return
      const home = homes.get(parent)
      if (home !== undefined) return join(home, session)
      const children = waiting.get(parent)
      if (children === undefined) waiting.set(parent, [session])
      else children.push(session)
    },
  }
}

/** Of a folder, the file a line stands in; of a file, ''. */
function fileOf(at: string): string {
  return /^(.*):\d+$/.exec(at)?.[1] ?? (at.startsWith('line ') ? '' : at)
}
