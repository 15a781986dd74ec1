import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cohenKappa, crossTable } from '../../src/lib/stats/index.ts'
import { jsonFrom, textFrom } from '../../src/schema/read.ts'
import { type Figures, type NamedFigures, rounded, type Section } from './figures.ts'

const folder = 'judge/llmbar'

type Winner = '1' | '2' | null

/** A pair of outputs, which of them is better, and what an evaluator said in both orders, round by round. */
interface Pair {
  readonly label: 1 | 2
  readonly results: readonly {
    readonly 'swap = False': { readonly winner: Winner }
    readonly 'swap = True': { readonly winner: Winner }
  }[]
}

/** The authors' own figures that ours are held against. */
type Official = Readonly<Record<'correct_average' | 'equal' | 'correct_both', string>> & {
  readonly kappa_agreement: number
}

/**
 * LLMBar's 25 evaluators in both orders of every pair: how often each is right, how often the order does not matter, and κ
 * between the orders. A winner that could not be read counts as wrong; for κ it is a word of its own, and in the authors'
 * statistics the second output.
 */
export const llmbar: Section = {
  name: folder,
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    for (const path of await evaluatorsIn(directory)) {
      const pairs = (await read(directory, `${path}/result.json`)) as readonly Pair[]
      const official = (await read(directory, `${path}/statistics.json`)) as Official
      figures[`${path}/result.json`] = figuresOf(pairs, official)
    }
    return figures
  },
}

function figuresOf(pairs: readonly Pair[], official: Official): NamedFigures {
  const orders = pairs.map(({ label, results }) => {
    // Where both orders differ, some strategies ask a second time.
    const last = results.at(-1)
    return {
      label: String(label),
      original: last?.['swap = False'].winner ?? null,
      swapped: last?.['swap = True'].winner ?? null,
    }
  })
  const n = orders.length
  const original = orders.filter((pair) => pair.original === pair.label).length
  const swapped = orders.filter((pair) => pair.swapped === pair.label).length
  const equal = orders.filter((pair) => pair.original === pair.swapped).length
  const both = orders.filter((pair) => pair.original === pair.label && pair.swapped === pair.label).length
  const ours = {
    correct_average: percent(((original + swapped) / (2 * n)) * 100),
    equal: shareOf(equal, n),
    correct_both: shareOf(both, n),
    kappa_agreement: kappa(orders.map((pair) => [pair.original ?? '2', pair.swapped ?? '2'])),
  }
  return {
    n,
    correct_original_order: original,
    correct_swapped_order: swapped,
    average_accuracy_pct: rounded(((original + swapped) / (2 * n)) * 100, 4),
    positional_agreement: equal,
    correct_in_both_orders: both,
    unparsed_winner_null: orders
      .flatMap((pair) => [pair.original, pair.swapped])
      .filter((won) => won === null).length,
    kappa_between_orders: rounded(kappa(orders.map((pair) => [pair.original, pair.swapped]))),
    official_statistics: ours,
    matches_official:
      ours.correct_average === official.correct_average &&
      ours.equal === official.equal &&
      ours.correct_both === official.correct_both &&
      Math.abs(ours.kappa_agreement - official.kappa_agreement) < 1e-12,
  }
}

function kappa(pairs: readonly (readonly [Winner, Winner])[]): number {
  return cohenKappa(crossTable(pairs)).kappa ?? Number.NaN
}

/** As Python writes them. */
function shareOf(count: number, of: number): string {
  return `${count} / ${of} = ${percent((count / of) * 100)}`
}

function percent(value: number): string {
  return `${Number.isInteger(value) ? value.toFixed(1) : value}%`
}

async function evaluatorsIn(directory: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const subset of await foldersIn(join(directory, folder))) {
    if (subset === 'prompts') continue
    const evaluators = await foldersIn(join(directory, folder, subset))
    found.push(...evaluators.map((name) => `${folder}/${subset}/${name}`))
  }
  return found
}

async function foldersIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

async function read(directory: string, file: string): Promise<unknown> {
  return jsonFrom(textFrom(await readFile(join(directory, file)), { file }), { file })
}
