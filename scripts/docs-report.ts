import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { prettyJson } from '../src/lib/pretty-json.ts'
import { report, reportVersion } from '../src/schema/report.ts'

const root = join(import.meta.dirname, '..')
export const reportSchemaFile = join(root, 'docs', 'report.schema.json')

/** The JSON Schema (draft 2020-12) of what `--reporter json` writes, made of the schema that the code goes by. */
export async function reportSchema(): Promise<string> {
  const schema = z.toJSONSchema(report, {
    io: 'output',
    metadata: await nouns(),
    reused: 'inline',
    unrepresentable: 'any',
  })
  return prettyJson({ ...schema, title: `Report of evalkit, schemaVersion ${reportVersion}` })
}

/** What `src/schema` exports, by its name there: a definition of the document is called as in the code. */
async function nouns(): Promise<z.core.$ZodRegistry<{ id: string }>> {
  const named = z.registry<{ id: string }>()
  const taken = new Set<string>(['report'])
  const folder = join(root, 'src', 'schema')
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.ts') || /\.(test|contract|sample)\.ts$/.test(file)) continue
    const module: Record<string, unknown> = await import(join(folder, file))
    for (const [name, noun] of Object.entries(module)) {
      if (!(noun instanceof z.ZodType) || named.has(noun) || taken.has(name)) continue
      taken.add(name)
      named.add(noun, { id: name })
    }
  }
  return named
}
