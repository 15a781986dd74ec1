import { contentHash } from '../../lib/hash.ts'
import type { JudgeModel, Question, ShownPart } from './judge.ts'
import { answerSchema } from './answer-schema.ts'

/**
 * Goes up where the same question would be asked in another way: how data is delimited and cut, how much a model may
 * answer, how its answer is read. Every judge then is another instrument, and is calibrated anew.
 */
export const harnessVersion = 1

/** What an instrument is made of. */
export interface Instrument {
  readonly model: Pick<JudgeModel, 'provider' | 'model' | 'parameters'>
  /** The instruction, with a place for the criterion: the criterion is what is asked, not who is asked. */
  readonly template: string
  readonly vocabulary: Question['vocabulary']
}

/**
 * Names an instrument: 16 hex digits. Where it is reached is not in it: the same model behind a gateway is the same model.
 */
export function fingerprintOf({ model, template, vocabulary }: Instrument): string {
  return contentHash({
    provider: model.provider,
    model: model.model,
    parameters: model.parameters,
    prompt: template,
    schema: answerSchema(vocabulary),
    harness: harnessVersion,
  })
}

/** Names a panel by its members, whatever order they are listed in. */
export function panelFingerprint(members: readonly string[]): string {
  return contentHash({ panel: members.toSorted() })
}

/** Names what is asked: the kind of the question, its words, and what it is held against. */
export function criterionOf(kind: string, asked: object): string {
  return contentHash({ kind, asked })
}

/** Names what is judged, whoever judges it: all that is shown, before anything of it is cut. */
export function subjectOfParts(shown: readonly ShownPart[]): string {
  return contentHash(shown.map(({ heading, content }) => ({ heading, content })))
}
