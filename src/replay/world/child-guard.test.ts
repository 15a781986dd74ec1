import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Outcome } from '../../schema/outcome.ts'
import { commandTarget } from '../targets/command.ts'
import { playing } from '../testing/trials.ts'
import { guardedEnvironment } from './guarded-environment.ts'

/** Nobody is there: reserved for documentation (RFC 5737). */
const elsewhere = '192.0.2.1'

/** Plays a Node program that swallows every error. */
function running(code: string, env: Record<string, string> = {}): Promise<Outcome> {
  const cwd = mkdtempSync(join(tmpdir(), 'evalkit-guard-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  writeFileSync(join(cwd, 'agent.mjs'), `try { ${code} } catch {}\nconsole.log('"All went well."')`)
  const target = commandTarget({ command: [process.execPath, 'agent.mjs'], cwd, env })
  return playing(target, undefined, { timeoutMs: 20_000 })
}

describe('a Node program that is replayed', () => {
  it.each([
    ['its fetch', `await fetch('http://${elsewhere}/')`, `a request was made (GET http://${elsewhere})`],
    ['a socket', `(await import('node:net')).connect(5432, '${elsewhere}')`, `${elsewhere}:5432`],
    [
      'TLS',
      `(await import('node:tls')).connect(443, 'db.example.com')`,
      'a socket was opened (db.example.com:443), past every tap',
    ],
    [
      'a datagram',
      `(await import('node:dgram')).createSocket('udp4').send('x', 53, '${elsewhere}')`,
      `a datagram was sent (${elsewhere})`,
    ],
    [
      'a look-up',
      `await (await import('node:dns/promises')).resolve4('example.com')`,
      'a name was looked up (example.com)',
    ],
    [
      'a program of its own',
      `(await import('node:child_process')).execFileSync(process.execPath, ['-e', "require('net').connect(80, '${elsewhere}')"])`,
      `${elsewhere}:80`,
    ],
    [
      'a worker of its own',
      `const { Worker } = await import('node:worker_threads')
       const { writeFileSync } = await import('node:fs')
       writeFileSync('worker.cjs', "require('net').connect(80, '${elsewhere}')")
       const worker = new Worker('./worker.cjs')
       await new Promise((resolve) => worker.on('error', resolve).on('exit', resolve))`,
      `${elsewhere}:80`,
    ],
  ])('cannot reach another machine by %s', async (_, code, host) => {
    const outcome = await running(code)
    expect(outcome).toMatchObject({ status: 'aborted' })
    expect(outcome.reason).toContain(host)
  })

  it('may do on this machine what it likes', async () => {
    const outcome = await running(`
      const { createServer, request } = await import('node:http')
      const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const said = await (await fetch('http://localhost:' + server.address().port)).text()
      server.close()
      if (said !== 'here') process.exit(1)`)
    expect(outcome).toMatchObject({ status: 'completed', output: 'All went well.' })
  })

  it('keeps NODE_OPTIONS of its own, and is left alone where it asks for that', () => {
    const env = guardedEnvironment({ NODE_OPTIONS: '--no-warnings', A: '1' }, 'http://127.0.0.1:1')
    expect(env).toMatchObject({ A: '1', EVALKIT_GUARD: 'http://127.0.0.1:1' })
    expect(env.NODE_OPTIONS).toMatch(/^--no-warnings .*--import=file:.*\/child-guard\.ts$/)
    expect(guardedEnvironment({ EVALKIT_GUARD: 'off' }, 'http://127.0.0.1:1')).toEqual({
      EVALKIT_GUARD: 'off',
    })
  })
})
