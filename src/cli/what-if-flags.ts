import type { Command } from 'commander'
import { EvalkitError } from '../schema/errors.ts'
import { asksForFaults, type FaultFlags } from './fault-plans.ts'
import { collect } from './project.ts'
import { asksForFork, type ForkOptions } from './replay-fork.ts'
import { asksForPeople } from './replay-people.ts'

/** What `replay` and `run` take to ask what would be if. */
export interface WhatIfFlags extends FaultFlags, Pick<ForkOptions, 'from' | 'set' | 'human'> {}

/** Adds the options by which something is put in that recordings do not hold. */
export function withWhatIfFlags(command: Command): Command {
  return command
    .option(
      '--fault <rule>',
      'put a fault in, such as "search@2: 503 x2"; several are one trial (docs/faults.md)',
      collect,
    )
    .option(
      '--faults <all|list|file>',
      'a matrix: each call with each fault, one trial each; or a profile (.json, .yaml)',
    )
    .option('--seed <number>', 'of a profile with rates: what chance draws from')
    .option('--from <step>', 'fork: from this step on models are asked anew (docs/what-if.md)')
    .option(
      '--set <edit>',
      'fork: what a step brought instead, such as \'steps[7].result.status="refunded"\'; or =@file',
      collect,
    )
    .option(
      '--human <rule>',
      'people decide otherwise: approve, deny@1, edit@1=<JSON>, timeout@2, "approve-refund: deny"',
      collect,
    )
}

/** Whether anything is to be put in. Throws `EVK_USAGE` for what cannot be put in together. */
export function asksWhatIf(flags: WhatIfFlags): boolean {
  const otherwise = asksForFork(flags) || asksForPeople(flags)
  const faults = asksForFaults(flags)
  if (faults && otherwise) {
    throw new EvalkitError('EVK_USAGE', 'Faults are not put into a what-if.', {
      hint: 'A fork is saved as a trace of its own: put the faults into that.',
    })
  }
  return faults || otherwise
}
