import { expect, it } from 'vitest'
import { gatherReferences } from './quoted-words.ts'

it.each([
  ['{"source":{"traces":["t_1","t_2"]}}', ['source', 'traces', 't_1', 't_2']],
  ["- trace: 't_3'", ['-', 'trace:', 't_3']],
  ['  - t_4', ['-', 't_4']],
  ['', []],
])('%s', (line, words) => expect([...gatherReferences(line)]).toEqual(words))
