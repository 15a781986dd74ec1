import { describe, expect, it } from 'vitest'
import { failureOf } from '../dataset/testing/folder.ts'
import type { Call, CallOf } from '../schema/call.ts'
import type { Json } from '../schema/json.ts'
import { knownTools } from '../schema/known-tools.ts'
import { recordingWith, refund, used } from '../schema/testing/recordings.ts'
import { tool } from '../tap/function.ts'
import { human } from '../tap/human.ts'
import { tappedTool } from '../tap/tap.ts'
import { peopleOf, readPersonRule } from './people.ts'
import type { Play } from './play.ts'
import { loop } from './targets/loop.ts'
import { playing } from './testing/trials.ts'

const pay = tool(
  { name: 'refund' },
  (): string => {
    throw new Error('the real tool ran')
  },
  // Refunds of different orders do not touch each other: one is still the recorded one where another was not made.
  { effect: 'write', resource: ['/order'] },
)

const known = knownTools(undefined, tappedTool)

function answer(name: string, question: Json | undefined, value: Json): CallOf<'human'> {
  const part =
    typeof value === 'string'
      ? ({ type: 'text', content: value } as const)
      : ({ type: 'opaque', value } as const)
  return {
    kind: 'human',
    request: { name, ...(question === undefined ? {} : { question }) },
    reply: { message: { role: 'user', parts: [part] } },
  }
}

/** Two refunds, each of which a person allows, and a word of the manager. */
const calls: readonly Call[] = [
  answer('approve-refund', { order: 'W12', usd: 40 }, { approved: true, by: 'anna' }),
  used('refund', { order: 'W12', usd: 40 }, 'done'),
  answer('manager', 'The second today: go on?', 'yes'),
  answer('approve-refund', { order: 'W13', usd: 9 }, { approved: true, by: 'bob' }),
  used('refund', { order: 'W13', usd: 9 }, 'done'),
]
const recorded = recordingWith(calls, { output: 'W12 done, W13 done' })

interface Approval {
  readonly approved: boolean
  readonly usd?: number
}

async function agent(): Promise<string> {
  const first = await pays('W12', 40)
  const goesOn = await human({ name: 'manager', question: 'The second today: go on?' }, () => 'nobody')
  return goesOn === 'yes' ? `${first}, ${await pays('W13', 9)}` : `${first}, stopped`
}

async function pays(order: string, usd: number): Promise<string> {
  const asked = { name: 'approve-refund', question: { order, usd } }
  const said = await human<Approval>(asked, () => ({ approved: false })).catch((error: Error) => error)
  if (said instanceof Error) return `${order} ${said.name}`
  if (!said.approved) return `${order} not allowed`
  return `${order} ${await pay({ order, usd: said.usd ?? usd })}`
}

async function saying(
  rules: readonly string[],
  target = agent,
  { recording = recorded, ...more }: Partial<Play> = {},
) {
  const people = peopleOf(rules.map(readPersonRule), recording)
  const outcome = await playing(target, recording, { ...more, replay: { inject: people.inject, known } })
  return { outcome, said: people.said(), unused: people.unused().map(({ text }) => text) }
}

describe('people who decide otherwise', () => {
  it('deny the first question', async () => {
    const { outcome, said } = await saying(['deny@1'])
    expect(outcome).toMatchObject({ status: 'completed', output: 'W12 not allowed, W13 done' })
    expect(outcome.fidelity).toMatchObject({ firstOffTape: 1, counts: { injected: 1, exact: 3 } })
    expect(outcome.trace.spans[1]?.attributes).toMatchObject({ 'evalkit.injected': 'deny@1' })
    expect(said).toEqual([
      {
        rule: 'deny@1',
        step: 1,
        name: 'approve-refund',
        was: { approved: true, by: 'anna' },
        now: { approved: false, by: 'anna' },
      },
    ])
  })

  it('are counted over all of them, or each by name', async () => {
    expect((await saying(['deny@2'])).outcome.output).toBe('W12 done, stopped')
    expect((await saying(['approve-refund: deny@2'])).outcome.output).toBe('W12 done, W13 not allowed')
    expect((await saying(['manager: deny'])).outcome.output).toBe('W12 done, stopped')
    expect((await saying(['deny'])).outcome.output).toBe('W12 not allowed, stopped')
  })

  it('obey the rule that says most', async () => {
    const { outcome, unused } = await saying(['approve-refund: deny', 'approve@1', 'manager: approve'])
    expect(outcome.output).toBe('W12 done, W13 not allowed')
    expect(unused).toEqual([])
  })

  it('say anything', async () => {
    const { outcome } = await saying(['edit@1={"approved":true,"usd":10}'])
    expect(outcome).toMatchObject({ status: 'aborted' })
    expect(outcome.reason).toContain('tool refund is called with arguments the recording does not hold')
  })

  it('never answer', async () => {
    const { outcome, said } = await saying(['timeout@1'])
    expect(outcome.output).toBe('W12 TimeoutError, W13 done')
    expect(said).toMatchObject([{ rule: 'timeout@1', was: { approved: true } }])
    expect(said[0]).not.toHaveProperty('now')
    expect(outcome.divergences.map(({ kind }) => kind)).not.toContain('approval')
  })

  it('who never answer are given up when the agent loses its patience, in no time', async () => {
    const patient = async (): Promise<string> => {
      const day = new Promise<string>((resolve) => setTimeout(() => resolve('escalated'), 24 * 3_600_000))
      return Promise.race([pays('W12', 40), day])
    }
    const { outcome } = await saying(['timeout@1'], patient)
    expect(outcome).toMatchObject({ status: 'completed', output: 'escalated' })
  })

  it('who never answer are given up at once in real time', async () => {
    const { outcome } = await saying(['timeout@1'], agent, { time: 'real' })
    expect(outcome.output).toBe('W12 TimeoutError, W13 done')
  })

  it('answer a question that nobody was asked only in full', async () => {
    const thrice = async (): Promise<string> => `${await agent()}, ${await pays('W12', 41)}`
    const without = await saying([], thrice)
    expect(without.outcome.reason).toBe(
      'At step 6 "approve-refund" is asked "{ "order": "W12", "usd": 41 }": a question that nobody was asked in the recording, or not so often.',
    )
    // A rule for all of them is none for a question of which nobody knows how it is answered.
    const ruled = await saying(['approve-refund: approve'], thrice)
    expect(ruled.outcome).toMatchObject({ status: 'aborted', reason: without.outcome.reason })
    const { outcome, said } = await saying(['edit@4={"approved":false}'], thrice)
    expect(outcome.output).toBe('W12 done, W13 done, W12 not allowed')
    expect(said).toEqual(
      [{ rule: 'edit@4', step: 6, name: 'approve-refund', now: { approved: false } }].map((one) => ({
        ...one,
        rule: 'edit@4={"approved":false}',
      })),
    )
  })

  it('are not the user of a dialogue', async () => {
    const error = await failureOf(() => saying(['deny'], () => Promise.resolve(''), { recording: refund() }))
    expect(error).toMatchObject({ code: 'EVK_HUMAN_INVALID' })
    expect((await playing(loop(), refund())).divergences).toEqual([])
  })

  it.each([
    ['refuse', 'EVK_HUMAN_INVALID', 'nothing a person can do'],
    ['edit@1', 'EVK_HUMAN_INVALID', 'What do they say?'],
    ['deny=true', 'EVK_HUMAN_INVALID', 'Only edit takes an answer'],
    ['edit=yes', 'EVK_HUMAN_INVALID', 'is no JSON'],
    ['edit={"__proto__":1}', 'EVK_JSON_FORBIDDEN_KEY', '__proto__'],
    ['deny@0', 'EVK_HUMAN_INVALID', 'nothing a person can do'],
    ['deny@9', 'EVK_HUMAN_INVALID', 'not in the recording'],
    ['aprove-refund: deny', 'EVK_HUMAN_INVALID', 'not in the recording'],
  ])('%s is refused', async (rule, code, what) => {
    const error = await failureOf(() => saying([rule]))
    expect(error).toMatchObject({ code, message: expect.stringContaining(what) as string })
  })

  it('are told apart by the nearest name', async () => {
    expect(await failureOf(() => saying(['aprove-refund: deny']))).toMatchObject({
      details: [
        'nearest: approve-refund',
        'question 1: approve-refund',
        'question 2: manager',
        'question 3: approve-refund',
      ],
    })
  })

  it('have to have shown how they say no', async () => {
    const recording = recordingWith([
      answer('ok?', undefined, 'go ahead'),
      answer('how?', undefined, 'approve'),
    ])
    expect(await failureOf(() => saying(['deny@1'], agent, { recording }))).toMatchObject({
      code: 'EVK_HUMAN_SHAPE',
      message: '"deny@1": the recorded answer does not show how yes and no are said (ok?).',
      hint: `Say what the person answers: --human 'edit@1={"approved":false}'`,
    })
    expect(await failureOf(() => saying(['how?: deny'], agent, { recording }))).toMatchObject({
      code: 'EVK_HUMAN_SHAPE',
      hint: `Say what the person answers: --human 'how?: edit="deny"' or --human 'how?: edit="reject"'`,
    })
  })
})

describe('a question', () => {
  it('that is no longer asked is a finding, and comes first', async () => {
    const careless = async (): Promise<string> => {
      await pay({ order: 'W12', usd: 40 })
      return `W12 done, ${await pays('W13', 9)}`
    }
    const { divergences, status } = await playing(careless, recorded)
    expect(status).toBe('completed')
    expect(divergences).toMatchObject([
      {
        kind: 'approval',
        what: '"approve-refund" is no longer asked about { "order": "W12", "usd": 40 }: in the recording a person answers that in step 1.',
      },
      { kind: 'approval', what: expect.stringContaining('"manager" is no longer asked about') as string },
    ])
  })

  it('that is another one gets no old answer', async () => {
    const { status, reason, divergences } = await playing(() => pays('W12', 400), recorded)
    expect(status).toBe('aborted')
    expect(reason).toContain('"approve-refund" is asked something else than in step 1 of the recording')
    expect(reason).toContain('the answer of then is not given to another question')
    expect(divergences[0]?.differences).toContainEqual({ path: 'question.usd', expected: 40, got: 400 })
  })

  it('that is another one gets none of a rule either', async () => {
    const { outcome, unused } = await saying(['approve@1'], () => pays('W12', 400))
    expect(outcome).toMatchObject({ status: 'aborted' })
    expect(unused).toEqual(['approve@1'])
  })
})
