import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mcnemar } from '../../src/lib/stats/index.ts'
import type { ParameterSchema } from '../../src/score/accepted-value.ts'
import type { MadeCall } from '../../src/score/evidence.ts'
import { matchFunctionCalls } from '../../src/score/function-call.ts'
import type { AcceptedCall } from '../../src/schema/case.ts'
import type { Json } from '../../src/schema/json.ts'
import { counts, type Figures, type NamedFigures, rounded, type Section } from './figures.ts'

const claude = 'claude-sonnet-4-5-20250929-FC'
const deepSeek = 'DeepSeek-V3.1-Terminus-FC'
const glyphh = 'glyphh-ada-1.1'

/** Who answered which category of the benchmark. */
const answered: readonly (readonly [model: string, category: Category])[] = [
  [deepSeek, 'simple_python'],
  [claude, 'simple_python'],
  [glyphh, 'irrelevance'],
  [glyphh, 'multiple'],
  [glyphh, 'parallel'],
  [glyphh, 'simple_python'],
]

export type Category = keyof typeof checkers

/** What the official checker puts before an error of its own; those of values have no more than their own words. */
const checkers = {
  simple_python: 'simple_function_checker',
  multiple: 'multiple_function_checker',
  parallel: 'parallel_function_checker_no_order',
  irrelevance: 'irrelevance_error',
} as const

const multiTurn =
  'its calls run against simulators of Python APIs, and the state these end in is what is judged'

/** The Berkeley Function-Calling Leaderboard: our verdicts on every output, in the shape of its score files. */
export const bfcl: Section = {
  name: 'bfcl',
  leftOut: {
    [`bfcl/scores/${claude}/BFCL_v4_multi_turn_base_score.json`]: multiTurn,
    [`bfcl/scores/${glyphh}/BFCL_v4_multi_turn_base_score.json`]: multiTurn,
  },
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    const simple = new Map<string, readonly Verdict[]>()
    for (const [model, category] of answered) {
      const verdicts = await verdictsOf(directory, model, category)
      if (category === 'simple_python') simple.set(model, verdicts)
      const correct = verdicts.filter(({ ours }) => ours === undefined).length
      figures[`bfcl/scores/${model}/BFCL_v4_${category}_score.json`] = {
        accuracy: correct / verdicts.length,
        correct_count: correct,
        total_count: verdicts.length,
        error_types: counts(verdicts.flatMap(({ ours }) => ours ?? [])),
      }
    }
    for (const model of [claude, glyphh]) {
      const file = `bfcl/outputs/${model}/BFCL_v4_multi_turn_base_result.json`
      figures[file] = { rows: (await linesOf(join(directory, file))).length }
    }
    for (const model of [deepSeek, glyphh]) {
      figures[`compare simple_python ${claude} -> ${model}`] = compared(
        simple.get(claude) ?? [],
        simple.get(model) ?? [],
      )
    }
    return figures
  },
}

/** The same, id by id: a sum can be right by two mistakes. */
export const bfclVerdicts: Section = {
  name: 'bfcl-verdicts',
  expected: Object.fromEntries(
    answered.map(([model, category]) => {
      const all = { simple_python: 400, multiple: 200, parallel: 200, irrelevance: 240 }[category]
      const same = { verdict: all, 'verdict and error type': all }
      return [
        `${model} ${category}`,
        { ...same, 'with whole numbers in lists of floats': fewerFaults(category) },
      ]
    }),
  ),
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    for (const [model, category] of answered) {
      const verdicts = await verdictsOf(directory, model, category)
      const usual = await verdictsOf(directory, model, category, true)
      figures[`${model} ${category}`] = {
        verdict: verdicts.filter(({ ours, official }) => (ours === undefined) === (official === undefined))
          .length,
        'verdict and error type': verdicts.filter(({ ours, official }) => ours === official).length,
        'with whole numbers in lists of floats': usual
          .filter(({ ours, official }) => (ours === undefined) !== (official === undefined))
          .map(({ id }) => id),
      }
    }
    return figures
  },
}

/** Outputs that pass as the check is set by default, and not by the official checker: docs/function-calls.md says why. */
function fewerFaults(category: Category): readonly string[] {
  if (category !== 'simple_python') return []
  return ['simple_python_13', 'simple_python_82', 'simple_python_87', 'simple_python_103']
}

interface Verdict {
  readonly id: string
  /** The error's type; `undefined` is a pass. */
  readonly ours: string | undefined
  readonly official: string | undefined
}

async function verdictsOf(
  directory: string,
  model: string,
  category: Category,
  wholeNumbersInFloatLists = false,
): Promise<readonly Verdict[]> {
  const read = <T>(folder: string, end: string): Promise<readonly T[]> =>
    linesOf<T>(join(directory, 'bfcl', folder, `BFCL_v4_${category}${end}.json`))
  const questions = await read<Question>('questions', '')
  const answers = category === 'irrelevance' ? [] : await read<Answer>('possible_answer', '')
  const results = await read<Result>(`outputs/${model}`, '_result')
  const [, ...failed] = await read<Failed>(`scores/${model}`, '_score')
  const functions = new Map(questions.map((question) => [question.id, question.function]))
  const accepted = new Map(answers.map((answer) => [answer.id, answer.ground_truth]))
  const official = new Map(failed.map(({ id, error_type: type }) => [id, type]))
  return results.map(({ id, result }) => ({
    id,
    ours: errorOf(
      result,
      accepted.get(id) ?? [],
      functions.get(id) ?? [],
      category,
      wholeNumbersInFloatLists,
    ),
    official: official.get(id),
  }))
}

/**
 * The type of the error of an output, as the official checker writes it; `undefined` where the output passes. Answers are
 * those accepted, functions those the model was told.
 */
export function errorOf(
  result: Result['result'],
  answers: Answer['ground_truth'],
  functions: Question['function'],
  category: Category,
  wholeNumbersInFloatLists: boolean,
): string | undefined {
  const made = callsIn(result)
  // Text where calls were wanted: the benchmark says that it cannot be decoded, not that there are too few.
  if (made === undefined) return category === 'irrelevance' ? undefined : 'ast_decoder:decoder_failed'
  const accepted: readonly AcceptedCall[] = answers.flatMap((answer) =>
    Object.entries(answer).map(([name, parameters]) => ({ name, arguments: parameters })),
  )
  const { passed, errorType } = matchFunctionCalls(made, accepted, {
    wholeNumbersInFloatLists,
    schemaOf: (tool) => functions.find(({ name }) => name === tool)?.parameters,
  })
  if (passed || errorType === undefined) return undefined
  if (errorType === 'decoder_failed') return `ast_decoder:${errorType}`
  if (errorType.includes(':')) return errorType
  const counted =
    errorType === 'wrong_count' || errorType === 'cannot_find_match' || category === 'irrelevance'
  return `${counted ? checkers[category] : 'simple_function_checker'}:${errorType}`
}

/** `undefined` where the model answered in prose. */
function callsIn(result: Result['result']): readonly MadeCall[] | undefined {
  if (typeof result === 'string') return undefined
  const made: MadeCall[] = []
  for (const one of result) {
    if (typeof one === 'string') return undefined
    for (const [name, text] of Object.entries(one)) made.push({ name, arguments: JSON.parse(text) as Json })
  }
  return made
}

function compared(baseline: readonly Verdict[], candidate: readonly Verdict[]): NamedFigures {
  const before = new Map(baseline.map(({ id, ours }) => [id, ours === undefined]))
  const both = candidate.filter(({ id }) => before.has(id))
  const fixed = both.filter(({ id, ours }) => ours === undefined && before.get(id) === false).length
  const broken = both.filter(({ id, ours }) => ours !== undefined && before.get(id) === true).length
  return {
    tasks: both.length,
    baseline_pass: both.filter(({ id }) => before.get(id) === true).length,
    candidate_pass: both.filter(({ ours }) => ours === undefined).length,
    fixed,
    broken,
    mcnemar_exact_two_sided_p: rounded(mcnemar(fixed, broken).twoSided, 8),
  }
}

type Named<T> = { readonly [name: string]: T }

export interface Question {
  readonly id: string
  readonly function: readonly { readonly name: string; readonly parameters: ParameterSchema }[]
}

export interface Answer {
  readonly id: string
  readonly ground_truth: readonly Named<Named<readonly Json[]>>[]
}

export interface Result {
  readonly id: string
  readonly result: string | readonly (string | Named<string>)[]
}

interface Failed {
  readonly id: string
  readonly error_type: string
}

async function linesOf<T>(file: string): Promise<readonly T[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as T)
}
