import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { type ModelServer, modelServer } from '../../../test/capture/support/model-server.ts'
import { knownTools } from '../../schema/known-tools.ts'
import { recordingWith, refund, used } from '../../schema/testing/recordings.ts'
import { fetch } from '../../tap/fetch.ts'
import { tool } from '../../tap/function.ts'
import { modelAccessFrom } from '../live/access.ts'
import { openLiveModels } from '../live/live-models.ts'
import { completion, json, key, world } from '../live/testing/world.ts'
import { play } from '../play.ts'
import { commandTarget } from '../targets/command.ts'
import { functionTarget } from '../targets/function.ts'
import { loop } from '../targets/loop.ts'
import { none } from '../users/none.ts'
import { script } from '../users/script.ts'
import { shopCase } from '../testing/trials.ts'
import { playFaulted } from './play-faulted.ts'
import { readRule } from './schedule.ts'
import { faultVerdict } from './verdict.ts'

const base = { case: shopCase, trial: 0, user: none(), timeoutMs: 20_000, now: () => 0 }
const known = knownTools()

describe('a program in another language', () => {
  /** Calls its tool, and calls it again as long as it fails; through HTTP alone. */
  const program = `
const { EVALKIT_TOOL_URL, EVALKIT_TRACE_URL } = process.env
const post = (url, body) => fetch(url, { method: 'POST', body: JSON.stringify(body) })
for (;;) {
  const answer = await post(EVALKIT_TOOL_URL + '/get_order', { arguments: { order: 'W12' } })
  const told = await answer.json()
  if (told.isError) continue
  await post(EVALKIT_TRACE_URL + '/end', { output: told.response })
  break
}
`
  const target = commandTarget({ command: [process.execPath, '--input-type=module', '-e', program] })
  const recording = recordingWith([used('get_order', { order: 'W12' }, 'sent')], { output: 'sent' })

  it('meets faults as its tools have them, and is ended where it never gives up', async () => {
    const clean = await play({ ...base, target, recording })
    expect(clean).toMatchObject({ status: 'completed', output: 'sent' })
    const word = async (rule: string): Promise<string> => {
      const { outcome, injected } = await playFaulted(
        { ...base, target, recording },
        { rules: [readRule(rule)] },
      )
      return faultVerdict({ clean, faulted: outcome, injected, known }).word
    }
    expect(await word('get_order@1: 503 x2')).toBe('survived')
    expect(await word('get_order: timeout')).toBe('crashed')
  }, 30_000)
})

describe('the built-in loop', () => {
  it('has no HTTP, so that nothing of its model fails, and is not decided where a tool does', async () => {
    const trial = { ...base, user: script(), target: loop(), recording: refund() }
    const clean = await play(trial)
    expect(clean).toMatchObject({ status: 'completed', divergences: [] })
    const model = await playFaulted(trial, { rules: [readRule('model: 503')] })
    expect(model).toMatchObject({ injected: [], outcome: { status: 'completed' } })
    const { outcome, injected } = await playFaulted(trial, { rules: [readRule('get_order: 503')] })
    expect(faultVerdict({ clean, faulted: outcome, injected, known }).word).toBe('not decided')
  })
})

describe('a model that is live', () => {
  let server: ModelServer | undefined
  afterEach(() => server?.close())

  it('fails as it is told to before it is asked, and is shown what tools bring with a fault', async () => {
    const shown: string[] = []
    server = await modelServer(({ body }) => {
      shown.push(body)
      return {
        headers: json,
        chunks: [completion(body.includes('503') ? 'I could not look it up.' : 'Fine.')],
      }
    })
    const { origin } = server
    const getOrder = tool({ name: 'get_order' }, (given: object): string => JSON.stringify(given))
    async function support() {
      const client = new OpenAI({ apiKey: 'x', baseURL: `${origin}/v1`, fetch })
      const status = await getOrder({ order: 'W12' }).catch((error: unknown) => String(error))
      const messages = [{ role: 'user' as const, content: `Where is W12? ${status}` }]
      const { choices } = await client.chat.completions.create({ model: 'small', messages })
      return choices[0]?.message.content ?? ''
    }
    const trial = () => {
      const access = modelAccessFrom({ OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: key })
      const models = openLiveModels({ ...world(), breaker: {}, mode: 'live', access }).forTrial()
      return {
        ...base,
        target: functionTarget(support),
        recording: recordingWith([used('get_order', { order: 'W12' }, 'sent')]),
        replay: { known, models, mode: { llm: 'live', tools: 'recorded' } as const },
      }
    }
    const clean = await play(trial())
    expect(clean).toMatchObject({ status: 'completed', output: 'Fine.' })
    const rules = ['get_order: 503', 'model@1: 529 x2'].map(readRule)
    const { outcome, injected } = await playFaulted(trial(), { rules })
    expect(injected).toMatchObject([
      { place: 'tool', recovered: false },
      { place: 'model', times: 2, recovered: true },
    ])
    expect(faultVerdict({ clean, faulted: outcome, injected, known })).toEqual({
      word: 'degraded',
      why: 'it answers that something did not work',
    })
    // The provider was asked once in each trial: what failed never left the process.
    expect(shown).toHaveLength(2)
  })
})
