import { EvalkitError } from '../../schema/errors.ts'
import { oneLine } from '../../lib/text.ts'
import { fetch as tapped } from '../../tap/fetch.ts'
import { untapped } from '../../tap/untapped.ts'
import { type AskDeps, askJudge } from './ask.ts'
import type { JudgeModel, Question, Verdict } from './judge.ts'
import { ModelFailure } from './models/failure.ts'
import { judgeProviders } from './models/index.ts'
import type { JudgeClient, JudgeProvider } from './models/model.ts'

export interface LiveJudgesOptions extends Omit<AskDeps, 'client' | 'address'> {
  /** Keys and addresses, under the names the providers' own clients read. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** The way out. Default: the `fetch` that meets the tap, where nothing holds it. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Asks models for verdicts. Clients are made when they are first needed, and kept. */
export interface LiveJudges {
  /**
   * Never throws for what a model does. Throws `EVK_KEY_MISSING`, `EVK_JUDGE_SDK`, `EVK_USAGE`, `EVK_PRICE_UNKNOWN`,
   * `EVK_SPEND_CAP`, and the signal's reason: what keeps a whole run from judging.
   */
  ask(question: Question): Promise<Verdict>
}

/**
 * Judges that ask live. Their calls are nobody's but the harness's: they are made outside of every trial, also while trials
 * are replayed beside them.
 */
export function liveJudges(options: LiveJudgesOptions): LiveJudges {
  const { env, now, fetch = tapped } = options
  const clients = new Map<string, Promise<JudgeClient>>()

  const clientFor = (model: JudgeModel): Promise<JudgeClient> => {
    const provider = providerOf(model)
    const baseUrl = baseUrlOf(model, provider, env)
    const place = JSON.stringify([provider.name, baseUrl])
    const known = clients.get(place)
    if (known !== undefined) return known
    const opened = open(provider, baseUrl)
    clients.set(place, opened)
    return opened
  }

  const open = async (provider: JudgeProvider, baseUrl: string | undefined): Promise<JudgeClient> => {
    const key = keyFor(provider, baseUrl, env)
    return withoutKey(await provider.open({ key, baseUrl, fetch, now }), key)
  }

  return {
    ask: (question) =>
      untapped(async () => {
        const client = await clientFor(question.model)
        const provider = providerOf(question.model)
        const address = baseUrlOf(question.model, provider, env) ?? provider.address
        return askJudge(question, { ...options, client, address })
      }),
  }
}

/** Providers like to repeat a wrong key, and what they say ends up in a report. */
function withoutKey(client: JudgeClient, key: string): JudgeClient {
  return {
    async ask(question) {
      try {
        return await client.ask(question)
      } catch (error) {
        if (!(error instanceof ModelFailure) || key.length < 8) throw error
        throw new ModelFailure(error.message.replaceAll(key, '[key]'), error.facts)
      }
    },
  }
}

function providerOf({ provider }: JudgeModel): JudgeProvider {
  const known: Readonly<Record<string, JudgeProvider>> = judgeProviders
  const found = Object.hasOwn(known, provider) ? known[provider] : undefined
  if (found !== undefined) return found
  throw new EvalkitError('EVK_USAGE', `There is no provider "${oneLine(provider, 100)}" for judges.`)
}

function baseUrlOf(
  model: JudgeModel,
  { baseUrlName }: JudgeProvider,
  env: LiveJudgesOptions['env'],
): string | undefined {
  const said = model.baseUrl ?? env[baseUrlName]?.trim()
  if (said === undefined || said === '') return undefined
  const url = URL.parse(said)
  if (url !== null && /^https?:$/.test(url.protocol)) return said.replace(/\/+$/, '')
  throw new EvalkitError('EVK_USAGE', `"${oneLine(said, 200)}" is no address of a provider.`, {
    hint: 'Base addresses begin with http:// or https://, as in https://api.openai.com/v1.',
  })
}

/** Servers on this machine and gateways may want no key; the provider itself does. */
function keyFor(
  { keyName, title }: JudgeProvider,
  baseUrl: string | undefined,
  env: LiveJudgesOptions['env'],
): string {
  const key = env[keyName]?.trim() ?? ''
  if (key === '' && baseUrl !== undefined) return 'none'
  // `fetch` would repeat the whole of it in its complaint.
  if (/^[\x21-\x7e]+$/.test(key)) return key
  const why = key === '' ? 'is not set' : 'holds characters that no key has'
  throw new EvalkitError('EVK_KEY_MISSING', `A judge asks ${title}, but ${keyName} ${why}.`, {
    hint: 'Set the variable, or judge without --judges live: recorded verdicts need no key.',
  })
}
