export { compare } from './compare.ts'
export { detectableDrop, smallestPassableCases } from './detectable.ts'
export { gate, type GateInput } from './gate.ts'
export { verdictOfInterval } from './rules.ts'
