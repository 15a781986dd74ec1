import type { OtlpSpan } from '../shape.ts'
import { aiSdk } from './ai-sdk.ts'
import { claudeCode } from './claude-code.ts'
import type { Dialect } from './dialect.ts'
import { langfuse } from './langfuse.ts'
import { langsmith } from './langsmith.ts'
import { openInference } from './openinference.ts'
import { openLlmetry } from './openllmetry.ts'
import { otelGenAi } from './otel-genai.ts'
import { otherKeys } from './other-keys.ts'

/** The dialects of OTLP, one line each: the first that fits reads a span, so the most special ones stand first. */
export const dialects = {
  'claude-code': claudeCode,
  langfuse,
  langsmith,
  'ai-sdk': aiSdk,
  openllmetry: openLlmetry,
  openinference: openInference,
  'otel-genai': otelGenAi,
  'other-keys': otherKeys,
} as const

export type DialectName = keyof typeof dialects

const all: readonly Dialect[] = Object.values(dialects)

/** By the scope's name where a dialect knows it, else by the span's attributes; one always fits. */
export function dialectOf(span: OtlpSpan): Dialect {
  return (
    all.find((one) => one.scopes(span.scope.name)) ?? all.find((one) => one.recognizes(span)) ?? otherKeys
  )
}
