import { judge } from './index.ts'
import { describeJudges } from './judge.contract.ts'

describeJudges(judge)
