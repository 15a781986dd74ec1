import { describe, expect, it } from 'vitest'
import { textMessage } from '../schema/message.ts'
import { type SketchedSpan, subjectOf } from './subject.ts'
import { proposes, userSaidIn } from './user-said.ts'

const base = { parent: null, status: 'ok' } as const
const user = (text: string): SketchedSpan => ({
  ...base,
  kind: 'human',
  name: 'user',
  request: { name: 'user' },
  reply: { message: textMessage('user', text) },
})
const agent = (
  text: string,
  ...shown: readonly [who: 'user' | 'assistant', text: string][]
): SketchedSpan => ({
  ...base,
  kind: 'llm',
  name: 'chat',
  request: { messages: shown.map(([who, said]) => textMessage(who, said)) },
  reply: { message: textMessage('assistant', text) },
})
const said = (...spans: readonly SketchedSpan[]) => userSaidIn(subjectOf({ spans }).outcome)(spans.length)

describe('what the user said last', () => {
  it('stands beside what the agent had said to them', () => {
    expect(said(user('Cancel W12.'), agent('Shall I cancel it?'), user('Yes.'), agent(''))).toEqual({
      text: 'Yes.',
      said: 'yes',
      proposal: 'Shall I cancel it?',
    })
  })

  it('is read from what the model was shown, where the dialogue is not recorded', () => {
    const shown = agent('', ['user', 'Hello'], ['assistant', 'Shall I cancel it?'], ['user', 'No.'])
    expect(said(shown)).toMatchObject({ said: 'no', proposal: 'Shall I cancel it?' })
  })

  it('is unknown where no user is heard, and to nothing where the user spoke first', () => {
    expect(said(agent('Done.'))).toBeUndefined()
    expect(said(user('Yes.'))).toEqual({ text: 'Yes.', said: 'yes' })
  })
})

describe('a proposal', () => {
  const call = {
    name: 'modify_order',
    arguments: { order: 'W12', insurance: 'no', usd: 7, items: ['tea_pot'] },
  }

  it.each(['The tea pot costs more.', 'Order W12?', 'This modification is possible.', 'Please confirm.'])(
    'is %s',
    (text) => expect(proposes(text, call)).toBe(true),
  )

  it.each(['No, that is 7 miles away.', 'Who are you?', ''])('is not %s', (text) => {
    expect(proposes(text, { ...call, name: 'act' })).toBe(false)
  })
})
