/** A model server that streams: a process of its own, as in production. Prints its port; ends with its parent. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const words = Array.from({ length: 24 }, (_, at) => `word ${at} of the answer, `)
const events = [
  { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
  ...words.map((content) => ({ index: 0, delta: { content }, finish_reason: null })),
  { index: 0, delta: {}, finish_reason: 'stop' },
].map((choice) => {
  const chunk = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'bench',
    choices: [choice],
  }
  return `data: ${JSON.stringify(chunk)}\n\n`
})

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let at = 0
    const next = (): void => {
      // Eight pieces a stream, one a millisecond.
      const piece = events.slice(at, at + 4).join('')
      at += 4
      if (at >= events.length) response.end(`${piece}data: [DONE]\n\n`)
      else {
        response.write(piece)
        setTimeout(next, 1)
      }
    }
    next()
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.stdin.resume().on('end', () => process.exit())
