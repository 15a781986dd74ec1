import { contentHash } from '../../lib/hash.ts'
import type { Json } from '../../schema/json.ts'
import type { Check, Subject } from '../../score/check.ts'
import type { JudgeFacts, JudgeModel, Question } from '../../score/judge/judge.ts'

interface Sketch {
  readonly name?: string
  readonly gating?: boolean
  readonly model?: string
  readonly prompt?: string
  readonly criterion?: string
  readonly parameters?: { readonly [key: string]: Json }
}

/** A judge by hand, shown the case's input and the output. It answers what `subject.judging` answers. */
export function scriptedJudge({
  name = 'accuracy',
  gating = true,
  model = 'gpt-4o-2024-11-20',
  prompt = 'Judge by the criterion.',
  criterion = 'The answer is right.',
  parameters = {},
}: Sketch = {}): Check & { readonly judge: JudgeFacts } {
  const of: JudgeModel = { provider: 'openai', model, parameters }
  const fingerprint = contentHash({ model, prompt, parameters })
  const asked = contentHash(criterion)
  const questionOf = (subject: Subject): Question => {
    const shown = [
      { heading: 'Task', content: subject.case.input ?? null },
      { heading: 'Answer', content: subject.outcome.output ?? null, judged: true as const },
    ]
    return {
      judge: name,
      model: of,
      fingerprint,
      criterion: asked,
      case: subject.case.id,
      trial: subject.trial ?? 0,
      subject: contentHash(shown.map(({ heading, content }) => ({ heading, content }))),
      system: `${prompt}\n\nThe criterion:\n${criterion}`,
      shown,
      vocabulary: { pass: 'pass', fail: 'fail' },
    }
  }
  return {
    name,
    gating,
    identity: { judge: name, criterion },
    judge: {
      kind: 'rubric',
      fingerprint,
      criterion: asked,
      asks: criterion,
      models: [of],
      samples: 1,
      questionsOf: (subject) => [questionOf(subject)],
    },
    async answer(subject) {
      const said = await subject.judging?.verdict(questionOf(subject), 0)
      if (said === undefined) return { unscored: 'not recorded' }
      if ('unjudged' in said) return { unscored: `${said.unjudged}: ${said.why}` }
      return { value: said.verdict === 'pass' ? 1 : 0, reason: said.critique }
    },
  }
}
