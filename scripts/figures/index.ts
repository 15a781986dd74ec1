import { bfcl, bfclVerdicts } from './bfcl.ts'
import { agentdojo } from './agentdojo.ts'
import { effects } from './effects.ts'
import type { Section } from './figures.ts'
import { gateVerdicts } from './gate.ts'
import { imports } from './imports.ts'
import { injection } from './injection.ts'
import { judgeAgreement, judgeAnswers } from './judge-answers.ts'
import { llmbar } from './llmbar.ts'
import { malformedCalls } from './malformed-calls.ts'
import { replays } from './replay.ts'
import { replayFixtures } from './replay-fixtures.ts'
import { replayRungs } from './replay-rungs.ts'
import { scorerCases } from './scorer-cases.ts'
import { storeSize } from './store-size.ts'
import { tauBench } from './tau-bench.ts'
import { tau2 } from './tau2.ts'
import { terminalBench, terminalBenchUnscored } from './terminal-bench.ts'
import { trajectory } from './trajectory.ts'

/** The sections of EXPECTED.json that we compute: one file and one line each. */
export const sections: readonly Section[] = [
  tauBench,
  tau2,
  judgeAgreement,
  judgeAnswers,
  llmbar,
  agentdojo,
  injection,
  replayFixtures,
  replays,
  replayRungs,
  gateVerdicts,
  terminalBench,
  terminalBenchUnscored,
  effects,
  scorerCases,
  bfcl,
  bfclVerdicts,
  trajectory,
  malformedCalls,
  storeSize,
  imports,
]
