import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as later } from 'node:timers/promises'
import { poster } from './post.ts'
import { type Batch, workloadOf } from './spans.ts'

/** Requests that are under way at once. */
const clients = 4

/** Sends requests from a process of its own, as those are whose traces are collected: its memory is not the receiver's. */
export interface Sender {
  /** Sends all of a batch, until each is taken. Says the time of the processor that it took, in µs. */
  send(url: string, batch: Batch): Promise<number>
  close(): void
}

/** Resolves when the process has made its requests. */
export async function openSender(batches: readonly Batch[]): Promise<Sender> {
  const child: ChildProcess = fork(new URL(import.meta.url), [JSON.stringify(batches)])
  await answerOf(child)
  return {
    async send(url, batch) {
      child.send({ url, batch: batches.indexOf(batch) })
      return answerOf(child) as Promise<number>
    },
    close: () => child.kill(),
  }
}

/** Throws where it has ended instead. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the sender ended (${code})`)
  })
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
  return answer
}

if (import.meta.main) {
  const batches = (JSON.parse(process.argv[2] ?? '[]') as readonly Batch[]).map((batch) => workloadOf(batch))
  process.on('message', ({ url, batch }: { readonly url: string; readonly batch: number }) => {
    const before = process.cpuUsage()
    void sendAll(url, batches[batch]?.requests ?? []).then(() => {
      const { user, system } = process.cpuUsage(before)
      process.send?.(user + system)
    })
  })
  process.send?.('ready')
}

async function sendAll(url: string, requests: readonly Buffer[]): Promise<void> {
  const { post, close } = poster(url)
  const left = [...requests]
  const client = async (): Promise<void> => {
    for (let body = left.shift(); body !== undefined; body = left.shift()) {
      const status = await post(body)
      // What is turned away is sent again, as exporters do, only sooner.
      if (status === 429) {
        left.push(body)
        await later(50)
      } else if (status !== 200) throw new Error(`answered with ${status}`)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  close()
}
