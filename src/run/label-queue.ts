import { sha256 } from '../lib/hash.ts'
import { byCodeUnit } from '../lib/json.ts'
import type { Label, LabelSplit } from '../schema/label.ts'
import { newestLabels } from './labels-file.ts'

/** An outcome a person can say something of. */
export interface LabelItem {
  readonly case: string
  readonly trial: number
  /** As the judge's questions have it. */
  readonly subject: string
  readonly split: LabelSplit
}

/** Where labelling stands. */
export interface LabelProgress {
  /** Outcomes that have a label, and how many there are. */
  readonly done: number
  readonly of: number
  readonly pass: number
  readonly fail: number
  /** Of these, in the split that counts for a calibration. */
  readonly test: { readonly pass: number; readonly fail: number }
}

/**
 * Outcomes in the order they are to be labelled: each case once before any comes again, and cases by their hash, so that who
 * stops early has labelled a fair sample of them. An answer that came twice is asked of once: it is one observation. Pure.
 */
export function labelQueue<T extends LabelItem>(items: readonly T[]): readonly T[] {
  const distinct = new Map<string, T>()
  for (const one of items.toSorted((a, b) => a.trial - b.trial)) {
    const key = sameAnswer(one)
    if (!distinct.has(key)) distinct.set(key, one)
  }
  const seen = new Map<string, number>()
  return [...distinct.values()]
    .map((item) => {
      const round = seen.get(item.case) ?? 0
      seen.set(item.case, round + 1)
      return { item, round, place: sha256(`label order: ${item.case}`) }
    })
    .sort((a, b) => a.round - b.round || byCodeUnit(a.place, b.place))
    .map(({ item }) => item)
}

/** Those that have no label of anybody. */
export function unlabelled<T extends LabelItem>(
  items: readonly T[],
  labels: readonly Label[],
  judge: string,
): readonly T[] {
  const labelled = new Set(labels.filter((one) => one.judge === judge).map(sameAnswer))
  return items.filter((one) => !labelled.has(sameAnswer(one)))
}

/** Of the labels of a judge, whatever run they were made on: an outcome of an earlier run that has one counts, too. */
export function labelProgress(
  items: readonly LabelItem[],
  labels: readonly Label[],
  judge: string,
): LabelProgress {
  const newest = newestLabels(labels).filter((one) => one.judge === judge)
  const test = newest.filter(({ split }) => split === 'test')
  return {
    done: items.length - unlabelled(items, labels, judge).length,
    of: items.length,
    pass: count(newest, 'pass'),
    fail: count(newest, 'fail'),
    test: { pass: count(test, 'pass'), fail: count(test, 'fail') },
  }
}

function count(labels: readonly Label[], word: Label['label']): number {
  return labels.filter(({ label }) => label === word).length
}

function sameAnswer({ case: id, subject }: Pick<LabelItem, 'case' | 'subject'>): string {
  return `${id} ${subject}`
}
