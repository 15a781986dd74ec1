import { canonicalJson } from '../lib/json.ts'
import type { Json } from '../schema/json.ts'
import type { Label } from '../schema/label.ts'

/** Characters. What is shorter ("yes", "42") may stand anywhere by chance. */
const shortest = 24

/**
 * Whether an outcome, or what a person wrote of it, stands in a judge's instruction: then the judge was told what it is measured
 * on. White space and case do not matter. `output` is what was labelled, where it is at hand.
 */
export function standsInPrompt(
  instructions: readonly string[],
  { note, output: kept }: Pick<Label, 'note' | 'output'>,
  output: Json | undefined = kept,
): boolean {
  const prompts = instructions.map(evened)
  const texts = [note, ...(output === undefined ? [] : spellings(output))]
    .filter((text) => text !== undefined)
    .map(evened)
    .filter((text) => text.length >= shortest)
  return texts.some((text) => prompts.some((prompt) => prompt.includes(text)))
}

function spellings(output: Json): readonly string[] {
  return typeof output === 'string' ? [output, JSON.stringify(output).slice(1, -1)] : [canonicalJson(output)]
}

function evened(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim()
}
