import type { Label } from '../../schema/label.ts'

/** A label of which only what matters is said. */
export function labelOf(sketch: Partial<Label>): Label {
  return {
    v: 1,
    judge: 'accuracy',
    case: 'refund',
    trial: 0,
    subject: 'a'.repeat(16),
    label: 'pass',
    split: 'test',
    tags: [],
    by: 'Ann',
    at: '2026-11-28T09:00:00.000Z',
    ...sketch,
  }
}
