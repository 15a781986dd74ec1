/**
 * `node scripts/check-figures.ts <data directory> [section…]` prints our figures beside those of EXPECTED.json,
 * value by value. Exits 1 when one differs, 2 when they cannot be compared.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EvalkitError, placeOf } from '../src/schema/errors.ts'
import { jsonFrom, textFrom } from '../src/schema/read.ts'
import { compareFigures, type Figures, type NamedFigures, type Row } from './figures/figures.ts'
import { sections } from './figures/index.ts'

const [directory, ...wanted] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: node scripts/check-figures.ts <data directory> [section…]')
  process.exitCode = 2
} else {
  try {
    process.exitCode = await check(directory, wanted)
  } catch (error) {
    if (EvalkitError.is(error)) console.error(`${error.code}  ${placeOf(error.at)}  ${error.message}`)
    else if (error instanceof Error && 'code' in error) console.error(error.message)
    else throw error
    process.exitCode = 2
  }
}

async function check(directory: string, wanted: readonly string[]): Promise<0 | 1 | 2> {
  const unknown = wanted.filter((name) => !sections.some((section) => section.name === name))
  if (unknown.length > 0) {
    const names = sections.map(({ name }) => name).join(', ')
    console.error(`no such section: ${unknown.join(', ')}. There are ${names}.`)
    return 2
  }
  const file = join(directory, 'EXPECTED.json')
  const expected = jsonFrom(textFrom(await readFile(file), { file }), { file }) as NamedFigures
  const rows: Row[] = []
  for (const section of sections) {
    if (wanted.length > 0 && !wanted.includes(section.name)) continue
    const found = compareFigures(
      without(section.expected ?? expected[section.name], section.leftOut),
      await section.compute(directory),
    )
    print(section.name, found)
    for (const [name, why] of Object.entries(section.leftOut ?? {})) {
      console.log(`\n${name}\n  left out: ${why}`)
    }
    rows.push(...found)
  }
  const different = rows.filter(({ same }) => !same).length
  const unchecked = Object.keys(expected).filter(
    (name) => name !== 'notes' && !sections.some((section) => section.name === name),
  )
  if (unchecked.length > 0) console.log(`\nnot computed here yet: ${unchecked.join(', ')}`)
  console.log(`\n${rows.length - different} ok, ${different} differ`)
  return different > 0 || rows.length === 0 ? 1 : 0
}

function without(figures: Figures | undefined, leftOut: NamedFigures = {}): Figures | undefined {
  if (typeof figures !== 'object' || figures === null || Array.isArray(figures)) return figures
  return Object.fromEntries(Object.entries(figures).filter(([name]) => !Object.hasOwn(leftOut, name)))
}

function print(section: string, rows: readonly Row[]): void {
  console.log(`\n# ${section}`)
  let group = ''
  for (const { name, expected, ours, same } of rows) {
    const [head = '', ...rest] = name.split(' › ')
    if (head !== group) console.log(`\n${head}`)
    group = head
    const label = rest.join(' › ')
    console.log(
      `  ${same ? 'ok     ' : 'DIFFERS'}  ${label.padEnd(52)} expected ${shown(expected).padEnd(14)} ours ${shown(ours)}`,
    )
  }
}

function shown(figure: Figures | undefined): string {
  return figure === undefined ? 'nothing' : JSON.stringify(figure)
}
