import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { ModelServer } from '../../../test/capture/support/model-server.ts'
import { failureOf } from '../../dataset/testing/folder.ts'
import { canonicalJson } from '../../lib/json.ts'
import { defaultReplayPolicy } from '../../schema/replay-policy.ts'
import {
  asks,
  conversation,
  recordings,
  recordingWith,
  refund,
  says,
  turn,
  used,
} from '../../schema/testing/recordings.ts'
import { human } from '../../tap/human.ts'
import type { PlayContext } from '../target.ts'
import { loop } from '../targets/loop.ts'
import { playing } from '../testing/trials.ts'
import { listener } from '../user.contract.ts'
import { script, type ScriptSettings } from './script.ts'
import { dialogueServer, type Lines, playingLive } from './testing/live-dialogue.ts'

let server: ModelServer | undefined
afterEach(() => server?.close())

/** The recorded agent asks whether to refund; the user says yes. */
const asked = 'It was delivered. Shall I refund it?'
const lookUp = { tool: 'get_order', arguments: { order: 'W12' } }

/** Plays the recorded refund with a live model that says these lines. */
async function live(agent: Lines['agent'], settings?: ScriptSettings, strict = false) {
  server = await dialogueServer({ agent, user: [] })
  return playingLive(server.origin, loop(), refund(), {
    user: script(settings),
    replay: { policy: { ...defaultReplayPolicy, strict } },
  })
}

describe('a scripted user, of live models', () => {
  it('answers the question they were asked', async () => {
    const outcome = await live([lookUp, asked])
    expect(outcome).toMatchObject({ status: 'completed', output: asked })
    expect(outcome.fidelity).toMatchObject({ share: 1, counts: { exact: 3, live: 2 } })
    expect(outcome.fidelity).not.toHaveProperty('firstOffTape')
  })

  it('does not answer another: both are shown, with what to do', async () => {
    const outcome = await live([lookUp, 'Shall I cancel it instead?'])
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).toBe(
      'At step 5 the agent says "Shall I cancel it instead?", and before step 5 of the recording it said ' +
        '"It was delivered. Shall I refund it?": the recorded turn is no answer to that; ' +
        'let a simulated user answer (user: simulated({ … })), or record the case anew.',
    )
    expect(outcome.divergences[0]?.differences).toEqual([
      { path: 'question', expected: asked, got: 'Shall I cancel it instead?' },
    ])
    expect(outcome.fidelity).toMatchObject({ share: 2 / 3, firstOffTape: 5 })
  })

  it('answers it all the same where they are told to: that, and all after it, is off the tape', async () => {
    const outcome = await live([lookUp, 'Shall I cancel it instead?'], { whenAskedAnew: 'answer' })
    expect(outcome).toMatchObject({ status: 'completed', output: 'Shall I cancel it instead?' })
    expect(outcome.fidelity).toEqual({
      share: 2 / 3,
      steps: 5,
      firstOffTape: 5,
      counts: { exact: 2, live: 2, 'stale-state': 1 },
    })
    const given = outcome.trace.spans.at(-1)
    expect(given).toMatchObject({
      kind: 'human',
      served: 'stale-state',
      attributes: { 'evalkit.served.step': 5 },
    })
  })

  it('counts nothing for what comes after, though it is on the tape', async () => {
    server = await dialogueServer({ agent: ['Which one?', lookUp, 'Sent.'], user: [] })
    const recording = recordingWith(
      conversation([
        turn('Where is it?'),
        { model: says('Which order?') },
        turn('W12.'),
        { model: asks([['get_order', { order: 'W12' }]]) },
        used('get_order', { order: 'W12' }, 'sent', 'c1'),
        { model: says('It was sent.') },
      ]),
    )
    const outcome = await playingLive(server.origin, loop({ model: 'small' }), recording, {
      user: script({ whenAskedAnew: 'answer' }),
    })
    expect(outcome).toMatchObject({ status: 'completed', output: 'Sent.' })
    expect(outcome.fidelity).toMatchObject({
      share: 1 / 3,
      firstOffTape: 3,
      counts: { exact: 2, 'stale-state': 1 },
    })
  })

  it('does not answer it under a strict policy', async () => {
    const outcome = await live([lookUp, 'Shall I cancel it?'], { whenAskedAnew: 'answer' }, true)
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
  })

  it('never answers for somebody who is asked for an approval', async () => {
    server = await dialogueServer({ agent: [], user: [] })
    const question = (text: string) => ({
      kind: 'human' as const,
      request: { name: 'approve', question: text },
    })
    const recording = recordingWith([{ ...question('Refund 18 USD?'), reply: turn('yes').reply }])
    const agent = () => human({ name: 'approve', question: 'Refund 1800 USD?' }, () => 'asked for real')
    const outcome = await playingLive(server.origin, agent, recording, {
      user: script({ whenAskedAnew: 'answer' }),
    })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).not.toContain('simulated')
  })

  it('shows what an agent says as one line that does nothing', async () => {
    const outcome = await live([lookUp, `\u001b[2J${'very '.repeat(100)}long\n::error::no`])
    expect(outcome.reason).not.toMatch(/[\p{Cc}]/u)
    expect(outcome.reason?.length).toBeLessThan(600)
  })
})

describe('a scripted user, of recorded models', () => {
  const whenAskedAnew = 'answer'

  it('changes nothing by what it is told to do for live ones', async () => {
    await fc.assert(
      fc.asyncProperty(recordings, async (recording) => {
        const [stop, answer] = [
          await playing(listener, recording, { user: script() }),
          await playing(listener, recording, { user: script({ whenAskedAnew }) }),
        ]
        expect(canonicalJson(answer)).toBe(canonicalJson(stop))
      }),
      { seed: 42, numRuns: 60 },
    )
  })

  it('is not asked a question that is known to be another', async () => {
    const known = { ...turn('Yes.'), request: { name: 'user', question: 'Refund it?' } }
    const agent = (_: unknown, { user }: PlayContext) =>
      user.next({ role: 'assistant', parts: [{ type: 'text', content: 'Cancel it?' }] })
    const outcome = await playing(agent, recordingWith([known]), { user: script({ whenAskedAnew }) })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
  })
})

describe('the settings of a scripted user', () => {
  it('are checked', async () => {
    const error = await failureOf(() => script({ whenAskedAnew: 'guess' } as unknown as ScriptSettings))
    expect(error.code).toBe('EVK_EVAL_INVALID')
    expect(error.message).toContain('whenAskedAnew: ')
  })

  it('are an identity only where they are not what everybody has', () => {
    expect(script().identity).toBeUndefined()
    expect(script({ whenAskedAnew: 'stop' }).identity).toBeUndefined()
    expect(script({ whenAskedAnew: 'answer' }).identity).toEqual({ kind: 'script', whenAskedAnew: 'answer' })
  })
})
