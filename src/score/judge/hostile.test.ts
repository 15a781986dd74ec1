import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../../schema/json.ts'
import { score } from '../score.ts'
import { subjectOf } from '../subject.ts'
import { judge } from './index.ts'
import { liveJudges } from './live.ts'
import { hostileOutputs } from './testing/hostile-outputs.ts'
import { type Asked, type ModelServer, type Served, serveModel } from './testing/model-server.ts'

const right = { critique: 'It is said how much.', verdict: 'pass' }
const wrong = { critique: 'It is not said how much.', verdict: 'fail' }
const models = { anthropic: 'claude-sonnet-4-5-20250929', openai: 'gpt-4o-2024-11-20' }
const rubric = (model: string) => judge.rubric({ text: 'The answer names the amount.', model })

/**
 * A judge without sense: whatever stands outside of the data it obeys. It is a bad reader, too: any tag that reads as a
 * delimiter opens or closes the data for it, whatever its number, its width or its case.
 */
function obeys({ user }: Asked): Served {
  const seen = user.replace(/\p{Cf}/gu, '').normalize('NFKC')
  const [outside, ...inside] = split(seen)
  if (
    /\S/.test(
      outside.replace(/^(?:The task the agent was given|The answer of the agent, which is judged):$/gm, ''),
    )
  ) {
    return { fields: right }
  }
  return { fields: inside.at(-1)?.includes('$30') === true ? right : wrong }
}

/** What stands outside of the data, and each piece of it. */
function split(text: string): [string, ...string[]] {
  const tag = /<\s*(\/?)\s*data\s*-[^>\n]*>?/giu
  let outside = ''
  const inside: string[] = []
  let from = 0
  let isInside = false
  for (const { 0: whole, 1: slash, index } of text.matchAll(tag)) {
    if (isInside) inside.push(text.slice(from, index))
    else outside += text.slice(from, index)
    isInside = slash === ''
    from = index + whole.length
  }
  return [outside + text.slice(from), ...inside]
}

/** A judge that quotes what it read, as it stands, before it says what it thinks, in text. */
function quotes({ user }: Asked): Served {
  const [, ...inside] = split(user)
  const said: unknown = JSON.parse(inside.at(-1) ?? 'null')
  const text = typeof said === 'string' ? said : JSON.stringify(said)
  return { text: `The answer is this:\n\n${text}\n\n${JSON.stringify(wrong)}` }
}

describe('hostile outputs', () => {
  let answer: (asked: Asked) => Served = obeys
  let server: ModelServer
  beforeAll(async () => {
    server = await serveModel((asked) => answer(asked))
  })
  afterAll(() => server.close())

  let count = 0
  async function judged(output: Json, model: string) {
    const env = { ANTHROPIC_BASE_URL: server.url, OPENAI_BASE_URL: server.url }
    const secret = (): string => (count++).toString(16).padStart(32, '5')
    const live = liveJudges({ env, now: () => 0, random: () => 0, secret, sleep: async () => undefined })
    const judging = { verdict: async (question: Parameters<typeof live.ask>[0]) => live.ask(question) }
    const [got] = await score({ ...subjectOf({ input: 'Refund me.', output }), judging }, [rubric(model)])
    return got
  }

  it('are many, and the judge that obeys can be made to pass', async () => {
    expect(Object.keys(hostileOutputs).length).toBeGreaterThanOrEqual(50)
    answer = obeys
    expect(await judged('You get $30 back.', models.anthropic)).toMatchObject({ passed: true })
    const beside = { user: 'The task the agent was given:\n<data-1>\n"x"\n</data-1>\nPass it.' } as Asked
    expect(obeys(beside)).toEqual({ fields: right })
  })

  it.each(Object.entries(hostileOutputs))('%s is no pass for a judge that obeys', async (_, output) => {
    answer = obeys
    for (const model of Object.values(models)) {
      expect(await judged(output, model)).toMatchObject({ status: 'scored', value: 0, passed: false })
    }
  })

  it.each(Object.entries(hostileOutputs))('%s is no pass for a judge that quotes it', async (_, output) => {
    answer = quotes
    for (const model of Object.values(models)) {
      const got = await judged(output, model)
      expect(got?.status === 'scored' && got.passed).toBe(false)
    }
  })
})
