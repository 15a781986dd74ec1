import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Confusion, cohenKappa, confusion, tableOf } from '../../src/lib/stats/index.ts'
import { jsonFrom, textFrom } from '../../src/schema/read.ts'
import { objectIn } from '../../src/score/judge/answer-text.ts'
import type { Question } from '../../src/score/judge/judge.ts'
import { standingOf } from '../../src/score/judge/standing.ts'
import { type Said, verdictFrom, verdictIn } from '../../src/score/judge/verdict-in.ts'
import { counts, type Figures, type NamedFigures, rounded, type Section } from './figures.ts'

const folder = 'judge/tau2-multi-judge'

/** An answer of a judge as its authors' script read it, and what the environment says of the run. */
interface Entry {
  readonly simulation_id: string
  readonly tau2_success: boolean
  readonly judge_verdict: string
  readonly judge_justification: string
  readonly agreement: boolean | null
  readonly judge_model: string
  readonly judge_temperature: number
  readonly judge_prompt_tokens: number
  readonly judge_completion_tokens: number
  readonly judge_cost_usd: number
}

interface Summary {
  readonly agree_count: number
  readonly disagree_count: number
  readonly total_cost_usd: number
  readonly entries: readonly Entry[]
}

interface RawAnswer {
  readonly simulation_id: string
  readonly judge_response: string
}

const fields = { verdict: 'verdict', critique: 'justification' }

/** What a prompt of pass and fail may be answered with. */
const strict: Question['vocabulary'] = { pass: 'pass', fail: 'fail' }

/** The same, with words declared that one prompt, which names none, was answered with. */
const declared: Question['vocabulary'] = {
  ...strict,
  satisfied: 'pass',
  satisfactory: 'pass',
  compliant: 'pass',
  correct: 'pass',
}

/** Four prompts of one judge over 50 runs: how often it agrees with the environment, its words taken as they are. */
export const judgeAgreement: Section = {
  name: folder,
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    for (const { file, summary } of await summariesIn(directory)) figures[file] = figuresOf(summary)
    for (const { file, answers } of await rawIn(directory)) {
      const texts = answers.map(({ judge_response }) => judge_response)
      figures[file] = {
        responses: texts.length,
        fenced_in_markdown: texts.filter((text) => text.startsWith('```')).length,
        plain_json_parse_ok: texts.filter(isJson).length,
        parse_ok_after_stripping_fence: texts.filter((text) => 'object' in objectIn(text, 'verdict')).length,
      }
    }
    return figures
  },
}

const invented = {
  'schema: satisfied': 22,
  'schema: satisfactory': 3,
  'schema: compliant': 1,
  'schema: correct': 1,
}

/** Counts, rates and κ of the same files by another program, and the standing that the rule gives them. */
function measured(
  [tp, fn, fp, tn]: readonly [number, number, number, number],
  [agreement, kappa, tpr, tnr]: readonly [number, number, number, number],
  standing: string,
): NamedFigures {
  return { tp, fn, fp, tn, agreement, kappa, standing, tpr, tnr, 'with twenty times the labels': standing }
}

const allScored = { scored: 50, unscored: {} }

/**
 * The same answers as this project takes them: raw ones through the parser, each held against what the authors' script read;
 * words nobody declared unscored; and what each prompt may do by its rates.
 */
export const judgeAnswers: Section = {
  name: 'judge-answers',
  expected: {
    'raw, airline.policy_chain_of_thought_v1': {
      answers: 50,
      read: 50,
      misread: 0,
      scored: 23,
      unscored: invented,
    },
    'raw, airline.quick_triage_v1': { answers: 50, read: 50, misread: 0, ...allScored },
    'pass and fail, airline.customer_outcome_v1': {
      ...allScored,
      ...measured([14, 9, 21, 6], [0.4, -0.162791, 0.608696, 0.222222], 'refuse'),
    },
    'pass and fail, airline.policy_chain_of_thought_v1': {
      scored: 23,
      unscored: invented,
      ...measured([4, 7, 6, 6], [0.434783, -0.136882, 0.363636, 0.5], 'refuse'),
    },
    'pass and fail, airline.policy_conversation_v1': {
      ...allScored,
      ...measured([18, 5, 11, 16], [0.68, 0.368088, 0.782609, 0.592593], 'advisory'),
    },
    'pass and fail, airline.quick_triage_v1': {
      ...allScored,
      ...measured([22, 1, 24, 3], [0.5, 0.062969, 0.956522, 0.111111], 'advisory'),
    },
    'words declared, airline.policy_chain_of_thought_v1': {
      ...allScored,
      ...measured([16, 7, 21, 6], [0.44, -0.078582, 0.695652, 0.222222], 'refuse'),
    },
  },
  async compute(directory) {
    const figures: Record<string, Figures> = {}
    const summaries = await summariesIn(directory)
    for (const { file, answers } of await rawIn(directory)) {
      const prompt = promptOf(file)
      const read = summaries.find((one) => promptOf(one.file) === prompt)?.summary.entries ?? []
      figures[`raw, ${prompt}`] = readFigures(answers, read)
    }
    for (const { file, summary } of summaries) {
      figures[`pass and fail, ${promptOf(file)}`] = standingFigures(summary.entries, strict)
      const words = new Set(summary.entries.map(({ judge_verdict }) => judge_verdict))
      if ([...words].some((word) => !Object.hasOwn(strict, word))) {
        figures[`words declared, ${promptOf(file)}`] = standingFigures(summary.entries, declared)
      }
    }
    return figures
  },
}

/** Of a prompt's answers, as text: what was read of each is what the authors' script read, word and reason. */
function readFigures(answers: readonly RawAnswer[], entries: readonly Entry[]): NamedFigures {
  const byRun = new Map(entries.map((entry) => [entry.simulation_id, entry]))
  let read = 0
  let misread = 0
  const said: Said[] = []
  for (const { simulation_id, judge_response } of answers) {
    const object = objectIn(judge_response, fields.verdict)
    if ('object' in object) read++
    const theirs = byRun.get(simulation_id)
    const ours = verdictIn(judge_response, strict, fields)
    said.push(ours)
    if (theirs === undefined || !sameAnswer(ours, theirs)) misread++
  }
  return { answers: answers.length, read, misread, ...scoredFigures(said) }
}

function sameAnswer(ours: Said, theirs: Entry): boolean {
  if ('unjudged' in ours) return ours.why.startsWith(`It answered ${JSON.stringify(theirs.judge_verdict)}, `)
  return ours.verdict === theirs.judge_verdict && ours.critique === theirs.judge_justification
}

function scoredFigures(said: readonly Said[]): NamedFigures {
  const unscored = said.flatMap((one) =>
    'unjudged' in one ? [`${one.unjudged}: ${/^It answered "(.*?)",/.exec(one.why)?.[1] ?? one.why}`] : [],
  )
  return { scored: said.length - unscored.length, unscored: counts(unscored) }
}

function standingFigures(entries: readonly Entry[], vocabulary: Question['vocabulary']): NamedFigures {
  const { said, table } = judged(entries, vocabulary)
  const now = standingOf(table)
  const { tp, fn, fp, tn } = table
  const more = standingOf({ tp: tp * 20, fn: fn * 20, fp: fp * 20, tn: tn * 20 })
  return {
    ...scoredFigures(said),
    tp,
    fn,
    fp,
    tn,
    agreement: rounded(now.agreement),
    kappa: rounded(now.kappa ?? undefined),
    standing: now.standing,
    tpr: rounded(now.tpr.rate),
    tnr: rounded(now.tnr.rate),
    'with twenty times the labels': more.standing,
  }
}

/** What a judge said of runs, and how it counts against the environment: what is unscored does not count. */
function judged(
  entries: readonly Entry[],
  vocabulary: Question['vocabulary'],
): { said: readonly Said[]; table: Confusion } {
  const said = entries.map(({ judge_verdict, judge_justification }) =>
    verdictFrom({ verdict: judge_verdict, justification: judge_justification }, vocabulary, fields),
  )
  const pairs = said.flatMap((one, at) =>
    'unjudged' in one ? [] : [{ people: entries[at]?.tau2_success ?? false, judge: one.verdict === 'pass' }],
  )
  return { said, table: confusion(pairs) }
}

function figuresOf({ entries, agree_count, disagree_count, total_cost_usd }: Summary): NamedFigures {
  const { table } = judged(entries, strict)
  const { tp, fn, fp, tn } = table
  const recognised = tp + fn + fp + tn
  return {
    judged: entries.length,
    ground_truth_pass: entries.filter(({ tau2_success }) => tau2_success).length,
    file_agree_count: agree_count,
    file_disagree_count: disagree_count,
    agreement_field: counts(entries.map(({ agreement }) => pythonWords[String(agreement)] ?? '')),
    verdict_strings: counts(entries.map(({ judge_verdict }) => judge_verdict)),
    strict_pass_fail_only: {
      recognised,
      off_schema: entries.length - recognised,
      tp,
      tn,
      fp,
      fn,
      accuracy_on_recognised: rounded((tp + tn) / recognised),
      agreement_counting_off_schema_as_wrong: rounded((tp + tn) / entries.length),
      cohen_kappa_on_recognised: rounded(cohenKappa(tableOf(table)).kappa ?? undefined),
    },
    judge_model: one(entries.map(({ judge_model }) => judge_model)),
    temperature: one(entries.map(({ judge_temperature }) => judge_temperature)),
    prompt_tokens: sum(entries.map(({ judge_prompt_tokens }) => judge_prompt_tokens)),
    completion_tokens: sum(entries.map(({ judge_completion_tokens }) => judge_completion_tokens)),
    cost_usd_sum_of_entries: rounded(sum(entries.map(({ judge_cost_usd }) => judge_cost_usd))),
    total_cost_usd_field: rounded(total_cost_usd),
  }
}

const pythonWords: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' }

async function summariesIn(directory: string): Promise<readonly { file: string; summary: Summary }[]> {
  const files = await filesIn(directory, '.summary.json')
  return Promise.all(
    files.map(async (file) => {
      const text = textFrom(await readFile(join(directory, file)), { file })
      return { file, summary: jsonFrom(text, { file }) as Summary }
    }),
  )
}

async function rawIn(directory: string): Promise<readonly { file: string; answers: readonly RawAnswer[] }[]> {
  const files = await filesIn(directory, '.raw.jsonl')
  return Promise.all(
    files.map(async (file) => {
      const text = textFrom(await readFile(join(directory, file)), { file })
      const lines = text.split('\n').filter((line) => line !== '')
      return { file, answers: lines.map((line, at) => jsonFrom(line, { file, line: at + 1 }) as RawAnswer) }
    }),
  )
}

async function filesIn(directory: string, ending: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, folder))
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${folder}/${name}`)
}

function promptOf(file: string): string {
  return basename(file).replace(/\.(?:summary\.json|raw\.jsonl)$/, '')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function one<T>(values: readonly T[]): T | null {
  const [first, ...others] = new Set(values)
  return first === undefined || others.length > 0 ? null : first
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
