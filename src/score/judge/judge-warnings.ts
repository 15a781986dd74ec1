import { oneLine } from '../../lib/text.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Check } from '../check.ts'
import { aliasOf, familyOf } from './model-names.ts'

/** What is doubtful of the judges of an eval, as sentences. */
export interface JudgeDoubts {
  /** Models whose name does not stand for one model: warned of, or refused by policy. */
  readonly aliases: readonly string[]
  /** Judges of the agent's own family, and panels of one family. */
  readonly families: readonly string[]
}

/** `agentModels`: models the agent under test is known to ask, as its traces name them. */
export function judgeDoubts(
  checks: readonly Pick<Check, 'name' | 'judge'>[],
  agentModels: readonly string[],
): JudgeDoubts {
  const aliases: string[] = []
  const families: string[] = []
  const own = new Map(agentModels.map((model) => [familyOf(model), model]))
  for (const { name, judge } of checks) {
    if (judge === undefined) continue
    const shown = `Judge "${oneLine(name, 100)}"`
    const seen = new Set<string | undefined>()
    for (const { model } of judge.models) {
      const alias = aliasOf(model)
      if (alias !== undefined) {
        aliases.push(
          `${shown}: ${oneLine(alias, 300)}; what was measured of it does not hold for the next one.`,
        )
      }
      const family = familyOf(model)
      seen.add(family ?? model)
      const agent = family === undefined ? undefined : own.get(family)
      if (agent !== undefined) {
        families.push(
          `${shown} is of the agent's own family, ${family} (${oneLine(model, 100)} judges ${oneLine(agent, 100)}): models like what they would have said themselves.`,
        )
      }
    }
    if (judge.models.length > 1 && seen.size === 1) {
      families.push(`${shown} is a panel of one family, ${[...seen].join('')}: its members err together.`)
    }
  }
  return { aliases: [...new Set(aliases)], families: [...new Set(families)] }
}

/** For a policy that lets no floating name judge: throws `EVK_JUDGE_ALIAS` where there is one. */
export function refuseAliases({ aliases: [first, ...others] }: JudgeDoubts): void {
  if (first !== undefined) throw new EvalkitError('EVK_JUDGE_ALIAS', first, { details: others.slice(0, 4) })
}
