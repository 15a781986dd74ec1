import { observeGenAi } from '../genai-span.ts'
import type { Dialect } from './dialect.ts'

export const otelGenAi: Dialect = {
  name: 'otel-genai',
  description:
    'OpenTelemetry GenAI conventions: `gen_ai.*` attributes, span events, log events (≤ 1.27 to the newest)',
  scopes: (scope) => /^(?:@opentelemetry\/instrumentation-|opentelemetry\.instrumentation\.)/.test(scope),
  recognizes: ({ attributes }) =>
    'gen_ai.operation.name' in attributes ||
    'gen_ai.system' in attributes ||
    'gen_ai.provider.name' in attributes ||
    'mcp.method.name' in attributes,
  observe: (span, run) => observeGenAi(span, run),
}
