import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { poster } from './otlp/post.ts'
import { shortRuns } from './otlp/spans.ts'
import { workspace } from './trivial.ts'

const evalkit = join(dirname(import.meta.dirname), 'bin', 'evalkit.mjs')

/**
 * `evalkit collect` under as much load as it takes, for minutes: what it takes in and stores meanwhile, and the memory of its
 * process (where `/proc` tells it). What it turns away is sent again.
 */
export async function run(rounds = 14): Promise<void> {
  const dir = workspace()
  const flags = ['collect', '--otlp', '--port', '0', '--json', '--idle', '500ms']
  const child = spawn(process.execPath, [evalkit, ...flags], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const origin = await originOf(child.stdout)
    const { post, close } = poster(`${origin}/v1/traces`)
    for (let round = 0; round < rounds; round++) {
      const { spans, requests } = shortRuns(10_000, round * 10_000)
      const left = [...requests]
      const start = performance.now()
      let turnedAway = 0
      const client = async (): Promise<void> => {
        for (let body = left.shift(); body !== undefined; body = left.shift()) {
          if ((await post(body)) === 200) continue
          turnedAway++
          left.push(body)
          await later(100)
        }
      }
      await Promise.all(Array.from({ length: 4 }, client))
      const perSecond = (spans / (performance.now() - start)) * 1000
      const health = (await (await fetch(`${origin}/health`)).json()) as Record<string, number>
      console.log(
        `${perSecond.toFixed(0)} spans/s taken, ${turnedAway} requests turned away, ${health['traces']} traces stored, ${health['openTraces']} open, ${memoryOf(child.pid)} MiB`,
      )
    }
    close()
    const start = performance.now()
    child.kill('SIGTERM')
    await once(child, 'exit')
    const store = statSync(join(dir, '.evalkit', 'evalkit.db')).size / 1e6
    console.log(
      `stopped after ${((performance.now() - start) / 1000).toFixed(1)} s, the store has ${store.toFixed(0)} MB`,
    )
  } finally {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function originOf(stdout: NodeJS.ReadableStream): Promise<string> {
  let said = ''
  for await (const chunk of stdout) {
    said += String(chunk)
    const [, origin] = /"origin": "([^"]+)"/.exec(said) ?? []
    if (origin !== undefined) return origin
  }
  throw new Error('the collector ended')
}

function memoryOf(pid = 0): string {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return (Number(kilobytes) / 1024).toFixed(0)
  } catch {
    return 'unknown'
  }
}

if (import.meta.main) await run()
