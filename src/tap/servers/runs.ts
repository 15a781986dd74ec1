import type { Json } from '../../schema/json.ts'
import type { ToolDefinition } from '../../schema/tool.ts'
import type { Tap } from '../tap.ts'

/**
 * The runs whose calls a server meets. A request says which one it belongs to by a key (the header `x-evalkit-trace`);
 * without, it belongs to the run nobody named.
 */
export interface Runs {
  /** A call enters its run. `leave` says that it is over: a run with calls under way is not idle. */
  enter(asking: Asking): { readonly tap: Tap; readonly leave: () => void }
  /** The program says that a run begins, and what was asked of it. */
  begin(asking: Beginning): void
  /** The program says that a run is over, and what came of it. Returns whether there was one. */
  end(asking: Asking, end: RunEnd): boolean
  /** What the run is asked, where that is known before it says so: one that is played again. */
  input(asking: Asking): Json | undefined
  /** The tools that MCP clients are shown in a run that is played again. Left out: runs are recorded, servers are real. */
  tools?(asking: Asking): readonly ToolDefinition[]
}

/** Which run a request belongs to, and what to call it if that run begins here. */
export interface Asking {
  readonly key?: string | undefined
  readonly name?: string | undefined
  /** The W3C trace id it carries, where whoever asks was asked with one and hands it on. */
  readonly traceId?: string | undefined
}

/** What a program may say of a run that begins. */
export interface Beginning extends Asking {
  readonly input?: Json
  /** The version of its prompt. */
  readonly version?: string
  readonly attributes?: { readonly [key: string]: Json | undefined }
}

/** How a run ended, in its program's words. */
export interface RunEnd {
  readonly output?: Json
  /** What went wrong, where it failed. */
  readonly error?: string
  /** Why it ended, where it did not say so itself. */
  readonly ended?: string
  /** What else was learned of it. */
  readonly attributes?: { readonly [key: string]: Json }
}

/** A run that is being recorded. */
export interface BegunRun {
  readonly tap: Tap
  end(end: RunEnd): void
}

/** Runs that are recorded as they come. */
export interface RecordedRuns extends Runs {
  /** Ends all that are open. */
  close(end?: RunEnd): void
}

export interface RecordedRunsOptions {
  readonly begin: (asking: Beginning) => BegunRun
  /** What a program is asked that asks for it: of runs that do not say otherwise, the input. */
  readonly input?: Json
  /** Milliseconds without a call after which a run is over. Left out: they stay open until they are ended. */
  readonly idleMs?: number
}

/** Runs open at once; beyond that the one that was quiet for longest is over. */
const mostOpen = 1000

/**
 * Records every run a request names, from its first call on. A run is over when its program says so, when it is quiet
 * for too long, when another run of its key begins, or when all are closed.
 */
export function recordedRuns({ begin, idleMs, input }: RecordedRunsOptions): RecordedRuns {
  /** In the order of their last call. */
  const open = new Map<string, Open>()

  function over(id: string, end: RunEnd): boolean {
    const run = open.get(id)
    if (run === undefined) return false
    clearTimeout(run.timer)
    open.delete(id)
    run.begun.end(end)
    return true
  }

  function start(asking: Beginning): Open {
    const id = asking.key ?? ''
    over(id, { ended: 'replaced' })
    const [oldest] = open.keys()
    if (open.size >= mostOpen && oldest !== undefined) over(oldest, { ended: 'crowded out' })
    const run: Open = {
      begun: begin(input === undefined ? asking : { input, ...asking }),
      calls: 0,
      timer: undefined,
    }
    open.set(id, run)
    rest(id, run)
    return run
  }

  /** From now on the run is quiet. */
  function rest(id: string, run: Open): void {
    clearTimeout(run.timer)
    if (idleMs === undefined || run.calls > 0 || open.get(id) !== run) return
    run.timer = setTimeout(() => over(id, { ended: 'idle' }), idleMs).unref()
  }

  return {
    enter(asking) {
      const id = asking.key ?? ''
      const run = open.get(id) ?? start(asking)
      open.delete(id)
      open.set(id, run)
      run.calls++
      clearTimeout(run.timer)
      let left = false
      const leave = (): void => {
        if (left) return
        left = true
        run.calls--
        rest(id, run)
      }
      return { tap: run.begun.tap, leave }
    },
    begin: (asking) => void start(asking),
    end: (asking, end) => over(asking.key ?? '', end),
    input: () => input,
    close(end = {}) {
      for (const id of open.keys()) over(id, end)
    },
  }
}

interface Open {
  readonly begun: BegunRun
  calls: number
  timer: NodeJS.Timeout | undefined
}
