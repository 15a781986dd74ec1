import { installGuard } from './install-guard.ts'
import { isLoopback } from './loopback-host.ts'

// Loaded into each Node process of a program that is replayed (`NODE_OPTIONS`): what it asks of another machine is
// refused, and evalkit is told of it, whatever the program makes of the refusal. Node does not load it into worker threads
// that are made of a text (`eval: true`).
const { EVALKIT_GUARD: origin = '', ...environment } = process.env
const programs = process.getBuiltinModule('node:child_process')
const { spawnSync } = programs

/**
 * Says to the server of evalkit's that this was asked for, as who asks a proxy for it would. In a process of its own, so
 * that it is said before the program can end.
 */
const telling = `const [host, origin, what] = process.argv.slice(1)
const { hostname, port } = new URL(origin)
require('node:net').connect(Number(port), hostname.replace(/^\\[|\\]$/g, ''), function () {
  this.end('CONNECT ' + host + ' HTTP/1.1\\r\\nHost: ' + host + '\\r\\nx-evalkit-escape: ' + what + '\\r\\n\\r\\n')
}).on('error', () => undefined)`

const tellMs = 5000
let isTold = false

if (URL.canParse(origin)) {
  installGuard(({ what, host, port }) => {
    // Programs and threads of its own are guarded as it is; local sockets lead nowhere else.
    if (host === undefined || isLoopback(host)) return undefined
    if (!isTold) {
      isTold = true
      const { NODE_OPTIONS: _, ...env } = environment
      const named = `${host.replace(/[^\w.:[\]-]/g, '_').slice(0, 200)}:${port ?? 0}`
      // It goes into a header.
      const said = what.replace(/[^ -~]/g, '?')
      spawnSync(process.execPath, ['-e', telling, '--', named, origin, said], {
        env,
        timeout: tellMs,
        stdio: 'ignore',
      })
    }
    return new Error(`evalkit: ${what}, which is not recorded. A replay lets nothing out.`)
  })
}
