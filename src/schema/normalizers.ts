import * as z from 'zod'
import type { DeepReadonly } from './json.ts'
import { volatileOf } from './known-tools.ts'
import { argumentPath, readablePath, type ToolsFile } from './tool.ts'

/** What may be done to both sides of a comparison before a call is said not to be the recorded one. */
export const normalizerName = z.enum([
  /** An argument that is the JSON text of a list or an object is that list or object. */
  'json-text',
  /** `"10"` is 10 where the tool's schema asks for a number, and the like. */
  'schema-types',
  /** An argument that was left out has the value the tool's schema says it has then. */
  'schema-defaults',
  /** Values that are new in every run are bound to the recorded ones. */
  'volatile',
])
export type NormalizerName = z.infer<typeof normalizerName>

/**
 * The normalizers a fixture was made with, frozen in it: what is made the same later, for other fixtures, does not make
 * this one match more than somebody reviewed. Left out, the three that need no declaration.
 */
export const normalizers = z.strictObject({
  rules: z
    .array(normalizerName.exclude(['volatile']))
    .default(['json-text', 'schema-types', 'schema-defaults']),
  /** Paths into a tool's arguments, by its name. */
  volatile: z.record(z.string(), z.array(argumentPath)).default({}),
  /** Paths to texts of a model request, as its wire format has them. */
  model: z.array(readablePath).default([]),
})
export type Normalizers = DeepReadonly<z.infer<typeof normalizers>>

export const defaultNormalizers: Normalizers = normalizers.parse({})

/**
 * The normalizers that a project's tools file asks for, of these tools, sorted; `undefined` where it asks for nothing
 * beyond the default.
 */
export function normalizersOf(
  file: ToolsFile | undefined,
  tools: readonly string[],
): Normalizers | undefined {
  const volatile = Object.fromEntries(
    [...new Set(tools)].toSorted().flatMap((name) => {
      const facts = file !== undefined && Object.hasOwn(file.tools, name) ? file.tools[name] : undefined
      const paths = volatileOf(facts)
      return paths.length === 0 ? [] : [[name, paths]]
    }),
  )
  const model = [...(file?.model?.volatile ?? [])].toSorted()
  if (Object.keys(volatile).length === 0 && model.length === 0) return undefined
  return { ...defaultNormalizers, volatile, model }
}
