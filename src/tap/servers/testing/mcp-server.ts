import { mcpAnswer, type Rpc } from './mcp.ts'

// A small MCP server over stdio, for tests. At its end it says, on a line of its own, everything it was told.
const told: Buffer[] = []
let rest = ''
process.stdin.on('data', (bytes: Buffer) => {
  told.push(bytes)
  rest += bytes.toString('latin1')
  const lines = rest.split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) {
    const text = Buffer.from(line, 'latin1').toString()
    if (process.argv.includes('--crash')) process.exit(3)
    const answer = mcpAnswer(JSON.parse(text) as Rpc)
    if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
})
process.stdin.on('end', () => {
  process.stdout.write(`${JSON.stringify({ echo: Buffer.concat(told).toString() })}\n`)
})
