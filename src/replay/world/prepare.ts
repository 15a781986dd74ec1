import { tapGlobalFetch } from '../../tap/global-fetch.ts'
import { tapHttp } from '../../tap/http-request.ts'
import { contextTap } from '../../tap/tap.ts'
import { installClock } from './install-clock.ts'
import { installGuard } from './install-guard.ts'
import { installRandom } from './install-random.ts'
import { barHere } from './world.ts'

/**
 * Puts all stand-ins in their places: clock, chance, the ways out, and the global `fetch` and `node:http` behind the tap
 * of a trial. Outside of trials they do what they stand for. Cheap, and done once: as early as can be, before the agent's
 * code is loaded, because what that takes out of its place stays what it was.
 */
export function prepareWorld(): void {
  if (isPrepared) return
  isPrepared = true
  installClock()
  installRandom()
  // Of trials alone: who makes a request beside them (a judge, the harness itself) is none of their business.
  tapGlobalFetch(contextTap)
  // Not imported: an ES import of `node:http` loads everything it could ever export, a WebSocket client included.
  const http = process.getBuiltinModule('node:http')
  const https = process.getBuiltinModule('node:https')
  tapHttp({ http, https }, contextTap)
  installGuard(({ what }) => (contextTap()?.closed === true ? barHere()?.(what) : undefined))
}

let isPrepared = false
