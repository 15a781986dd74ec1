import { afterEach, describe, expect, it } from 'vitest'
import { EvalkitError } from '../../../schema/errors.ts'
import { judgeOf } from '../define-judge.ts'
import { judge as judges } from '../index.ts'
import type { Question, Verdict } from '../judge.ts'
import { liveJudges, type LiveJudgesOptions } from '../live.ts'
import { type ModelServer, type Served, serveModel } from '../testing/model-server.ts'
import { subjectOf } from '../../subject.ts'
import type { JudgeProvider } from './model.ts'

const good = { critique: 'The amount is named.', verdict: 'pass' }
const bad = { critique: 'No amount is named.', verdict: 'fail' }

/**
 * What every provider keeps to, through its real client against a real server: what is asked, what comes of each way to
 * answer, and what is asked again.
 */
export function describeProvider(provider: JudgeProvider, model: string): void {
  describe(`judges of ${provider.title}`, () => {
    let server: ModelServer | undefined
    let waits: number[] = []
    afterEach(async () => {
      await server?.close()
      server = undefined
      waits = []
    })

    const question = (options: object = {}): Question => {
      const made = judgeOf(judges.rubric.definition, {
        text: 'The answer names the amount.',
        model,
        provider: provider.name,
        ...options,
      })
      const [only] =
        made.judge?.questionsOf(subjectOf({ input: 'Refund me.', output: 'You get $30 back.' })) ?? []
      return only as Question
    }

    /** Asks with a script: one answer a request, and the last for all that follow. */
    async function ask(
      script: readonly [Served, ...Served[]],
      options: Partial<LiveJudgesOptions> = {},
      given: object = {},
    ): Promise<Verdict> {
      server = await serveModel(({ nth }) => script[nth - 1] ?? (script.at(-1) as Served))
      const live = liveJudges({
        env: { [provider.keyName]: 'key-of-a-test', [provider.baseUrlName]: server.url },
        now: () => 0,
        random: () => 0.5,
        secret: () => '00112233445566778899aabbccddeeff',
        sleep: async (ms) => {
          waits.push(ms)
        },
        timeoutMs: 5000,
        ...options,
      })
      return live.ask(question(given))
    }
    const requests = (): number => server?.asked.length ?? 0

    it('asks with the instruction as the system and the data as the user, and sets no temperature', async () => {
      const verdict = await ask([{ fields: good }])
      expect(verdict).toEqual({
        verdict: 'pass',
        critique: 'The amount is named.',
        model,
        usage: { input: 200, cacheRead: 0, cacheWrite: 0, output: 20 },
        tries: 1,
        recorded: false,
      })
      const [asked] = server?.asked ?? []
      expect(asked).toMatchObject({ provider: provider.name, model })
      expect(asked?.system).toContain('The answer names the amount.')
      expect(asked?.system).not.toContain('You get $30 back.')
      expect(asked?.user).toContain('"You get $30 back."')
      expect(asked?.user).not.toContain('verdict')
      expect(Object.keys(asked?.body ?? {})).not.toContain('temperature')
      expect(JSON.stringify(asked?.headers)).toContain('key-of-a-test')
      expect(JSON.stringify(asked?.body).search('"critique"')).toBeGreaterThan(0)
    })

    it('hands on parameters under their own names', async () => {
      await ask([{ fields: bad }], {}, { parameters: { temperature: 0, max_tokens: 77 } })
      expect(server?.asked[0]?.body).toMatchObject({ temperature: 0, max_tokens: 77 })
    })

    it('asks where the judge says rather than where the environment does', async () => {
      const other = await serveModel(() => ({ fields: bad }))
      expect(await ask([{ fields: good }], {}, { baseUrl: other.url })).toMatchObject({ verdict: 'fail' })
      expect(requests()).toBe(0)
      await other.close()
    })

    it.each<[string, Served, object]>([
      [
        'fenced JSON',
        { text: `Here it is:\n\`\`\`json\n${JSON.stringify(good)}\n\`\`\`` },
        { verdict: 'pass' },
      ],
      ['prose before JSON', { text: `I looked closely.\n${JSON.stringify(bad)}` }, { verdict: 'fail' }],
      [
        'an abstention',
        { fields: { critique: 'It is not said.', verdict: 'cannot tell' } },
        { unjudged: 'abstain' },
      ],
      ['a refusal', { refusal: 'I cannot help with that.' }, { unjudged: 'refusal' }],
    ])('takes %s for what it is, at once', async (_, served, expected) => {
      const verdict = await ask([served])
      expect(verdict).toMatchObject(expected)
      expect(requests()).toBe(1)
    })

    it.each<[string, Served, object]>([
      ['prose alone', { text: 'I would say that it passes.' }, { unjudged: 'parse' }],
      ['nothing', { text: '' }, { unjudged: 'parse' }],
      ['another word', { fields: { ...good, verdict: 'compliant' } }, { unjudged: 'schema' }],
      [
        'another language',
        { fields: { critique: 'Der Betrag steht da.', verdict: 'bestanden' } },
        { unjudged: 'schema' },
      ],
      [
        'another script',
        { text: JSON.stringify({ critique: '金额已说明。', verdict: '通过' }) },
        { unjudged: 'schema' },
      ],
      ['a wrong schema', { fields: { passed: true, score: 1 } }, { unjudged: 'schema' }],
      ['no critique', { fields: { verdict: 'pass' } }, { unjudged: 'schema' }],
      ['a list', { text: JSON.stringify([good]) }, { unjudged: 'schema' }],
      ['an answer cut at the limit', { cutText: JSON.stringify(good) }, { unjudged: 'parse' }],
    ])('asks twice again for %s, and then has no verdict', async (_, served, expected) => {
      expect(await ask([served])).toMatchObject({
        ...expected,
        why: expect.stringContaining('after 3 requests'),
      })
      expect(requests()).toBe(3)
      expect(await ask([served, { fields: good }])).toMatchObject({ verdict: 'pass', tries: 2 })
    })

    it('shows the word that is none', async () => {
      expect(await ask([{ fields: { ...good, verdict: 'compliant' } }])).toMatchObject({
        why: expect.stringContaining('"compliant"'),
      })
    })

    it('does not ask a judge that refuses until it passes', async () => {
      expect(await ask([{ refusal: 'No.' }, { fields: good }])).toMatchObject({ unjudged: 'refusal' })
      expect(requests()).toBe(1)
    })

    it('waits as long as a 429 asks, and has no verdict when it stays', async () => {
      const busy = { status: 429, headers: { 'retry-after': '7' } }
      expect(await ask([busy, { fields: good }])).toMatchObject({ verdict: 'pass', tries: 2 })
      expect(waits).toEqual([7000])
      waits = []
      expect(await ask([busy])).toMatchObject({ unjudged: 'rate limit' })
      expect(requests()).toBe(3)
      expect(waits).toEqual([7000, 7000])
    })

    it.each([
      [{ 'retry-after-ms': '250' }, 250],
      [{ 'retry-after': '1.5' }, 1500],
      [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:05 GMT' }, 5000],
      [{ 'retry-after': 'Wed, 31 Dec 1969 23:59:00 GMT' }, 0],
      [{ 'retry-after': 'soon' }, 500],
    ])('reads %j', async (headers, wait) => {
      expect(await ask([{ status: 429, headers }, { fields: good }])).toMatchObject({ verdict: 'pass' })
      expect(waits).toEqual([wait])
    })

    it('does not wait for an hour, nor for an account that is empty', async () => {
      expect(await ask([{ status: 429, headers: { 'retry-after': '3600' } }])).toMatchObject({
        unjudged: 'rate limit',
        why: expect.stringContaining('3600 s'),
      })
      expect(requests()).toBe(1)
      expect(await ask([{ status: 429, error: 'insufficient_quota' }])).toMatchObject({
        unjudged: 'rate limit',
      })
      expect(requests()).toBe(1)
      expect(waits).toEqual([])
    })

    it.each([408, 409, 500, 503, 529])('asks again after %i', async (status) => {
      expect(await ask([{ status }, { status }, { fields: bad }])).toMatchObject({
        verdict: 'fail',
        tries: 3,
      })
      expect(await ask([{ status }])).toMatchObject({ unjudged: 'provider' })
      expect(requests()).toBe(3)
      expect(waits).toEqual([500, 1000, 500, 1000])
    })

    it.each([400, 401, 403, 404, 301])('does not ask again after %i', async (status) => {
      const away = { status, headers: { location: 'http://127.0.0.1:1/' } }
      expect(await ask([away])).toMatchObject({ unjudged: 'provider' })
      expect(requests()).toBe(1)
    })

    it('does not repeat a key that its provider repeats', async () => {
      const error = 'Incorrect API key provided: key-of-a-test.'
      expect(await ask([{ status: 401, error }])).toMatchObject({
        unjudged: 'provider',
        why: expect.stringContaining('Incorrect API key provided: [key].'),
      })
    })

    it('asks again for half an answer, and for what is no answer', async () => {
      const half = JSON.stringify(good).slice(0, 20)
      for (const served of [
        { broken: half },
        { raw: half },
        { raw: '{}' },
        { raw: '<html>' },
        { raw: 'null' },
      ]) {
        expect(await ask([served, { fields: good }])).toMatchObject({ verdict: 'pass', tries: 2 })
        expect(await ask([served])).toMatchObject({ unjudged: 'provider' })
        expect(requests()).toBe(3)
      }
    })

    it.each(['head', 'body'] as const)('does not wait for ever for the %s of an answer', async (silence) => {
      expect(await ask([{ silence }], { timeoutMs: 60 })).toMatchObject({ unjudged: 'timeout' })
      expect(requests()).toBe(1)
    })

    it('ends with the run', async () => {
      const run = new AbortController()
      const asking = ask([{ silence: 'body' }], { signal: run.signal })
      const ended = asking.then(String, String)
      while (requests() === 0) await new Promise((resolve) => setImmediate(resolve))
      run.abort(new Error('the run is over'))
      expect(await ended).toBe('Error: the run is over')
    })

    it('cannot be asked where nobody answers', async () => {
      server = await serveModel(() => ({ fields: good }))
      const { url } = server
      await server.close()
      const live = liveJudges({
        env: { [provider.baseUrlName]: url },
        now: () => 0,
        random: () => 0.5,
        secret: () => 'abababababababab',
        sleep: async () => undefined,
      })
      expect(await live.ask(question())).toMatchObject({
        unjudged: 'provider',
        why: expect.stringContaining('connection failed'),
      })
    })

    it('needs a key where the provider itself is asked', async () => {
      const options = { now: () => 0, random: () => 0, secret: () => 'ab', sleep: async () => undefined }
      const asking = liveJudges({ env: {}, ...options }).ask(question())
      await expect(asking).rejects.toThrow(EvalkitError)
      await expect(asking).rejects.toMatchObject({
        code: 'EVK_KEY_MISSING',
        message: expect.stringContaining(provider.keyName),
      })
      const wrong = liveJudges({ env: { [provider.keyName]: 'a b' }, ...options }).ask(question())
      await expect(wrong).rejects.toMatchObject({ code: 'EVK_KEY_MISSING' })
    })

    it('sets money aside before each request, and pays what it cost', async () => {
      const paid: number[] = []
      const cap = {
        reserve: async (estimate: number) => ({
          settle: (cost: number) => void paid.push(estimate > cost ? cost : -1),
        }),
      }
      const priceOf = ({ input, output }: { input: number; output: number }) => (input + output * 10) / 1e6
      const verdict = await ask([{ status: 529 }, { text: 'no' }, { fields: good }], { cap, priceOf })
      expect(paid).toEqual([0, 0.0004, 0.0004])
      expect(verdict).toMatchObject({ costUsd: 0.0008, usage: { input: 400, output: 40 }, tries: 3 })
      await expect(ask([{ fields: good }], { cap, priceOf: () => undefined })).rejects.toMatchObject({
        code: 'EVK_PRICE_UNKNOWN',
      })
      const empty = { reserve: () => Promise.reject(new EvalkitError('EVK_SPEND_CAP', 'No more.')) }
      await expect(ask([{ fields: good }], { cap: empty, priceOf })).rejects.toMatchObject({
        code: 'EVK_SPEND_CAP',
      })
      expect(requests()).toBe(0)
    })
  })
}
