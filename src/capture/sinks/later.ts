import type { Sink } from './sink.ts'

/** A sink whose code is loaded when it is first written to: what a process does not use must not slow its start. */
export function laterSink(name: string, load: () => Promise<Sink>): Sink {
  let loading: Promise<Sink> | undefined
  const loaded = (): Promise<Sink> => (loading ??= load())
  return {
    name,
    write: async (records, signal) => (await loaded()).write(records, signal),
    close: async () => (await loading)?.close?.(),
  }
}
