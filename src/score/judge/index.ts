import { pairwise } from './members/pairwise.ts'
import { panel } from './members/panel.ts'
import { reference } from './members/reference.ts'
import { rubric } from './members/rubric.ts'
import { trajectory } from './members/trajectory.ts'

/** Every kind of judge, by name. */
export const judge = { pairwise, panel, reference, rubric, trajectory } as const
export type JudgeKind = keyof typeof judge

export { pairwise, panel, reference, rubric, trajectory }
export type { JudgeFactory, JudgeOptions } from './define-judge.ts'
export type { JudgeFacts, JudgeModel, Judging, Question, ShownPart, Verdict } from './judge.ts'
