import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evalCase } from '../../schema/case.ts'
import { EvalkitError } from '../../schema/errors.ts'
import { recordFrom } from '../../schema/read.ts'
import { detectDatasetImporter } from './detect.ts'
import type { DatasetImporter, ImportedCase } from './importer.ts'
import { datasetImporters } from './index.ts'
import { type ForeignSource, foreignFrom } from './source.ts'

export function sourceOf(file: string, text: string): ForeignSource {
  return foreignFrom(Buffer.from(text), file)
}

export function casesIn(found: readonly ImportedCase[]) {
  return found.flatMap((one) => ('case' in one ? [one.case] : []))
}

export function leftIn(found: readonly ImportedCase[]) {
  return found.flatMap((one) => ('left' in one ? [one.left] : []))
}

/** What every importer of datasets promises, on its own sample of so many cases. */
export function describeDatasetImporter(importer: DatasetImporter, sample: URL, cases: number): void {
  const file = sample.pathname.split('/').at(-1) ?? ''
  const text = readFileSync(sample, 'utf8')
  const read = (content: string) => [...importer.read(sourceOf(file, content))]

  describe(`dataset importer ${importer.name}`, () => {
    it('is registered under its own name', () => {
      expect(Object.entries(datasetImporters).find(([, one]) => one === importer)?.[0]).toBe(importer.name)
    })

    it('detects its own sample, and nobody else does', () => {
      const source = sourceOf(file, text)
      const fitting = Object.values(datasetImporters).filter((one) => one.detect(source))
      expect(fitting.map(({ name }) => name)).toEqual([importer.name])
      expect(detectDatasetImporter(source)).toBe(importer)
    })

    it('makes valid cases of its sample, each with an id of its own, and says where they come from', () => {
      const made = casesIn(read(text))
      expect(made).toHaveLength(cases)
      for (const one of made) expect(recordFrom(evalCase, one, { file }, 'case')).toEqual(one)
      expect(new Set(made.map(({ id }) => id)).size).toBe(cases)
      expect(new Set(made.map(({ source }) => source?.importedFrom))).toEqual(
        new Set([`${importer.name}: ${file}`]),
      )
    })

    it('names what it left out, and why', () => {
      const left = leftIn(read(text))
      expect(left.length).toBeGreaterThan(0)
      expect(left.filter(({ what, why }) => what === '' || why === '')).toEqual([])
    })

    it('reads the same file twice to the same cases', () => expect(read(text)).toEqual(read(text)))

    it('never fails but in ways we know, whatever part of a file it is given', () => {
      const cut = fc.tuple(fc.nat({ max: text.length }), fc.nat({ max: text.length }))
      fc.assert(
        fc.property(cut, ([from, to]) => {
          const source = sourceOf(file, text.slice(Math.min(from, to), Math.max(from, to)))
          expect(typeof importer.detect(source)).toBe('boolean')
          expect(outcomeOf(() => [...importer.read(source)])).toMatch(/^(read|EVK_.*)$/)
        }),
        { seed: 42, numRuns: 100 },
      )
    })
  })
}

function outcomeOf(act: () => unknown): string {
  try {
    act()
    return 'read'
  } catch (error) {
    if (EvalkitError.is(error)) return error.code
    throw error
  }
}
