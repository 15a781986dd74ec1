import { contentHash } from '../../lib/hash.ts'
import { canonicalJson, sameJson } from '../../lib/json.ts'
import { oneLine } from '../../lib/text.ts'
import type { Calibration, JudgeInstrument } from '../../schema/calibration.ts'
import { subjectOf } from '../subject.ts'
import type { JudgeFacts, Question } from './judge.ts'

/**
 * A subject that has whatever a judge may want to be shown: what is asked of it is what is asked of all. What is set beside its
 * output is another one, or both orders of a pair would look the same.
 */
const sketch = subjectOf({
  input: 'What?',
  expected: 'This.',
  reference: { contains: ['This.'] },
  output: 'That.',
  recordedOutput: 'Those.',
})

/** What a judge asks of an outcome that has whatever it may want to be shown: for what is the same of all outcomes. */
export function sketchedQuestions({ questionsOf }: Pick<JudgeFacts, 'questionsOf'>): readonly Question[] {
  return questionsOf(sketch)
}

/** What a judge's fingerprint is made of, as far as it can be named: of a panel each member's, once. */
export function instrumentsOf(facts: Pick<JudgeFacts, 'questionsOf'>): readonly JudgeInstrument[] {
  const found = new Map<string, JudgeInstrument>()
  for (const { model, system, vocabulary } of sketchedQuestions(facts)) {
    const one: JudgeInstrument = {
      provider: model.provider,
      model: model.model,
      prompt: contentHash({ system, vocabulary }),
      parameters: model.parameters,
    }
    found.set(canonicalJson(one), one)
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** A judge as it is now. */
export interface JudgeNow {
  readonly fingerprint: string
  readonly criterion: string
  readonly instruments: readonly JudgeInstrument[]
}

/** What is other than when a judge was calibrated, as clauses: `the model was a, and is b`. Empty where nothing is. */
export function changesSince(
  before: Pick<Calibration, 'fingerprint' | 'criterion' | 'instruments'>,
  now: JudgeNow,
): readonly string[] {
  const criterion = before.criterion === now.criterion ? [] : ['the criterion changed']
  if (before.fingerprint === now.fingerprint) return criterion
  const parts = [
    part('the provider', before.instruments, now.instruments, ({ provider }) => provider),
    part('the model', before.instruments, now.instruments, ({ model }) => model),
    part('the parameters', before.instruments, now.instruments, ({ parameters }) =>
      canonicalJson(parameters),
    ),
    // The words of the criterion stand in the prompt.
    criterion.length > 0
      ? undefined
      : part('the prompt', before.instruments, now.instruments, ({ prompt }) => prompt, 'changed'),
  ].filter((one) => one !== undefined)
  if (parts.length > 0 || criterion.length > 0) return [...parts, ...criterion]
  return ['how it is asked, or how its answers are read, changed']
}

function part(
  name: string,
  before: readonly JudgeInstrument[],
  after: readonly JudgeInstrument[],
  of: (instrument: JudgeInstrument) => string,
  said?: string,
): string | undefined {
  // Of a calibration that does not tell what it was made of nothing can be said.
  if (before.length === 0) return undefined
  const [was, is] = [before.map(of).sort(), after.map(of).sort()]
  if (sameJson(was, is)) return undefined
  if (said !== undefined) return `${name} ${said}`
  const [then, now] = [was, is].map((words) => oneLine([...new Set(words)].join(', '), 200))
  return name.endsWith('s') ? `${name} were ${then}, and are ${now}` : `${name} was ${then}, and is ${now}`
}
