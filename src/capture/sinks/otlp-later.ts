import { laterSink } from './later.ts'
import type { OtlpOptions } from './otlp.ts'
import type { Sink } from './sink.ts'

/** `otlpSink` of `otlp.ts`, loaded when it is first written to: HTTP and TLS are half of what starting would cost. */
export function otlpSink(options: OtlpOptions): Sink {
  return laterSink('otlp', async () => (await import('./otlp.ts')).otlpSink(options))
}
