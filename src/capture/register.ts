import { thrownAs } from '../lib/thrown.ts'
import { tapGlobalFetch } from '../tap/global-fetch.ts'
import { tapHttp } from '../tap/http-request.ts'
import { watchAiTelemetry } from './ai-telemetry.ts'
import { captureAmbient, captureEnabled, clock, warn } from './process.ts'

// Records an agent that knows nothing of it: `node --import evalkit/register agent.js`. Loaded before the agent, it
// taps the global `fetch`, `node:http` and `node:https`, and listens to the AI SDK; what happens outside of every
// `evalkit.trace` goes to a trace of the process. Loaded twice it changes nothing. The agent starts whatever happens
// here: what fails is said in one line.
if (captureEnabled()) {
  const failed = [
    captureAmbient,
    tapGlobalFetch,
    tapBuiltinHttp,
    () => watchAiTelemetry({ now: clock }),
  ].flatMap(failureOf)
  if (failed.length > 0) warn(`not everything of this process is recorded: ${failed.join('; ')}`)
}

/** Not imported: an ES import of `node:http` loads everything it could ever export, a WebSocket client included. */
function tapBuiltinHttp(): void {
  const http = process.getBuiltinModule('node:http')
  const https = process.getBuiltinModule('node:https')
  tapHttp({ http, https })
}

function failureOf(setUp: () => unknown): readonly string[] {
  try {
    setUp()
    return []
  } catch (error) {
    return [thrownAs(error).message]
  }
}
