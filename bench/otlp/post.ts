import { Agent, request } from 'node:http'

/** Posts requests in protobuf with as little as a client can do: what it costs is measured, too. Says the status. */
export function poster(url: string): {
  readonly post: (body: Buffer) => Promise<number>
  readonly close: () => void
} {
  const agent = new Agent({ keepAlive: true })
  return {
    close: () => agent.destroy(),
    post(body) {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
      return new Promise((resolve, reject) => {
        const asked = request(url, { method: 'POST', headers, agent }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
        })
        asked.once('error', reject).end(body)
      })
    },
  }
}
