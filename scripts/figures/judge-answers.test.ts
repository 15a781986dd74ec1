import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judgeAgreement, judgeAnswers } from './judge-answers.ts'
import { llmbar } from './llmbar.ts'

async function directoryOf(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'evalkit-judges-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  return directory
}

function entry(id: string, verdict: string, success: boolean) {
  return {
    simulation_id: id,
    judge_verdict: verdict,
    judge_justification: `About ${id}.`,
    tau2_success: success,
    agreement: null,
    judge_model: 'm',
    judge_temperature: 0,
    judge_prompt_tokens: 2,
    judge_completion_tokens: 1,
    judge_cost_usd: 0.1,
  }
}

function raw(id: string, response: string): string {
  return JSON.stringify({ simulation_id: id, judge_response: response })
}

function said(id: string, verdict: string): string {
  return `\`\`\`json\n${JSON.stringify({ verdict, justification: `About ${id}.`, issues: [] })}\n\`\`\``
}

const folder = 'judge/tau2-multi-judge'
const entries = [
  entry('a', 'pass', true),
  entry('b', 'fail', true),
  entry('c', 'pass', false),
  entry('d', 'fail', false),
  entry('e', 'satisfied', true),
]
const summary = JSON.stringify({ entries, agree_count: 2, disagree_count: 3, total_cost_usd: 0.5 })

describe('judge answers', () => {
  it('are held against what the authors read, and what is off the vocabulary is no disagreement', async () => {
    const lines = [
      raw('a', said('a', 'pass')),
      raw('b', said('b', 'fail')),
      raw('c', said('c', 'pass')),
      raw('d', said('d', 'fail')),
      raw('e', said('e', 'satisfied')),
    ]
    const directory = await directoryOf({
      [`${folder}/shop.kind.summary.json`]: summary,
      [`${folder}/shop.kind.raw.jsonl`]: `${lines.join('\n')}\n`,
    })
    expect(await judgeAnswers.compute(directory)).toMatchObject({
      'raw, shop.kind': { answers: 5, read: 5, misread: 0, scored: 4, unscored: { 'schema: satisfied': 1 } },
      'pass and fail, shop.kind': {
        scored: 4,
        unscored: { 'schema: satisfied': 1 },
        tp: 1,
        fn: 1,
        fp: 1,
        tn: 1,
        agreement: 0.5,
        kappa: 0,
        standing: 'refuse',
      },
      'words declared, shop.kind': { scored: 5, tp: 2, fn: 1, fp: 1, tn: 1 },
    })
    expect(await judgeAgreement.compute(directory)).toMatchObject({
      [`${folder}/shop.kind.summary.json`]: {
        judged: 5,
        ground_truth_pass: 3,
        agreement_field: { None: 5 },
        strict_pass_fail_only: { recognised: 4, off_schema: 1, agreement_counting_off_schema_as_wrong: 0.4 },
      },
      [`${folder}/shop.kind.raw.jsonl`]: {
        responses: 5,
        fenced_in_markdown: 5,
        plain_json_parse_ok: 0,
        parse_ok_after_stripping_fence: 5,
      },
    })
  })

  it('count as misread where word or reason is another, or the run is unknown', async () => {
    const lines = [
      raw('a', said('a', 'fail')),
      raw('b', said('d', 'fail')),
      raw('e', said('e', 'correct')),
      raw('f', said('f', 'pass')),
      raw('c', 'pass'),
    ]
    const directory = await directoryOf({
      [`${folder}/shop.kind.summary.json`]: summary,
      [`${folder}/shop.kind.raw.jsonl`]: lines.join('\n'),
    })
    expect(await judgeAnswers.compute(directory)).toMatchObject({
      'raw, shop.kind': { answers: 5, read: 4, misread: 5 },
    })
  })
})

describe('llmbar', () => {
  it('counts a winner nobody could read as wrong, and asks the last round', async () => {
    const round = (original: string | null, swapped: string | null) => ({
      'swap = False': { winner: original },
      'swap = True': { winner: swapped },
    })
    const pairs = [
      { label: 1, results: [round('1', '1')] },
      { label: 2, results: [round('1', '2'), round('2', '2')] },
      { label: 1, results: [round(null, '1')] },
      { label: 2, results: [round('1', '1')] },
    ]
    const official = {
      correct_average: '62.5%',
      equal: '3 / 4 = 75.0%',
      correct_both: '2 / 4 = 50.0%',
      kappa_agreement: 0.5,
    }
    const path = 'judge/llmbar/Few/m__Plain'
    const files = {
      [`${path}/result.json`]: JSON.stringify(pairs),
      [`${path}/statistics.json`]: JSON.stringify(official),
      'judge/llmbar/prompts/plain.txt': '',
    }
    const figures = {
      n: 4,
      correct_original_order: 2,
      correct_swapped_order: 3,
      average_accuracy_pct: 62.5,
      positional_agreement: 3,
      correct_in_both_orders: 2,
      unparsed_winner_null: 1,
      official_statistics: official,
    }
    expect(await llmbar.compute(await directoryOf(files))).toMatchObject({
      [`${path}/result.json`]: { ...figures, matches_official: true },
    })
    const others = {
      ...files,
      [`${path}/statistics.json`]: JSON.stringify({ ...official, equal: '4 / 4 = 100.0%' }),
    }
    expect(await llmbar.compute(await directoryOf(others))).toMatchObject({
      [`${path}/result.json`]: { ...figures, matches_official: false },
    })
  })
})
