import { createHook } from 'node:async_hooks'
import { worldHere } from './world.ts'

/** What a trial has under way outside of JavaScript: files, sockets, child processes, the thread pool. */
export interface InFlight {
  isBusy(): boolean
  /** Told of what is made in the trial; returns whether that is something to wait for. */
  began(id: number, type: string, resource: object): boolean
  /** Its callback has run: an errand is done then. Returns whether it is no longer waited for. */
  called(id: number): boolean
  ended(id: number): void
}

/**
 * The types of `async_hooks` that are one errand each, over with the first callback: FSREQCALLBACK, GETADDRINFOREQWRAP,
 * TCPCONNECTWRAP, WRITEWRAP, PBKDF2REQUEST, … `HTTPCLIENTREQUEST` and its like name a parser, not an errand.
 */
const errand =
  /^(?!HTTP).*(?:REQ|REQUEST|REQWRAP|REQCALLBACK|REQPROMISE|CONNECTWRAP|WRITEWRAP|SHUTDOWNWRAP|SENDWRAP|QUERYWRAP)$/

/**
 * Those that live longer. They are under way while they keep the process alive: clients that pool connections (undici,
 * `http.Agent`) let go of an idle one with `unref`.
 */
const lasting = /^(?:TCPWRAP|PIPEWRAP|PROCESSWRAP|WORKER|ZLIB)$/

/** Keeps count of what one trial has under way. */
export function createInFlight(): InFlight {
  const errands = new Set<number>()
  const handles = new Map<number, Handle>()
  return {
    isBusy() {
      if (errands.size > 0) return true
      for (const handle of handles.values()) if (isAtWork(handle)) return true
      return false
    },
    began(id, type, resource) {
      if (errand.test(type)) errands.add(id)
      else if (lasting.test(type)) handles.set(id, resource)
      else return false
      return true
    },
    called: (id) => errands.delete(id),
    ended: (id) => void (errands.delete(id) || handles.delete(id)),
  }
}

interface Handle {
  readonly hasRef?: () => boolean
  /** Of zlib's: the chunk it works at (lib/zlib.js). */
  readonly buffer?: unknown
}

function isAtWork(handle: Handle): boolean {
  return handle.hasRef === undefined ? (handle.buffer ?? undefined) !== undefined : handle.hasRef()
}

let watched = 0
const owners = new Map<number, InFlight>()
/** Servers that listen: the connections they take are waited for at their other end. */
const servers = new Set<number>()

const hook = createHook({
  // Node 24 and newer; older ones tell of promises too, and are slower.
  ...({ trackPromises: false } as object),
  init(id, type, trigger, resource) {
    if (type === 'PROMISE') return
    const clock = worldHere()?.clock
    if (clock === undefined) return
    clock.stir()
    if (type === 'TCPSERVERWRAP' || type === 'PIPESERVERWRAP') servers.add(id)
    if (servers.has(trigger) && lasting.test(type)) return
    if (clock.inFlight.began(id, type, resource)) owners.set(id, clock.inFlight)
  },
  after(id) {
    if (owners.get(id)?.called(id) === true) owners.delete(id)
  },
  destroy(id) {
    servers.delete(id)
    owners.get(id)?.ended(id)
    owners.delete(id)
  },
})

/** Sees to it that trials learn of what they have under way, until the returned function is called. */
export function watchInFlight(): () => void {
  if (++watched === 1) hook.enable()
  return () => {
    if (--watched > 0) return
    hook.disable()
    owners.clear()
    servers.clear()
  }
}
