import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ModelServer, modelServer, type Scripted } from '../../../test/capture/support/model-server.ts'
import { caseOf } from '../../dataset/promote.ts'
import { failureOf } from '../../dataset/testing/folder.ts'
import { textMessage } from '../../schema/message.ts'
import { gradeOf } from '../../schema/grade.ts'
import type { Outcome } from '../../schema/outcome.ts'
import { recordFrom } from '../../schema/read.ts'
import { recordingOf } from '../../schema/recording.ts'
import {
  asks,
  conversation,
  recordingWith,
  refund,
  says,
  turn,
  used,
} from '../../schema/testing/recordings.ts'
import { type Trace, trace as traceSchema } from '../../schema/trace.ts'
import { memoryStore } from '../../store/memory.ts'
import { fetch } from '../../tap/fetch.ts'
import { tool } from '../../tap/function.ts'
import { human } from '../../tap/human.ts'
import { modelAccessFrom } from '../live/access.ts'
import { type LiveModelsOptions, openLiveModels } from '../live/live-models.ts'
import { completion, json, key, world } from '../live/testing/world.ts'
import { peopleOf, readPersonRule } from '../people.ts'
import { type Play, play } from '../play.ts'
import { functionTarget } from '../targets/function.ts'
import { loop } from '../targets/loop.ts'
import { playing, shopCase } from '../testing/trials.ts'
import { type ForkSettings, type Forked, playFork } from './play-fork.ts'

/** Calls that really ran, which none may in a fork. */
let ran: string[] = []
const getOrder = tool(
  { name: 'get_order' },
  ({ order }: { order: string }) => {
    ran.push('get_order')
    return { order, status: 'delivered' }
  },
  { effect: 'read' },
)
const pay = tool(
  { name: 'refund' },
  ({ order }: { order: string }) => {
    ran.push('refund')
    return `refunded ${order}`
  },
  { effect: 'write' },
)

/** A support agent with the official client. */
async function support(question: string): Promise<string> {
  const client = new OpenAI({ apiKey: key, baseURL: `${server.origin}/v1`, fetch, maxRetries: 2 })
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: question }]
  for (;;) {
    const { choices } = await client.chat.completions.create({ model: 'small', messages })
    const message = choices[0]?.message
    if (message === undefined) throw new Error('no answer')
    messages.push(message)
    if (message.tool_calls === undefined) return message.content ?? ''
    for (const call of message.tool_calls) {
      if (call.type !== 'function') continue
      const given = JSON.parse(call.function.arguments) as { order: string }
      const result = await (call.function.name === 'refund' ? pay(given) : getOrder(given))
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) })
    }
  }
}

let server: ModelServer
let asked = 0
/** Requests that are turned away before one is answered. */
let busy = 0
beforeEach(async () => {
  ran = []
  asked = 0
  busy = 0
  server = await modelServer(({ body }) => {
    asked++
    if (busy-- > 0) return { status: 429, headers: json, chunks: ['{"error":{"message":"busy"}}'] }
    const { messages, model } = JSON.parse(body) as { messages: { content: string }[]; model: string }
    const last = messages.at(-1)?.content ?? ''
    if (model === 'large') return said('The larger model says no.')
    if (messages.length === 1) return asking('get_order', { order: 'W12' })
    if (last.includes('delivered')) return asking('refund', { order: 'W12' })
    return said(last.includes('"refunded W12"') ? 'We refunded W12.' : `Nothing to do: ${last}`)
  })
})
afterEach(() => server.close())

function said(text: string): Scripted {
  return { headers: json, chunks: [completion(text)] }
}

function asking(name: string, given: object): Scripted {
  const call = { id: `call_${name}`, type: 'function', function: { name, arguments: JSON.stringify(given) } }
  const message = { role: 'assistant', content: null, tool_calls: [call] }
  return {
    headers: json,
    chunks: [completion('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] })],
  }
}

const live = { mode: { llm: 'live', tools: 'recorded' } } as const

function models(over: Partial<LiveModelsOptions> = {}) {
  const access = modelAccessFrom({ OPENAI_BASE_URL: `${server.origin}/v1`, OPENAI_API_KEY: key })
  return openLiveModels({ ...world(), breaker: {}, mode: 'live', access, ...over }).forTrial()
}

/** The run that is forked: everything in it was live once. 1 model, 2 get_order, 3 model, 4 refund, 5 model. */
async function recorded(): Promise<Trace> {
  const replay = { mode: { llm: 'live', tools: 'live' }, models: models() } as const
  const { trace } = await playing(support, undefined, { replay })
  expect(ran).toEqual(['get_order', 'refund'])
  ran = []
  asked = 0
  return { ...trace, name: 'support' }
}

function trialOf(
  trace: Trace,
  more: Partial<Play> = {},
): Play & { recording: ReturnType<typeof recordingOf> } {
  return {
    target: functionTarget(support),
    case: caseOf(trace, 'refund'),
    trial: 0,
    recording: recordingOf(trace),
    user: 'none',
    timeoutMs: 5000,
    now: () => Date.UTC(2026, 0, 1),
    ...more,
  }
}

async function forked(
  parent: Trace,
  set: readonly string[],
  { from, ...more }: Partial<Play> & { from?: number } = {},
): Promise<Forked> {
  const settings: ForkSettings = { parent, set, from, read: () => '' }
  return playFork(trialOf(parent, more), settings)
}

const served = ({ trace }: Outcome): unknown[] => trace.spans.slice(1).map((span) => span.served)
const refunded = 'steps[2].result.status="refunded"'

describe('a fork', () => {
  it('keeps what was, serves what is set, and asks the model anew from there on', async () => {
    const parent = await recorded()
    const { outcome, story } = await forked(parent, [refunded], { replay: { ...live, models: models() } })
    expect(outcome).toMatchObject({ status: 'completed', divergences: [] })
    expect(outcome.output).toBe('Nothing to do: {"order":"W12","status":"refunded"}')
    expect(served(outcome)).toEqual(['exact', 'injected', 'live'])
    expect([asked, ran]).toEqual([1, []])
    expect(story).toMatchObject({
      parent: parent.id,
      forkedAt: 2,
      kept: 1,
      edits: [{ path: 'steps[2].result.status', was: 'delivered', value: 'refunded', reached: true }],
      after: { injected: 1, live: 1 },
      dropped: [
        { step: 3, what: 'model call' },
        { step: 4, what: 'tool refund' },
        { step: 5, what: 'model call' },
      ],
      ran: [],
      output: { was: 'We refunded W12.' },
    })
  })

  it('is a trace of its own, that is replayed offline byte for byte', async () => {
    const parent = await recorded()
    const { outcome, child } = await forked(parent, [refunded], { replay: { ...live, models: models() } })
    if (child === undefined) throw new Error('not saved')
    const store = memoryStore()
    await store.putTraces([parent, child])
    await server.close()
    const kept = recordFrom(traceSchema, JSON.parse(JSON.stringify(await store.getTrace(child.id))), {})
    expect(kept).toEqual(child)
    expect(kept.fork).toEqual({
      parent: parent.id,
      forkedAt: 2,
      edits: [{ path: 'steps[2].result.status', was: 'delivered', value: 'refunded' }],
    })
    expect(kept.name).toBe('support')
    expect(gradeOf(kept)).toEqual({ grade: 'A', missing: [] })
    const again = await play(trialOf(kept))
    expect(again).toMatchObject({ status: 'completed', output: outcome.output, divergences: [] })
    expect(again.fidelity).toMatchObject({ share: 1, counts: { exact: 3 } })
    expect(ran).toEqual([])
    // A fork of the fork: the same edit undone.
    const back = await forked(kept, ['steps[2].result.status="delivered"'])
    expect(back.outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
  })

  it('is the same trace whenever it is made of the same', async () => {
    const parent = await recorded()
    const first = await forked(parent, ['steps[3].reply="Wait."'], { from: 3 })
    const other = await forked(parent, ['steps[5].reply="Wait."'])
    const again = await forked(parent, ['steps[3].reply="Wait."'], { from: 3 })
    expect(first.child?.id).toBe(again.child?.id)
    expect(new Set([first.child?.id, other.child?.id, parent.id]).size).toBe(3)
  })

  it('tells of a model that had to be tried again only what its agent was given', async () => {
    const parent = await recorded()
    busy = 1
    const { child } = await forked(parent, [refunded], { replay: { ...live, models: models() } })
    expect(asked).toBe(2)
    expect(child?.spans.at(-1)).toMatchObject({
      served: 'live',
      attempts: [{ status: 200 }],
    })
    await server.close()
    if (child === undefined) throw new Error('not saved')
    expect(await play(trialOf(child))).toMatchObject({ fidelity: { share: 1 }, divergences: [] })
  })

  it('never serves the old future by position', async () => {
    const parent = await recorded()
    // The model asks for the refund of another order: the recorded refund was of W12.
    const { outcome } = await forked(parent, ['steps[3].arguments.order="W13"'])
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).toContain('tool refund is called with arguments the recording does not hold')
    expect(served(outcome)).toEqual(['exact', 'exact', 'injected', 'miss'])
  })

  it('serves what is recorded past the fork to whoever makes that very call', async () => {
    const parent = await recorded()
    const { outcome, story } = await forked(parent, [], { from: 3, replay: { ...live, models: models() } })
    expect(served(outcome)).toEqual(['exact', 'exact', 'live', 'exact', 'live'])
    expect(outcome.output).toBe('We refunded W12.')
    expect(story).toMatchObject({ kept: 2, edits: [], after: { live: 2, exact: 1 } })
    expect(story.dropped.map(({ step }) => step)).toEqual([3, 5])
    expect(ran).toEqual([])
  })

  it('sets what a call brings that comes later, too', async () => {
    const parent = await recorded()
    const lost = 'steps[4].result="it failed"'
    const { outcome, story } = await forked(parent, [lost], {
      from: 3,
      replay: { ...live, models: models() },
    })
    expect(outcome.output).toBe('Nothing to do: "it failed"')
    expect(story.edits).toMatchObject([{ step: 4, reached: true }])
    const missed = await forked(parent, [refunded, lost], { replay: { ...live, models: models() } })
    expect(missed.story.edits).toMatchObject([{ reached: true }, { reached: false }])
  })

  it('sets what a call brings, in whatever order it is made', async () => {
    const one = used('get_order', { order: 'W1' }, 'one')
    const two = used('get_order', { order: 'W2' }, 'two')
    const both = async (): Promise<string> => {
      const second = await getOrder({ order: 'W2' })
      return JSON.stringify([second, await getOrder({ order: 'W1' })])
    }
    const trial = {
      ...trialOf(await recorded()),
      case: shopCase,
      target: functionTarget(both),
      recording: recordingWith([one, two]),
    }
    const parent = { id: 't_p', name: 'p', attributes: {}, spans: [] } as unknown as Trace
    for (const from of [1, 2]) {
      const settings = { parent, from, set: ['steps[2].result="edited"'], read: () => '' }
      const { outcome } = await playFork(trial, settings)
      expect(outcome.output).toBe('["edited","one"]')
    }
  })

  it('says that a recorded model cannot know', async () => {
    const parent = await recorded()
    const { outcome, child } = await forked(parent, [refunded])
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).toContain('At step 3 the model is asked something else than in step 3')
    expect(outcome.reason).toContain('--llm live lets it answer anew')
    expect(child).toBeUndefined()
    expect(asked).toBe(0)
  })

  it('goes on where the recorded future answers the very request', async () => {
    const parent = await recorded()
    const { outcome, child } = await forked(parent, ['steps[5].reply="Done."'])
    expect(outcome).toMatchObject({ status: 'completed', output: 'Done.', divergences: [] })
    if (child === undefined) throw new Error('not saved')
    expect(gradeOf(child).grade).toBe('B')
    expect(await play(trialOf(child))).toMatchObject({ output: 'Done.', fidelity: { share: 1 } })
  })

  it('runs tools from there on where that is asked for, but none that is set', async () => {
    const parent = await recorded()
    const mode = { llm: 'live', tools: 'live' } as const
    const first = await forked(parent, [refunded], { replay: { mode, models: models() } })
    expect(first.outcome.output).toContain('"status":"refunded"')
    expect([first.story.ran, ran]).toEqual([[], []])
    const second = await forked(parent, ['steps[4].result="it failed"'], {
      from: 2,
      replay: { mode, models: models() },
    })
    expect(second.outcome.output).toBe('Nothing to do: "it failed"')
    expect(second.story).toMatchObject({ ran: ['get_order'], edits: [{ reached: true }] })
    expect(ran).toEqual(['get_order'])
  })

  it('notes the model and the prompt that were tried', async () => {
    const parent = await recorded()
    const overrides = { model: 'large', system: 'Refuse.' }
    const replay = { ...live, models: models({ overrides }) }
    const settings = { parent, from: 3, read: () => '', overrides }
    const { outcome, child } = await playFork(trialOf(parent, { replay }), settings)
    expect(outcome.output).toBe('The larger model says no.')
    expect(child).toMatchObject({
      fork: { forkedAt: 3, edits: [], ...overrides },
      versions: { model: 'large' },
    })
    if (child === undefined) throw new Error('not saved')
    expect(await play(trialOf(child))).toMatchObject({ divergences: [], fidelity: { share: 1 } })
  })
})

describe('the steps before a fork', () => {
  it('have to be the recorded ones', async () => {
    const parent = await recorded()
    const other = functionTarget(async (question: string) => support(`${question}!`))
    const replay = { ...live, models: models() }
    const { outcome, child } = await forked(parent, [], { from: 3, target: other, replay })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FORK_PREFIX', divergences: [{ step: 1 }] })
    expect(outcome.reason).toContain('The steps before the fork could not be reproduced: step 1.')
    expect(child).toBeUndefined()
    expect(asked).toBe(0)
  })

  it('are not those of an agent that reads once more, and no model is asked for it', async () => {
    const parent = await recorded()
    const other = functionTarget(async (question: string) => {
      await getOrder({ order: 'W12' })
      return support(question)
    })
    const replay = { ...live, models: models() }
    const { outcome } = await forked(parent, [], { from: 3, target: other, replay })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FORK_PREFIX' })
    expect(asked).toBe(0)
  })

  it('show an edit only from where they are left', async () => {
    const parent = await recorded()
    const { outcome } = await forked(parent, [refunded], { from: 4, replay: { ...live, models: models() } })
    expect(outcome).toMatchObject({ code: 'EVK_FORK_PREFIX' })
    expect(outcome.reason).toContain('steps[2].result.status was set before that')
    expect(outcome.reason).toContain('--from 3')
    expect(asked).toBe(0)
  })

  it('have to come to the fork', async () => {
    const parent = await recorded()
    const { outcome } = await forked(parent, [], { from: 5, target: functionTarget(() => 'Nothing.') })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FORK_PREFIX' })
    expect(outcome.reason).toContain('The run ended there.')
    expect(outcome).not.toHaveProperty('output')
  })
})

describe('a fork that cannot be meant', () => {
  it.each([
    [[], undefined, 'What is to be other?'],
    [[], 9, 'There is no step 9'],
    [[], 0, 'There is no step 0'],
    [['steps[5].reply="x"'], 2, 'what one said in step 5 is not said again'],
  ] as const)('%j from %s is refused before anything runs', async (set, from, what) => {
    const parent = await recorded()
    const error = await failureOf(() => forked(parent, set, from === undefined ? {} : { from }))
    expect(error).toMatchObject({
      code: 'EVK_FORK_INVALID',
      message: expect.stringContaining(what) as string,
    })
  })
})

describe('people in a fork', () => {
  const talk = (more: Partial<Play> = {}): Play & { recording: ReturnType<typeof refund> } => ({
    target: loop(),
    case: shopCase,
    trial: 0,
    recording: refund(),
    user: 'script',
    timeoutMs: 5000,
    now: () => Date.UTC(2026, 0, 1),
    ...more,
  })
  const parent = { id: 't_shop', name: 'shop', attributes: {}, spans: [] } as unknown as Trace
  const settings = { parent, read: () => '' }

  it('answer the same question', async () => {
    const { outcome } = await playFork(talk(), { ...settings, from: 3 })
    expect(outcome).toMatchObject({ status: 'completed', divergences: [] })
    expect(served(outcome)).toEqual(['exact', 'exact', 'exact', 'exact', 'exact'])
  })

  it('never answer what was made of it, though nobody noted what they were asked', async () => {
    const { outcome } = await playFork(talk(), { ...settings, set: ['steps[4].reply="Shall I burn it?"'] })
    expect(outcome).toMatchObject({ status: 'aborted', code: 'EVK_FIXTURE_MISS' })
    expect(outcome.reason).toContain('"user" is asked something else than in step 5')
  })

  it('say what is set', async () => {
    const { outcome, child } = await playFork(talk(), {
      ...settings,
      set: ['steps[5].reply="No. ###STOP###"'],
    })
    expect(outcome).toMatchObject({ status: 'completed' })
    if (child === undefined) throw new Error('not saved')
    const again = await play(talk({ recording: recordingOf(child) }))
    expect(again).toMatchObject({ divergences: [], fidelity: { share: 1 } })
    expect(again.trace.spans.at(-1)).toMatchObject({
      reply: { message: { parts: [{ content: 'No. ###STOP###' }] } },
    })
  })
})

describe('a fork that cannot be replayed', () => {
  it('is not saved: somebody in it never answered', async () => {
    const desk = async (): Promise<string> => {
      const said = await human('May I?', () => 'nobody').catch(() => 'silence')
      return `${said} ${JSON.stringify(await getOrder({ order: 'W12' }))}`
    }
    const reply = { message: textMessage('user', 'yes') }
    const calls = [
      { kind: 'human', request: { name: 'human', question: 'May I?' }, reply } as const,
      used('get_order', { order: 'W12' }, 'lost'),
    ]
    const recording = recordingWith(calls)
    const people = peopleOf([readPersonRule('timeout')], recording)
    const parent = { id: 't_p', name: 'p', attributes: {}, spans: [] } as unknown as Trace
    const { outcome, story, child } = await playFork(
      {
        target: functionTarget(desk),
        case: shopCase,
        trial: 0,
        recording,
        user: 'none',
        timeoutMs: 5000,
        now: () => 0,
        replay: { inject: people.inject },
      },
      { parent, set: ['steps[2].result="found"'], from: 1, read: () => '' },
    )
    expect(outcome).toMatchObject({ status: 'completed', output: 'silence "found"' })
    expect(child).toBeUndefined()
    expect(story.unsaved).toContain('missing is the reply of human span s2')
  })
})

describe('what is known of a parent', () => {
  it('is known of its child', async () => {
    const calls = conversation(
      [turn('Hi.'), { model: asks([['look', {}]]) }, used('look', {}, 'seen', 'c1'), { model: says('Bye.') }],
      { model: 'm' },
    )
    const dialogue = { opening: [], stopTexts: [], stopTools: [], user: true }
    const recording = recordingWith(calls, { dialogue })
    const spans = [
      { id: 's1', kind: 'llm', name: 'm', attributes: { 'evalkit.wire': 'anthropic-messages' } },
      { id: 's2', kind: 'tool', name: 'look', attributes: { 'evalkit.derived': true } },
    ]
    const parent = {
      id: 't_p',
      name: 'p',
      attributes: { 'evalkit.tapped': ['look'] },
      spans,
    } as unknown as Trace
    const trial = {
      target: loop({ api: 'anthropic-messages' }),
      case: shopCase,
      trial: 0,
      user: 'script',
    } as const
    const { child } = await playFork(
      { ...trial, recording, timeoutMs: 5000, now: () => 0 },
      { parent, from: 2, read: () => '' },
    )
    expect(child?.attributes).toEqual({ 'evalkit.tapped': ['look'] })
    expect(child?.spans.map(({ attributes }) => attributes)).toEqual([
      undefined,
      undefined,
      { 'evalkit.wire': 'anthropic-messages' },
      { 'evalkit.derived': true },
      { 'evalkit.wire': 'anthropic-messages' },
    ])
  })
})
