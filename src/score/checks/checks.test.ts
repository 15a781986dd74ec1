import { describeChecks } from '../check.contract.ts'
import { checks } from './index.ts'

describeChecks(checks)
