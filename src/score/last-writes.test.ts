import { expect, it } from 'vitest'
import { knownTools } from '../schema/known-tools.ts'
import { lastWrites } from './last-writes.ts'

const known = knownTools({
  v: 1,
  tools: {
    move: { effect: 'write', resource: ['/order'], volatile: ['arguments.at'] },
    mail: { effect: 'external', resource: ['/to'] },
    pay: { effect: 'write' },
  },
})

it('keeps the last write of a tool to a resource, and all others', () => {
  const writes = [
    { name: 'move', arguments: { order: 'W1', to: 'a', at: 1 } },
    { name: 'mail', arguments: { to: 'mia', text: '2' } },
    { name: 'move', arguments: { order: 'W1', to: 'b', at: 2 } },
    { name: 'move', arguments: { to: 'c' } },
    { name: 'mail', arguments: { to: 'mia', text: '1' } },
    { name: 'pay', arguments: { usd: 1 } },
    { name: 'pay', arguments: { usd: 1 } },
    { name: 'move', arguments: { order: '__proto__', to: 'd' } },
  ]
  expect(JSON.stringify(lastWrites(writes, known))).toBe(
    '{"move":{"W1":{"order":"W1","to":"b"},"__proto__":{"order":"__proto__","to":"d"},"":[{"to":"c"}]},' +
      '"mail":[{"to":"mia","text":"1"},{"to":"mia","text":"2"}],"pay":[{"usd":1}]}',
  )
  expect(lastWrites([], known)).toEqual({})
})
