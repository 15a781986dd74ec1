import * as z from 'zod'
import { defined } from '../../lib/defined.ts'
import { canonicalJson } from '../../lib/json.ts'
import { EvalkitError } from '../../schema/errors.ts'
import type { Answer, Check, CheckExample, Subject } from '../check.ts'
import { type CommonOptions, commonOptions, refuseReserved } from '../define-check.ts'
import { paramsFrom } from '../params.ts'
import { noPart, partsOf } from '../part.ts'
import { decided, type JudgedParts, joined } from './decide.ts'
import { criterionOf, fingerprintOf, panelFingerprint, subjectOfParts } from './identity.ts'
import type { JudgeFacts, JudgeModel, Question, ShownPart } from './judge.ts'
import { judgeProviders, providerFor } from './models/index.ts'
import { type Instruction, systemFor, templateOf } from './prompt.ts'
import type { JudgeParams } from './judge-params.ts'

/** What is shown of a subject for one question. */
export interface Exhibit {
  readonly shown: readonly ShownPart[]
  readonly vocabulary: Question['vocabulary']
}

/**
 * A kind of judge. A member is one file that says everything about itself: what it is told, what it is shown, and what
 * its words mean. It asks nothing itself.
 */
export interface JudgeDefinition<S extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly description: string
  readonly params: S
  /** Whether it decides `success` where the eval does not say. Default: it does. */
  readonly gating?: false
  /** Whether it is asked of several models, which vote. */
  readonly isPanel?: true
  /** Of its parameters: what it is told, whatever its criterion. */
  readonly instruction: (params: z.output<S>) => Instruction
  /** What is asked, in words: for the instruction. */
  readonly criterion: (params: z.output<S>) => string
  /** What is asked, as it is identified: its words, and whatever makes it another question. */
  readonly asked: (params: z.output<S>) => object
  /** What is shown: one exhibit a question; of a pair two, each order one. Or why there is nothing to judge. */
  readonly exhibits: (
    subject: Subject,
    params: z.output<S>,
  ) => readonly [Exhibit, ...Exhibit[]] | { readonly unscored: string }
  /** Subjects with the verdicts models give of them, which are the docs and the tests. */
  readonly examples: readonly JudgeExample<z.input<S>>[]
}

/** `verdicts`: what models answer, in the order they are asked. `expect` is what comes of it. */
export interface JudgeExample<P> extends Omit<CheckExample<P>, 'params'> {
  readonly params: Omit<P, 'model' | 'models'>
  readonly verdicts: readonly string[]
}

/** Options of a judge: its own, its model's, and those of every check. */
export type JudgeOptions<S extends z.ZodObject> = z.input<S> & CommonOptions

export interface JudgeFactory<S extends z.ZodObject = z.ZodObject> {
  (options: JudgeOptions<S>): Check
  readonly definition: JudgeDefinition<S>
}

/** Any factory, where only its definition matters. */
export interface AnyJudgeFactory {
  (options: never): Check
  readonly definition: JudgeDefinition<z.ZodObject>
}

/**
 * Makes a kind of judge: `rubric({ text: 'The answer names the amount.', model: 'claude-sonnet-4-5-20250929' })` reads its
 * parameters and gives a check that asks a model. Wrong parameters throw `EVK_CHECK_INVALID` where it is made.
 */
export function defineJudge<S extends z.ZodObject>(definition: JudgeDefinition<S>): JudgeFactory<S> {
  const make = (options: unknown): Check => judgeOf(definition, options)
  Object.defineProperty(make, 'name', { value: definition.name })
  return Object.assign(make, { definition })
}

/** A judge from its definition and options that nothing is known of. Throws `EVK_CHECK_INVALID`. */
export function judgeOf<S extends z.ZodObject>(definition: JudgeDefinition<S>, options: unknown): Check {
  const common = commonOptions.extend({
    gating: commonOptions.shape.gating.default(definition.gating ?? true),
  })
  const all = z.strictObject({ ...definition.params.shape, ...common.shape })
  const whole = paramsFrom(definition.name, all, options ?? {}) as z.output<typeof common> &
    Record<string, unknown>
  const { gating, as, on, ...rest } = whole
  const params = rest as z.output<S>
  const name = as ?? definition.name
  refuseReserved(name)

  const models = modelsOf(definition, rest as JudgeParams)
  const samples = (rest as { samples?: number }).samples ?? 1
  const criterion = criterionOf(definition.name, definition.asked(params))
  const instruction = definition.instruction(params)
  const template = templateOf(instruction)
  const system = systemFor(template, definition.criterion(params))
  const instruments = models.map((model) => ({
    model,
    fingerprint: fingerprintOf({ model, template, vocabulary: wordsOf(instruction) }),
  }))
  const [{ fingerprint: only } = { fingerprint: '' }] = instruments
  const fingerprint =
    definition.isPanel === true ? panelFingerprint(instruments.map((one) => one.fingerprint)) : only

  /** The questions about one subject, by model and then by exhibit; or why there are none. */
  const questions = (subject: Subject): readonly (readonly Question[])[] | { readonly unscored: string } => {
    const exhibits = definition.exhibits(subject, params)
    if ('unscored' in exhibits) return exhibits
    return instruments.map((instrument) =>
      exhibits.map(({ shown, vocabulary }) => ({
        judge: name,
        ...instrument,
        criterion,
        case: subject.case.id,
        trial: subject.trial ?? 0,
        subject: subjectOfParts(shown),
        system,
        shown,
        vocabulary,
      })),
    )
  }

  const answerWhole = async (subject: Subject): Promise<Answer> => {
    const asked = questions(subject)
    if ('unscored' in asked) return asked
    return decided(
      { questions: asked, samples, fingerprint, criterion, isPanel: definition.isPanel === true },
      subject.judging,
    )
  }

  const judge: JudgeFacts = {
    kind: definition.name,
    fingerprint,
    criterion,
    asks: definition.criterion(params),
    models,
    samples,
    questionsOf: (subject) => {
      const parts = on === undefined ? [{ subject }] : partsOf(subject, on)
      return parts.flatMap((part) => {
        const asked = questions(part.subject)
        return 'unscored' in asked ? [] : asked.flat()
      })
    },
  }
  const unusual = defined({ as, on, gating: gating === (definition.gating ?? true) ? undefined : gating })
  return {
    name,
    gating,
    identity: JSON.parse(
      canonicalJson({ judge: definition.name, fingerprint, criterion, samples, ...unusual }),
    ),
    definition,
    judge,
    async answer(subject) {
      if (on === undefined) return answerWhole(subject)
      const parts = partsOf(subject, on)
      if (parts.length === 0) return { unscored: noPart(on) }
      const answers: JudgedParts = []
      for (const part of parts) answers.push({ name: part.name, answer: await answerWhole(part.subject) })
      return joined(answers)
    },
  }
}

function modelsOf(definition: JudgeDefinition<z.ZodObject>, params: JudgeParams): readonly JudgeModel[] {
  const given = 'models' in params ? params.models : [params]
  return given.map((one) => {
    const { model, baseUrl, parameters } = one
    const provider = one.provider ?? providerFor(model)
    const reserved = judgeProviders[provider].reserved.filter((key) => Object.hasOwn(parameters, key))
    if (reserved.length > 0) {
      throw new EvalkitError(
        'EVK_CHECK_INVALID',
        `The judge "${definition.name}" cannot be given the parameter "${reserved[0]}": it is a part of the question.`,
        {
          at: { path: `parameters.${reserved[0]}` },
          hint: 'Parameters are those of the model: temperature, a limit of tokens.',
        },
      )
    }
    return { provider, model, parameters, ...defined({ baseUrl }) }
  })
}

/** What the words mean is fixed by an instruction; of a pair it turns with the order, and the words are the same. */
function wordsOf({ words }: Instruction): Question['vocabulary'] {
  return Object.fromEntries(Object.keys(words).map((word) => [word, 'abstain']))
}
