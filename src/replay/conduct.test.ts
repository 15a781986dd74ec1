import { describe, expect, it } from 'vitest'
import type { Call, CallOf } from '../schema/call.ts'
import { type Message, textMessage, toolMessage } from '../schema/message.ts'
import type { Recording } from '../schema/recording.ts'
import { asks, recordingWith, says, turn, used } from '../schema/testing/recordings.ts'
import { conductOf } from './conduct.ts'
import { loop } from './targets/loop.ts'
import { playing, shopCase } from './testing/trials.ts'

const user = (text: string): Message => textMessage('user', text)

function model(
  messages: readonly Message[],
  reply: CallOf<'llm'>['reply'],
  system = 'Triage.',
): CallOf<'llm'> {
  return {
    kind: 'llm',
    request: { system: [{ type: 'text', content: system }], messages: [...messages] },
    reply,
  }
}

const same = { status: 'completed', divergences: [], fidelity: { share: 1 } }

/** Two agents: the first hands over to the second, whose tool is given a text and shown as one. */
function handedOver(): Recording {
  const handoff = asks([['to_booking', {}]])
  const book = asks([['book', { seat: 'A1', row: 1 }]])
  const first = [user('Hi.')]
  const second = [...first, handoff.message, toolMessage('c1', 'to_booking', 'You book.', false)]
  const third = [...second, says('Which seat?').message, user('A1')]
  const fourth = [...third, book.message, toolMessage('c1', 'book', 'Booked: A1', false)]
  return recordingWith([
    turn('Hi.'),
    model(first, handoff),
    used('to_booking', {}, 'You book.', 'c1'),
    model(second, says('Which seat?'), 'Booking.'),
    turn('A1'),
    model(third, book, 'Booking.'),
    // The workflow gave its activity the arguments one by one, and showed the model a text of the result.
    used('book', ['A1', 1], { seat: 'A1' }, 'c1'),
    model(fourth, says('Done.'), 'Booking.'),
  ])
}

describe('the loop does as the recorded agent did', () => {
  it('with prompts that change at a handoff, arguments handed on otherwise, results shown otherwise', async () => {
    expect(await playing(loop(), handedOver())).toMatchObject({ ...same, output: 'Done.' })
  })

  it('but what it is told itself never changes', async () => {
    expect(await playing(loop({ system: 'Triage.' }), handedOver())).toMatchObject({
      status: 'aborted',
      divergences: [
        { step: 4, differences: [expect.objectContaining({ path: expect.stringContaining('messages[0]') })] },
      ],
    })
  })

  it('when the user spoke between a tool and the next request, or twice', async () => {
    const ask = asks([['look', {}]])
    const first = [user('One.'), user('Two.')]
    const second = [...first, ask.message, toolMessage('c1', 'look', 'seen', false), user('Hurry!')]
    const calls: Call[] = [
      turn('One.'),
      turn('Two.'),
      model(first, ask),
      turn('Hurry!'),
      used('look', {}, 'seen', 'c1'),
      model(second, says('Seen.')),
    ]
    expect(await playing(loop(), recordingWith(calls))).toMatchObject(same)
  })

  it('when it opened with its input, and the user spoke later', async () => {
    const reply = says('Which one?')
    const first = [user('Refund it.')]
    const calls = [
      model(first, reply),
      turn('W12'),
      model([...first, reply.message, user('W12')], says('Done.')),
    ]
    const given = { ...shopCase, input: { prompt: 'Refund it.', depth: [1, { of: 'x' }] } }
    expect(await playing(loop(), recordingWith(calls), { case: given })).toMatchObject(same)
  })

  it('and makes nothing of an output that is no view of what its model said', async () => {
    const calls = [turn('Hi.'), model([user('Hi.')], says('Hello.'))]
    const recording = { ...recordingWith(calls), output: 'User: Hi. Agent: Hello.' }
    expect(await playing(loop(), recording)).toMatchObject(same)
    // A function says what it says.
    const { divergences } = await playing(async () => 'Hello.', { ...recording, calls: [] })
    expect(divergences).toMatchObject([{ kind: 'output' }])
  })
})

describe('the conduct of a recording', () => {
  it('is known as often as it was recorded, and no more', () => {
    const conduct = conductOf(handedOver())
    expect(conduct.argumentsOf('book', { row: 1, seat: 'A1' })).toEqual(['A1', 1])
    expect(conduct.argumentsOf('book', { row: 1, seat: 'A1' })).toBeUndefined()
    expect(conduct.argumentsOf('book', { seat: 'B1' })).toBeUndefined()
    expect(conduct.shown('book', { response: { seat: 'A1' } })).toMatchObject({ response: 'Booked: A1' })
    expect(conduct.shown('book', { response: { seat: 'B1' } })).toBeUndefined()
    expect(conduct.after(['to_booking'])).toMatchObject({
      turns: 0,
      settings: { system: [{ content: 'Booking.' }] },
    })
    expect(conduct.after(['to_booking'])).toEqual({ waits: [], turns: undefined })
  })

  it('is nothing where there is nothing', () => {
    const conduct = conductOf({ calls: [] })
    expect(conduct.opening()).toEqual({ waits: [], turns: undefined, withInput: false })
    expect(conduct.after([])).toEqual({ waits: [], turns: undefined })
    expect([conduct.beforeTool('x'), conduct.textOf('x')]).toEqual([[], undefined])
  })

  it('says nothing of what follows a request that does not go on from the last', () => {
    const calls = [model([user('A')], says('a')), model([user('B')], says('b'))]
    expect(conductOf({ calls }).after([])).toEqual({ waits: [], turns: undefined })
  })
})
