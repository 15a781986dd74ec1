import type { PriceOf } from '../lib/price.ts'
import { defined } from '../lib/defined.ts'
import { isAgentsModelCall, type Usage } from '../schema/call.ts'
import type { Fixture, PackedCall, PackedRecording } from '../schema/fixture.ts'
import type { Estimate } from '../schema/plan-report.ts'
import { totalOf } from '../schema/totals.ts'
import type { Plan } from './plan.ts'

/** What one model call used, as far as its recording says. */
export interface ModelUse {
  readonly model: string | undefined
  readonly usage: Usage | undefined
  readonly costUsd: number | undefined
}

/** What one recording used. */
export interface RecordingUse {
  readonly agent: readonly ModelUse[]
  readonly user: readonly ModelUse[]
  readonly toolCalls: number
}

/** What each recording of a fixture used: of those that live models played again since, the newer one. */
export function usesIn({ recordings, rerecordings = [] }: Fixture): readonly RecordingUse[] {
  const newer = new Map(rerecordings.map((one) => [one.trial, one]))
  return recordings.map((recording, index) => useOf(newer.get(index) ?? recording))
}

/**
 * What the trials of a plan use, by what was recorded of their cases: pure. A trial beyond the recordings counts as one of
 * them again. Costs are priced anew, of `model` where another one is asked for; what no price is known of costs what its
 * recording says. What is not known is counted, and never 0.
 */
export function estimateOf(
  { cases, trials, recorded }: Pick<Plan, 'cases' | 'trials' | 'recorded'>,
  priceOf: PriceOf,
  model?: string,
): Estimate {
  let toolCalls = 0
  let modelCalls = 0
  let userCalls = 0
  let casesWithout = 0
  let unpriced = 0
  const priced: { usage?: Usage | undefined; costUsd?: number | undefined }[] = []
  for (const id of cases) {
    const uses = recorded.get(id)?.uses ?? []
    if (uses.length === 0) casesWithout++
    for (let trial = 0; uses.length > 0 && trial < trials; trial++) {
      const use = uses[trial % uses.length]
      if (use === undefined) continue
      toolCalls += use.toolCalls
      modelCalls += use.agent.length
      userCalls += use.user.length
      for (const call of [
        ...use.agent.map((one) => costed(one, priceOf, model)),
        ...use.user.map((one) => costed(one, priceOf)),
      ]) {
        if (call.costUsd === undefined) unpriced++
        priced.push(call)
      }
    }
  }
  const { usage, costUsd } = totalOf(priced)
  return {
    modelCalls,
    toolCalls,
    userCalls,
    ...defined({ usage, costUsd: costUsd === undefined ? undefined : Number(costUsd.toFixed(12)) }),
    unpriced,
    casesWithout,
  }
}

function costed(
  { model, usage, costUsd }: ModelUse,
  priceOf: PriceOf,
  other?: string,
): { readonly usage?: Usage | undefined; readonly costUsd?: number | undefined } {
  const asked = other ?? model
  const price = usage === undefined || asked === undefined ? undefined : priceOf(usage, { model: asked })
  // What another model cost says nothing about the one that is asked for.
  return { usage, costUsd: price ?? (other === undefined ? costUsd : undefined) }
}

function useOf({ calls }: PackedRecording): RecordingUse {
  const models = calls.filter((call) => call.kind === 'llm')
  return {
    agent: models.filter(isAgentsModelCall).map(modelUseOf),
    user: models.filter((call) => !isAgentsModelCall(call)).map(modelUseOf),
    toolCalls: calls.filter(({ kind }) => kind === 'tool').length,
  }
}

function modelUseOf({ model, reply }: Extract<PackedCall, { kind: 'llm' }>): ModelUse {
  return { model: reply.model ?? model, usage: reply.usage, costUsd: reply.costUsd }
}
