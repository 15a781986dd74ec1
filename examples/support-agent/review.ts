/** Writes into datasets/support.jsonl what a person says is right for each ticket: `references` of tickets.ts. */
import { readFileSync, writeFileSync } from 'node:fs'
import { tickets } from './tickets.ts'

const path = 'datasets/support.jsonl'
const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
const reviewed = lines.map((line) => {
  const one = JSON.parse(line) as { input: unknown }
  const found = tickets.find(({ ticket }) => JSON.stringify(ticket) === JSON.stringify(one.input))
  return JSON.stringify(found === undefined ? one : { ...one, reference: found.reference })
})
writeFileSync(path, `${reviewed.join('\n')}\n`)
