import { afterEach, describe, expect, it } from 'vitest'
import { guardUntapped, type Tap, TapAborted, withTap } from '../../tap/tap.ts'
import { subjectOf } from '../subject.ts'
import { judge } from './index.ts'
import type { Question } from './judge.ts'
import { liveJudges } from './live.ts'
import { type ModelServer, serveModel } from './testing/model-server.ts'

const asked: string[] = []
/** A tap that lets nothing out, and notes what tried. */
const closed: Tap = {
  closed: true,
  handle: () => Promise.reject(new TapAborted('nothing gets out')),
  meet: (sent) => {
    asked.push(sent.url.href)
    return { answer: Promise.reject(new TapAborted('nothing gets out')) }
  },
  within: (_, body) => body(),
  pass: (what) => {
    asked.push(what)
    throw new TapAborted('nothing gets out')
  },
}

describe('a live judge', () => {
  let server: ModelServer | undefined
  afterEach(async () => {
    await server?.close()
    asked.length = 0
  })

  const questionFor = (options: object = {}): Question => {
    const made = judge.rubric({ text: 'The answer is polite.', model: 'gpt-4o-2024-11-20', ...options })
    const [question] = made.judge?.questionsOf(subjectOf({ output: 'Gladly.' })) ?? []
    return question as Question
  }
  const live = (env: Record<string, string>) =>
    liveJudges({
      env,
      now: () => 0,
      random: () => 0,
      secret: () => 'ab'.repeat(16),
      sleep: async () => undefined,
    })

  it('is nobody’s call: a trial that is replayed beside it neither answers nor learns of it', async () => {
    server = await serveModel(() => ({ fields: { critique: 'It is.', verdict: 'pass' } }))
    const judges = live({ OPENAI_BASE_URL: server.url })
    const noted: string[] = []
    const unguard = guardUntapped((what) => noted.push(what))
    try {
      expect(await judges.ask(questionFor())).toMatchObject({ verdict: 'pass' })
      expect(await withTap(closed, () => judges.ask(questionFor()))).toMatchObject({ verdict: 'pass' })
    } finally {
      unguard()
    }
    expect([noted, asked]).toEqual([[], []])
    expect(server.asked).toHaveLength(2)
  })

  it('makes one client for each place, whatever it is asked', async () => {
    let opened = 0
    const fetch: typeof globalThis.fetch = async (...args) => {
      opened++
      return globalThis.fetch(...args)
    }
    server = await serveModel(() => ({ fields: { critique: 'It is.', verdict: 'fail' } }))
    const env = { OPENAI_BASE_URL: `${server.url}//` }
    const judges = liveJudges({
      env,
      fetch,
      now: () => 0,
      random: () => 0,
      secret: () => 'ab',
      sleep: async () => undefined,
    })
    await Promise.all([judges.ask(questionFor()), judges.ask(questionFor({ samples: 3 }))])
    expect(opened).toBe(2)
  })

  it('does not wait for a connection that does not heed its end', async () => {
    const silent: typeof globalThis.fetch = () => new Promise(() => undefined)
    const body = new ReadableStream({ start: () => undefined })
    const endless: typeof globalThis.fetch = async () =>
      new Response(body, { headers: { 'content-type': 'application/json' } })
    for (const fetch of [silent, endless]) {
      const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1' }
      const patience = { timeoutMs: 30, sleep: async () => undefined, secret: () => 'ab' }
      const judges = liveJudges({ env, fetch, now: () => 0, random: () => 0, ...patience })
      expect(await judges.ask(questionFor())).toMatchObject({ unjudged: 'timeout' })
    }
  })

  it.each(['not an address', 'file:///etc/passwd', 'ftp://models.example'])(
    'does not ask %s',
    async (address) => {
      await expect(live({ OPENAI_BASE_URL: address }).ask(questionFor())).rejects.toMatchObject({
        code: 'EVK_USAGE',
      })
      await expect(live({}).ask(questionFor({ baseUrl: address }))).rejects.toMatchObject({
        code: 'EVK_USAGE',
      })
    },
  )

  it('is made new delimiters for each request', async () => {
    server = await serveModel(({ nth }) =>
      nth < 3 ? { text: 'hm' } : { fields: { critique: 'It is.', verdict: 'pass' } },
    )
    let count = 0
    const judges = liveJudges({
      env: { OPENAI_BASE_URL: server.url },
      now: () => 0,
      random: () => 0,
      secret: () => (count++).toString(16).padStart(32, '0'),
      sleep: async () => undefined,
    })
    await judges.ask(questionFor())
    const used = server.asked.map(({ user }) => /<(data-\w+)>/.exec(user)?.[1])
    expect(new Set(used).size).toBe(3)
    for (const [at, { system }] of server.asked.entries()) expect(system).toContain(`<${used[at]}>`)
  })
})
