/** What an agent imports: nothing here loads SQLite, a schema or an SDK. */
export type { NamedTool, TappedTool } from '../tap/function.ts'
export type { Question } from '../tap/human.ts'
export { fetch, human, tool } from './calls.ts'
export { type CaptureOptions, configure, counts, flush } from './process.ts'
export {
  type OtlpOptions,
  otlpSink,
  recordSink,
  RecordsLost,
  type Sink,
  type SpoolOptions,
  spoolSink,
  traceSink,
} from './sinks/index.ts'
export { type Handoff, handoff, trace, type TraceOptions } from './trace.ts'
