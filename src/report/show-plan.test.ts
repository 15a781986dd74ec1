import { describe, expect, it } from 'vitest'
import { type PlanReport, planReport } from '../schema/plan-report.ts'
import { showPlan } from './show-plan.ts'

const plan: PlanReport = {
  schemaVersion: 1,
  eval: 'support',
  dataset: 'support',
  mode: { llm: 'live', tools: 'recorded' },
  cases: 60,
  of: 80,
  trials: 3,
  total: 180,
  units: 60,
  recorded: {
    modelCalls: 720,
    toolCalls: 360,
    userCalls: 0,
    usage: { input: 1_000_000, cacheRead: 0, cacheWrite: 0, output: 50_000 },
    costUsd: 3.5,
    unpriced: 0,
    casesWithout: 0,
  },
  asksModels: true,
  judges: ['tone'],
  asksJudges: true,
  capUsd: 2,
  variance: { value: 0.08, from: 'usual' },
  detectable: 0.1234,
  wanted: { margin: 0.05, fewest: 45, cases: 110, trials: 9 },
}
const line = (change: Partial<PlanReport>, name: string): string | undefined =>
  showPlan(planReport.parse({ ...plan, ...change }))
    .split('\n')
    .find((text) => text.trim().startsWith(name))
    ?.replace(/^\s*(?:margin )?\S+(?: points)?\s+/, '')

describe('a plan, printed', () => {
  it('says what is played, what it costs and what it can find', () => {
    expect(showPlan(plan)).toBe(`support: model live, tools recorded
  plays            60 cases of 80 × 3 trials = 180 trials
  calls            720 model calls, 360 tool calls, by what was recorded
  tokens           1,000,000 tokens in, 50,000 out
  costs            about $3.50; the cap is $2.00, which is not enough
  judges           tone: each asked about up to 180 trials, at least once; recorded verdicts are not asked for again, and no cost is estimated
  finds            a drop of 12 points or more 4 times in 5, at 3 trials of a mildly flaky agent
  margin 5 points  an agent that did not change passes it 4 times in 5 from 110 cases on, or 9 trials a case; with fewer it is often inconclusive
`)
  })

  it('says that a replay asks nobody', () => {
    expect(line({ asksModels: false }, 'costs')).toBe(
      'nothing for models: they answer from the recordings; with --llm live about $3.50',
    )
    expect(line({ asksJudges: false }, 'judges')).toBe(
      'tone: only recorded verdicts count, and nothing is asked',
    )
  })

  it('says what is not known', () => {
    const { costUsd: _, usage: __, ...rest } = plan.recorded
    const recorded = { ...rest, unpriced: 7, casesWithout: 2 }
    expect(line({ recorded }, 'costs')).toBe(
      'not known (the price of 7 calls is not known; 2 cases have no recording); the cap is $2.00',
    )
    expect(line({ recorded }, 'tokens')).toBe('not known')
    expect(line({ recorded: { ...plan.recorded, unpriced: 1 } }, 'costs')).toContain('at least $3.50')
  })

  it('says what looks take at least and at most, and what each could find', () => {
    const at = (trials: number, detectable: number) => ({
      trials,
      total: 60 * trials,
      recorded: { ...plan.recorded, modelCalls: 240 * trials, costUsd: 1.5 * trials },
      detectable,
    })
    const escalation = { level: 0.0214, looks: [at(1, 0.21), at(3, 0.15)] }
    expect(line({ escalation, trials: 1, total: 60 }, 'look 1')).toBe(
      '1           at least: 1 trial a case, 60 trials in all, 240 model calls, 1,000,000 tokens in, 50,000 out, about $1.50, finds a drop of 21 points',
    )
    expect(line({ escalation, trials: 1, total: 60 }, 'look 2')).toContain(
      'if still open: 3 trials a case, 180 trials in all, 720 model calls, 1,000,000 tokens in, 50,000 out, about $4.50, beyond the cap, finds',
    )
    expect(line({ escalation, trials: 1, total: 60 }, 'finds')).toContain('at 3 trials')
    const unknown = { ...plan.recorded, costUsd: undefined, usage: undefined, casesWithout: 60 }
    const looks = [at(1, 0.2), at(3, 0.1)].map((look) => ({ ...look, recorded: unknown }))
    expect(line({ escalation: { level: 0.0214, looks } }, 'look 1')).toContain(
      'calls not known, costs not known',
    )
  })

  it('says where a margin is out of reach, and where it is not', () => {
    expect(line({ cases: 20, units: 20 }, 'margin')).toBe(
      'cannot pass with 20 cases, even when nothing changes: it takes 45, and 110 to pass 4 times in 5',
    )
    expect(line({ cases: 200, of: 200, units: 200 }, 'margin')).toBe(
      'an agent that did not change passes at least 4 times in 5',
    )
    const { detectable: _, ...tiny } = plan
    expect(showPlan({ ...tiny, cases: 2, units: 2 })).toContain('no drop reliably: 2 cases are too few')
  })

  it('lets no name of an eval or judge write on the terminal', () => {
    const hostile = showPlan({ ...plan, eval: 'a\u001b[31m\nb', judges: ['x\u001b]0;y\u0007'] })
    expect(hostile).not.toContain('\u001b')
    expect(hostile.split('\n')).toHaveLength(showPlan(plan).split('\n').length)
  })
})
