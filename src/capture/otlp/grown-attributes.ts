import type { GrownText } from '../../lib/grown-text.ts'
import type { OtlpAttributes } from './shape.ts'

/**
 * Of attributes whose texts go on from those of earlier spans: how. Who asks for the text itself finds it in its place, and need not
 * know of this; a copy of the attributes is texts alone.
 */
export function grownIn(attributes: OtlpAttributes): ReadonlyMap<string, GrownText> {
  return grown.get(attributes) ?? none
}

/** That the texts of these names, which stand there, are these. */
export function areGrown(attributes: OtlpAttributes, texts: ReadonlyMap<string, GrownText>): void {
  if (texts.size > 0) grown.set(attributes, texts)
}

const grown = new WeakMap<OtlpAttributes, ReadonlyMap<string, GrownText>>()
const none: ReadonlyMap<string, GrownText> = new Map()
