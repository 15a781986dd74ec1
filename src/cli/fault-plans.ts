import { readFileSync, statSync } from 'node:fs'
import { yamlFrom } from '../schema/yaml.ts'
import { fileError } from '../dataset/file-error.ts'
import { defined } from '../lib/defined.ts'
import { sha256 } from '../lib/hash.ts'
import { allColumns, type MatrixColumn } from '../replay/faults/matrix.ts'
import { defaultSeed, type FaultPlan, planOf, profileFrom } from '../replay/faults/profile.ts'
import { readFault, readRule, writeRule } from '../replay/faults/schedule.ts'
import { EvalkitError } from '../schema/errors.ts'
import { jsonFrom, textFrom } from '../schema/read.ts'
import type { Recording } from '../schema/recording.ts'
import type { WhatIf } from '../schema/what-if.ts'
import type { Project } from './project.ts'

/** What `replay` and `run` take to put faults in. */
export interface FaultFlags {
  readonly fault?: readonly string[]
  readonly faults?: string
  readonly seed?: string
}

/**
 * What is to be played of a recording. Among many, chance draws for each one anew: from the seed, and from which it is.
 */
export interface FaultPlans {
  (
    recording: Pick<Recording, 'calls'> & Partial<Pick<Recording, 'trace'>>,
    among?: 'many',
  ): FaultPlan | { readonly columns: readonly MatrixColumn[] }
  /** As a run is filed under it. */
  readonly filed: Pick<WhatIf, 'faults' | 'rates'>
}

/** Bytes of a profile: rules, no data. */
const mostBytes = 1024 * 1024

/** Whether faults are asked for. Throws `EVK_USAGE` where that is said in two ways. */
export function asksForFaults({ fault, faults, seed }: FaultFlags): boolean {
  if (fault !== undefined && faults !== undefined) {
    throw new EvalkitError('EVK_USAGE', '--fault and --faults exclude each other.', {
      hint: 'Put all rules into a profile, or give each with --fault.',
    })
  }
  if (seed !== undefined && faults === undefined) {
    throw new EvalkitError('EVK_USAGE', '--seed belongs to --faults with a profile that has rates.')
  }
  return fault !== undefined || faults !== undefined
}

/**
 * What is to be played of a recording: one schedule, or a matrix. Which of both, all recordings have in common. Throws
 * `EVK_USAGE`, `EVK_FAULT_INVALID`, and what reading a profile throws.
 */
export function faultPlansFrom(
  project: Pick<Project, 'path'>,
  { fault, faults = 'all', seed: given }: FaultFlags,
): FaultPlans {
  if (fault !== undefined) {
    const rules = fault.map(readRule)
    return plansOf(() => ({ schedule: { rules } }), { faults: rules.map(writeRule) })
  }
  if (/\.(?:json|ya?ml)$/i.test(faults)) {
    const profile = profileFrom(profileIn(project, faults), faults)
    const seed = seedFrom(given) ?? profile.seed ?? defaultSeed
    const { rates, on, faults: texts = [] } = profile
    const filed = rates === undefined ? { faults: texts } : { rates: { of: rates, ...defined({ on }), seed } }
    return plansOf(
      (recording, among) =>
        planOf(profile, recording, among === undefined ? seed : mixed(seed, recording.trace)),
      filed,
    )
  }
  if (given !== undefined) throw new EvalkitError('EVK_USAGE', '--seed belongs to a profile that has rates.')
  const columns = faults === 'all' ? allColumns() : faults.split(',').map(readFault)
  return plansOf(() => ({ columns }), {})
}

/** Another seed for each recording, and the same on every machine. */
function mixed(seed: number, trace = ''): number {
  return (seed ^ Number.parseInt(sha256(trace).slice(0, 8), 16)) >>> 0
}

function plansOf(
  planFor: (...of: Parameters<FaultPlans>) => ReturnType<FaultPlans>,
  filed: FaultPlans['filed'],
): FaultPlans {
  return Object.assign(planFor, { filed })
}

function profileIn({ path }: Pick<Project, 'path'>, name: string): unknown {
  const at = { file: name }
  let bytes: Uint8Array
  try {
    if (statSync(path(name)).size > mostBytes)
      throw new EvalkitError('EVK_FILE_TOO_LARGE', `A fault profile has ${mostBytes} bytes at most.`, { at })
    bytes = readFileSync(path(name))
  } catch (error) {
    throw EvalkitError.is(error) ? error : fileError(error, name)
  }
  const text = textFrom(bytes, at)
  return /\.json$/i.test(name) ? jsonFrom(text, at) : yamlFrom(text, name)
}

function seedFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(seed <= 0xffff_ffff))
    throw new EvalkitError('EVK_USAGE', 'A seed is a whole number from 0 to 4294967295.')
  return seed
}
