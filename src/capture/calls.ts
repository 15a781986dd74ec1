import type { ToolFacts } from '../schema/tool.ts'
import { fetch as tapFetch } from '../tap/fetch.ts'
import { type NamedTool, type TappedTool, tool as tapTool } from '../tap/function.ts'
import { human as tapHuman, type Question } from '../tap/human.ts'
import { captureAmbient } from './process.ts'

/** `fetch` of the tap, which also records where no run is: then in a trace of the process. */
export const fetch: typeof globalThis.fetch = (input, init) => {
  captureAmbient()
  return tapFetch(input, init)
}

/** `tool` of the tap, likewise. */
export function tool<A, R, D extends NamedTool = NamedTool>(
  definition: D,
  fn: (args: A) => R | Promise<R>,
  facts: ToolFacts = {},
): TappedTool<A, R, D> {
  captureAmbient()
  return tapTool(definition, fn, facts)
}

/** `human` of the tap, likewise. */
export function human<R>(question: Question, fn: () => R | Promise<R>): Promise<R> {
  captureAmbient()
  return tapHuman(question, fn)
}
