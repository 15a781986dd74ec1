import type { PriceOf } from '../../lib/price.ts'
import { defined } from '../../lib/defined.ts'
import { oneLine } from '../../lib/text.ts'
import type { Usage } from '../../schema/call.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Unjudged, VerdictWord } from '../../schema/judgement.ts'
import { count } from '../show.ts'
import { answerSchema } from './answer-schema.ts'
import type { Question, Verdict } from './judge.ts'
import { ModelFailure } from './models/failure.ts'
import { type JudgeClient, type ModelAnswer, usualTokens } from './models/model.ts'
import { promptOf } from './prompt.ts'
import { verdictFrom, verdictIn } from './verdict-in.ts'

/** A spend cap that judges share with whatever else a run pays for. */
export interface SpendCap {
  /** Sets money aside before a request. Throws `EVK_SPEND_CAP` where there is no more. */
  reserve(estimateUsd: number, signal?: AbortSignal): Promise<{ settle(costUsd: number): void }>
}

export interface AskDeps {
  readonly client: JudgeClient
  /** Where it is asked: prices differ by it. */
  readonly address: string
  /** Hex digits nobody can guess, 16 or more, new each time. */
  readonly secret: () => string
  /** From 0, less than 1. */
  readonly random: () => number
  /** Rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly priceOf?: PriceOf | undefined
  readonly cap?: SpendCap | undefined
  /** For one request. Default: two minutes. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Requests for one verdict. */
const mostTries = 3
/** Milliseconds. The first wait is at most this long, and the next twice as long. */
const firstWait = 1000
/** A provider that wants to be left alone for longer is not waited for. */
const longestWait = 60_000
const usualTimeout = 120_000

/**
 * The one place where a judge is asked, and asked again: twice at most, after what is wrong in transport or in form. Who
 * refuses, abstains or does not answer in time is not asked again: an answer that is asked for until it comes is no
 * verdict. Never throws for what a model does; throws `EVK_SPEND_CAP`, `EVK_PRICE_UNKNOWN`, and the signal's reason.
 */
export async function askJudge(question: Question, deps: AskDeps): Promise<Verdict> {
  const { random, sleep, signal } = deps
  const spent = ledger()
  let unjudged: Unjudged = 'provider'
  let why = ''
  let tries = 0
  while (tries < mostTries) {
    tries++
    const came = await once(question, deps, spent)
    if ('verdict' in came) {
      const { verdict, critique, model } = came
      return { verdict, critique, model, ...spent.told(), tries, recorded: false }
    }
    ;({ unjudged, why } = came)
    if (!came.again || tries === mostTries) break
    const wait = came.waitMs ?? random() * firstWait * 2 ** (tries - 1)
    if (wait > longestWait) {
      why = `${why} (it asks to be left alone for ${Math.ceil(wait / 1000)} s)`
      break
    }
    await sleep(Math.round(wait), signal)
    signal?.throwIfAborted()
  }
  const asked = tries === 1 ? '' : `after ${count(tries, 'request')}: `
  return { unjudged, why: `${asked}${why}`, ...spent.told() }
}

type Came = CameVerdict | NothingCame

interface CameVerdict {
  readonly verdict: VerdictWord
  readonly critique: string
  readonly model: string
}

interface NothingCame {
  readonly unjudged: Unjudged
  readonly why: string
  readonly again: boolean
  readonly waitMs?: number | undefined
}

async function once(question: Question, deps: AskDeps, spent: Ledger): Promise<Came> {
  const { client, cap, signal, timeoutMs = usualTimeout } = deps
  const { model, parameters } = question.model
  const prompt = promptOf(question, deps.secret())
  const schema = answerSchema(question.vocabulary)
  const priced = { model, asked: model, url: question.model.baseUrl ?? deps.address }
  const estimate =
    cap === undefined ? 0 : estimated(question, prompt.system.length + prompt.user.length, deps)
  const reserved = await cap?.reserve(estimate, signal)
  let cost = 0
  try {
    const answer = await client.ask({ model, ...prompt, schema, parameters, timeoutMs, signal })
    const known = answer.usage && deps.priceOf?.(answer.usage, { ...priced, model: answer.model })
    // What cannot be priced may have cost what was set aside.
    cost = known ?? estimate
    spent.add(answer.usage, known)
    return readAnswer(answer, question)
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error
    const { kind, again, waitMs, begun } = error.facts
    // An answer that had begun is billed, whether it arrived or not.
    if (begun) {
      cost = estimate
      spent.add(undefined, undefined)
    }
    return { unjudged: kind, why: error.message, again, waitMs }
  } finally {
    reserved?.settle(cost)
  }
}

function readAnswer({ said, isCut, model }: ModelAnswer, { vocabulary }: Question): Came {
  if ('refusal' in said) {
    return {
      unjudged: 'refusal',
      why: `the model refused: ${oneLine(said.refusal, 300) || 'it did not say why'}`,
      again: false,
    }
  }
  const read = 'fields' in said ? verdictFrom(said.fields, vocabulary) : verdictIn(said.text, vocabulary)
  // Half an answer may well read as a whole one.
  if (isCut) return { unjudged: 'parse', why: 'its answer breaks off at the limit of tokens', again: true }
  if ('unjudged' in read) return { ...read, again: true }
  const { verdict, critique } = read
  if (verdict !== 'abstain') return { verdict, critique, model }
  return { unjudged: 'abstain', why: `the judge cannot tell: ${oneLine(critique, 300)}`, again: false }
}

const limits = ['max_completion_tokens', 'max_tokens'] as const

/** USD that one request may cost. A token is more than two characters in all but few scripts. */
function estimated(question: Question, characters: number, { priceOf, address }: AskDeps): number {
  const { model, parameters, baseUrl } = question.model
  const limit = limits.map((name) => parameters[name]).find((value) => typeof value === 'number')
  const usage = {
    input: Math.ceil(characters / 2) + 500,
    cacheRead: 0,
    cacheWrite: 0,
    output: limit ?? usualTokens,
  }
  const price = priceOf?.(usage, { model, url: baseUrl ?? address })
  if (price !== undefined) return price
  throw new EvalkitError(
    'EVK_PRICE_UNKNOWN',
    `The judge "${oneLine(question.judge, 100)}" asks ${oneLine(model, 100)} under a spend cap, and what that costs is not known.`,
  )
}

/** What all requests for one verdict used and cost together, as far as it is known. */
interface Ledger {
  add(usage: Usage | undefined, costUsd: number | undefined): void
  told(): { usage?: Usage; costUsd?: number }
}

function ledger(): Ledger {
  let usage: Usage | undefined
  let costUsd: number | undefined
  let whole = true
  return {
    add(used, cost) {
      if (used !== undefined) usage = usage === undefined ? used : sumOf(usage, used)
      if (cost === undefined) whole = false
      else costUsd = (costUsd ?? 0) + cost
    },
    // A part of the cost is not the cost. It is committed, and sums of fractions have long tails.
    told: () =>
      defined({
        usage,
        costUsd: whole && costUsd !== undefined ? Number(costUsd.toPrecision(12)) : undefined,
      }),
  }
}

export function sumOf(one: Usage, other: Usage): Usage {
  const reasoning =
    one.reasoning === undefined && other.reasoning === undefined
      ? {}
      : { reasoning: (one.reasoning ?? 0) + (other.reasoning ?? 0) }
  return {
    input: one.input + other.input,
    cacheRead: one.cacheRead + other.cacheRead,
    cacheWrite: one.cacheWrite + other.cacheWrite,
    output: one.output + other.output,
    ...reasoning,
  }
}
