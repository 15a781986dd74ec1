import { byCodeUnit } from '../../lib/json.ts'
import { defined } from '../../lib/defined.ts'
import { isAgentsModelCall } from '../../schema/call.ts'
import type { KnownTools } from '../../schema/known-tools.ts'
import {
  type DiffCounts,
  type DiffRow,
  type DiffSide,
  type DiffStep,
  diverges,
  endsWorse,
  type GuessedEffect,
  severityOf,
  type SideDifference,
  type TraceDiff,
  type WriteEffects,
  worstSeverity,
} from '../../schema/trace-diff.ts'
import type { Score } from '../../schema/score.ts'
import type { Trace } from '../../schema/trace.ts'
import { type Act, type Block, blocksOf, isWrite } from './acts.ts'
import { classify, differencesOf } from './classify.ts'
import { groundsOf } from './grounds.ts'
import { type Move, movesIn } from './moves.ts'
import { type Pair, pairsOf } from './pairs.ts'
import { leavesTape } from './tape.ts'

/**
 * Compares two runs step by step: `left` is what was, `right` what is now. Pure and deterministic; takes any two traces.
 * What a line is called and how much it matters: docs/diff.md.
 */
export function diffTraces(left: Trace, right: Trace, known: KnownTools): TraceDiff {
  const blocks = { left: blocksOf(left, known), right: blocksOf(right, known) }
  const acts = { left: actsOf(blocks.left), right: actsOf(blocks.right) }
  const pairs = pairsOf(blocks.left, blocks.right)
  const moves = movesIn(pairs, blocks.left, blocks.right)
  const around = {
    grounds: new Map([...groundsOf(acts.left), ...groundsOf(acts.right)]),
    left: byKey(acts.left),
    right: byKey(acts.right),
  }
  const leaves = { left: leavesTape(acts.left), right: leavesTape(acts.right) }
  const firstOff = pairs.findIndex(
    (pair) =>
      (pair.left !== undefined && leaves.left(pair.left)) ||
      (pair.right !== undefined && leaves.right(pair.right)),
  )
  const judged = pairs.map((pair, at) => {
    const finding = classify(pair, moves.get(at), around)
    const isOff = firstOff !== -1 && at > firstOff
    return { pair, move: moves.get(at), ...finding, ...(isOff ? { class: 'off-tape' as const } : {}) }
  })
  const rows = rowsOf(judged)
  const found = (wanted: (row: DiffRow) => boolean): number | undefined => {
    const at = rows.findIndex(wanted)
    return at === -1 ? undefined : at
  }
  const sides = { left: sideOf(left, acts.left), right: sideOf(right, acts.right) }
  return {
    ...sides,
    severity: worstSeverity([
      ...rows.map((row) => severityOf[row.class]),
      ...(endsWorse(sides) ? (['warning'] as const) : []),
    ]),
    counts: countsOf(rows),
    writes: writesOf(judged),
    ...defined({
      firstDifference: found((row) => severityOf[row.class] !== 'same'),
      firstDivergence: found((row) => diverges(severityOf[row.class])),
    }),
    ends: endsOf(left, right),
    settings: settingsOf(left, right),
    guessed: guessedIn([...acts.left, ...acts.right], known),
    rows,
  }
}

interface Judged extends Pick<DiffRow, 'class' | 'note'> {
  readonly pair: Pair
  readonly move: Move | undefined
  readonly differences?: readonly SideDifference[]
}

/** Model turns that only carry calls are left out: the calls are lines of their own. */
function rowsOf(judged: readonly Judged[]): DiffRow[] {
  const spoken = judged.flatMap((one, at) => {
    const left = spokenIn(one.pair.left)
    const right = spokenIn(one.pair.right)
    return left === undefined && right === undefined ? [] : [{ ...one, at, left, right }]
  })
  const rowOf = new Map(spoken.map(({ at }, row) => [at, row]))
  return spoken.map(({ left, right, move, class: of, note, differences = [] }) => ({
    ...defined({
      left,
      right,
      note,
      movedTo: move === undefined ? undefined : rowOf.get(move.mate),
    }),
    class: of,
    differences: left === undefined || right === undefined ? [] : [...differences],
  }))
}

function spokenIn(act: Act | undefined): DiffStep | undefined {
  return act?.silent === false ? act.shown : undefined
}

function countsOf(rows: readonly DiffRow[]): DiffCounts {
  const counts: Partial<Record<DiffRow['class'], number>> = {}
  for (const row of rows) {
    if (row.movedTo !== undefined && row.right === undefined) continue
    counts[row.class] = (counts[row.class] ?? 0) + 1
  }
  return counts
}

function writesOf(judged: readonly Judged[]): WriteEffects {
  const effects = { same: 0, changed: 0, removed: 0, added: 0, reordered: 0 }
  for (const { pair, move, class: of } of judged) {
    const { left, right } = pair
    const wrote = [left, right].some((side) => side !== undefined && isWrite(side) && !side.failed)
    if (move !== undefined) {
      // A turn of the user that passed a write is counted too: the write is what it is about.
      if (right !== undefined && of === 'write drift') effects.reordered++
      else if (right !== undefined && of === 'commuted' && wrote) effects.same++
    } else if (!wrote || of === 'off-tape' || of === 'repeat') continue
    else if (left === undefined) effects.added++
    else if (right === undefined) effects.removed++
    else effects[of === 'argument drift' || of === 'write drift' ? 'changed' : 'same']++
  }
  return effects
}

function sideOf(trace: Trace, acts: readonly Act[]): DiffSide {
  const { id, name, task, trial, status, usage, costUsd, durationMs } = trace
  return {
    trace: id,
    name,
    status,
    llmCalls: trace.spans.filter(isAgentsModelCall).length,
    toolCalls: acts.filter(({ shown }) => shown.kind === 'tool').length,
    ...defined({ task: task?.id, trial, usage, costUsd, durationMs }),
  }
}

function endsOf(left: Trace, right: Trace): SideDifference[] {
  const end = ({ status, ended, output, scores }: Trace): object => ({
    status,
    ...defined({ ended, output }),
    scores: Object.fromEntries(scores.map((score) => [score.name, valueOf(score)])),
  })
  return differencesOf(end(left), end(right), '').map(({ path, ...sides }) => ({
    path: path.replace(/^\./, ''),
    ...sides,
  }))
}

function valueOf(score: Score): number | string {
  return score.status === 'scored' ? score.value : 'unscored'
}

/** Of what both recorded: a source that kept no prompt says nothing about prompts. */
function settingsOf(left: Trace, right: Trace): SideDifference[] {
  const [one, other] = [left, right].map(({ spans }) => spans.find(isAgentsModelCall)?.request)
  if (one === undefined || other === undefined) return []
  return (['model', 'system', 'tools', 'parameters'] as const).flatMap((part) =>
    one[part] === undefined || other[part] === undefined ? [] : differencesOf(one[part], other[part], part),
  )
}

function guessedIn(acts: readonly Act[], known: KnownTools): GuessedEffect[] {
  const tools = acts.filter(({ shown }) => shown.kind === 'tool').map(({ shown }) => shown.name)
  return [...new Set(tools)]
    .filter((name) => known(name).from === 'name')
    .sort(byCodeUnit)
    .map((tool) => ({ tool, effect: known(tool).effect }))
}

function actsOf(blocks: readonly Block[]): readonly Act[] {
  return blocks.flatMap(({ words, calls }) => (words === undefined ? calls : [words, ...calls]))
}

function byKey(acts: readonly Act[]): ReadonlyMap<string, readonly Act[]> {
  const found = new Map<string, Act[]>()
  for (const act of acts) {
    const same = found.get(act.key)
    if (same === undefined) found.set(act.key, [act])
    else same.push(act)
  }
  return found
}
