import { readFileSync, writeFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { json } from '../src/report/json.ts'
import { samples } from '../src/report/report.sample.ts'
import { reportSchema, reportSchemaFile } from './docs-report.ts'

describe('docs/report.schema.json', () => {
  it('is the schema of the code (UPDATE=1 renews it)', async () => {
    const schema = await reportSchema()
    if (process.env.UPDATE === '1') writeFileSync(reportSchemaFile, schema)
    expect(readFileSync(reportSchemaFile, 'utf8')).toBe(schema)
  })

  it('holds for what the json reporter writes, and not for something else', () => {
    const ajv = formats.default(new Ajv2020({ allowUnionTypes: true }))
    const holds = ajv.compile(JSON.parse(readFileSync(reportSchemaFile, 'utf8')))
    // The hostile one has ids that no dataset may have.
    const { hostile: _, ...honest } = samples()
    const written = Object.values(honest).map(({ report }) =>
      json.render(report, { style: { colour: false, width: 80 }, traces: {} }),
    )
    for (const text of written) {
      holds(JSON.parse(text))
      expect(holds.errors ?? []).toEqual([])
    }
    const [first = ''] = written
    expect(holds({ ...JSON.parse(first), schemaVersion: 2 })).toBe(false)
    expect(holds({ ...JSON.parse(first), cases: [{ case: 1 }] })).toBe(false)
  })
})
