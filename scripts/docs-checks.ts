import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defined } from '../src/lib/defined.ts'
import { flatJson } from '../src/lib/pretty-json.ts'
import type { LlmReply } from '../src/schema/call.ts'
import { answerIn, textOf, toolCallsOf } from '../src/schema/message.ts'
import type { Score } from '../src/schema/score.ts'
import type { Span } from '../src/schema/trace.ts'
import type { CheckDefinition, CheckExample, CheckGroup, Subject } from '../src/score/check.ts'
import { checks } from '../src/score/checks/index.ts'
import { commonOptions } from '../src/score/define-check.ts'
import { type ParamsSchema, paramsJsonSchema } from '../src/score/params.ts'

/** `node scripts/docs-checks.ts`: docs/checks.md from the checks' own definitions. A test keeps it fresh. */

export const checksFile = join(dirname(import.meta.dirname), 'docs', 'checks.md')

const opening = `# Checks

*Made by \`node scripts/docs-checks.ts\` from the definitions in \`src/score/checks/\`. Each example below is a test.*

A check is a question about the outcome of one trial. It answers with a value in [0,1], passed or not, and why; or it
cannot say, and its score is unscored with the reason, which is never a pass and never 0.

\`\`\`ts
import { contains, toolCalls } from 'evalkit/checks'

checks: [toolCalls({ mode: 'superset' }), contains({ text: 'refund', as: 'mentions refund', gating: false })]
\`\`\`

An agent that failed (it threw, timed out or hit a limit) is worth 0 under every check; a trial that was aborted (a
missing recording, our fault, infrastructure) is unscored under every check. Neither is asked.

Every check also takes:

`

const plainFunctions = `## Plain functions

Any function works as a check, so scorers of other libraries do. It is given \`{ input, output, expected, trace, case }\`
and returns a number, a boolean, or an object with \`score\` or \`value\` and, if it likes, \`passed\` and \`reason\`. A number
passes at 1. \`null\`, \`undefined\`, NaN, a number outside [0,1], an \`error\` beside the score, and an exception are
unscored.

\`\`\`ts
const polite = ({ output }) => /please|thank/i.test(String(output))

checks: [polite, asCheck(Levenshtein, { passAt: 0.8 })]
\`\`\`

The score is called like the function (one without a name is \`check-<place>\`; \`asCheck(fn, { as: 'polite' })\` names it), and a change of its
source text makes it another check: a baseline taken before is then not comparable. What the function calls or closes over
is not seen.
`

const combining = `## Combining checks

\`not\`, \`all\`, \`any\` and \`weighted\` make one check of others, and can stand in each other. What stands in them may be a check
or a plain function.

\`\`\`ts
import { all, any, contains, jsonDiff, maxSteps, mentions, not, weighted } from 'evalkit/checks'

checks: [
  any([mentions({ money: { amount: 20, currency: 'EUR' } }), contains({ text: 'full refund' })], { as: 'names the refund' }),
  not(contains({ text: 'as an AI' })),
  weighted([[jsonDiff(), 3], [maxSteps({ steps: 5 }), 1]], { min: 0.8, as: 'right and short' }),
]
\`\`\`

| | passes | fails | is unscored | value |
|---|---|---|---|---|
| \`not(check)\` | it fails | it passes | it is | 1 less its value |
| \`all([…])\` | all pass | one fails | none fails, one is | the least of those known |
| \`any([…])\` | one passes | all fail | none passes, one is | the greatest of those known |
| \`weighted([[check, weight], …], { min })\` | the mean is \`min\` (1) or more | it is less | one is | the weighted mean |

What decides is decided: a check that fails fails \`all\` also where another could not say, and one that passes is enough for
\`any\`. What could not be said never becomes a pass by \`not\`. An agent that failed is worth 0 under a combined check, too,
whatever it is made of.

Each takes \`as\` and \`gating\`. Checks within have no \`gating\` of their own: only the whole decides. The name is the word
(\`not <check>\` for \`not\`), so two in one eval need \`as\`. Their order makes no other check, what they ask does.`

/** The whole page. */
export function checksPage(): string {
  const common = tableOf(paramsJsonSchema(commonOptions))
  const sections = Object.entries(groups).flatMap(([group, text]) => [
    text,
    ...definitions().flatMap((one) => (one.group === group ? [sectionOf(one)] : [])),
  ])
  return `${[`${opening}${common}`, ...sections, combining, plainFunctions.trimEnd()].join('\n\n')}\n`
}

function definitions(): readonly CheckDefinition[] {
  return Object.values(checks).map(({ definition }) => definition as CheckDefinition)
}

const groups: Readonly<Record<CheckGroup, string>> = {
  answer: '## Answers\n\nThey look at what came out.',
  trajectory:
    '## Tools and trajectory\n\nThey look at the way to it: which tools were called, how, and what they did.',
  guardrail: '## Guardrails\n\nThey look for what must not happen on the way.',
}

function sectionOf({ name, description, params, examples }: CheckDefinition): string {
  const lines = examples.map((example) => exampleOf(name, example))
  return [`### ${name}`, description, tableOf(paramsJsonSchema(params)), lines.join('\n')].join('\n\n')
}

function tableOf({ properties = {}, required = [] }: ParamsSchema): string {
  const rows = Object.entries(properties).map(([key, schema]) => {
    const byDefault = required.includes(key)
      ? 'required'
      : schema.default === undefined
        ? ''
        : code(literal(schema.default))
    return `| ${code(key)} | ${typeOf(schema)} | ${byDefault} | ${cell(schema.description ?? '')} |`
  })
  return ['| parameter | type | default | |', '|---|---|---|---|', ...rows].join('\n')
}

function exampleOf(name: string, { title, params, subject, expect, says }: CheckExample<unknown>): string {
  const options = literal(params)
  const lines = [
    `- **${expect}** ${code(`${name}(${options === '{}' ? '' : options})`)}: ${title}`,
    ...factsOf(subject).map(([what, value]) => `  - ${what} ${code(value)}`),
    ...(says === undefined ? [] : [`  - the reason says “${says}”`]),
  ]
  return lines.join('\n')
}

/** What of a subject the example is about. */
function factsOf({ case: of, outcome, recorded, tools }: Subject): readonly (readonly [string, string])[] {
  const { spans, scores } = outcome.trace
  const calls = spans.flatMap((span) => (span.kind === 'tool' ? [callText(span.request, span)] : []))
  const replies = spans.flatMap((span) =>
    span.kind === 'llm' && span.reply ? [replyText(span.reply, span)] : [],
  )
  const plan = outcome.trace.plan?.map(({ step, tool }) => (tool === undefined ? step : `${tool}: ${step}`))
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['plan', plan?.join(' ')],
    ...(spans.some(({ kind }) => kind !== 'tool' && kind !== 'llm')
      ? [['steps', spans.map((span) => stepText(span)).join('; ')] as const]
      : [
          ['tool calls', calls.length === 0 ? undefined : calls.join(', ')] as const,
          ['model replies', replies.length === 0 ? undefined : replies.join(', ')] as const,
        ]),
    ['known of tools', tools && knownText(spans, tools)],
    ['output', outcome.output === undefined ? undefined : shown(outcome.output)],
    ['`expected`', of.expected === undefined ? undefined : shown(of.expected)],
    ['`reference.toolCalls`', of.reference?.toolCalls?.map((call) => callText(call)).join(', ')],
    ['`reference.functionCalls`', of.reference?.functionCalls?.map((call) => callText(call)).join(', ')],
    ['`reference.contains`', of.reference?.contains && shown(of.reference.contains)],
    ['recorded scores', recorded && scoresText(recorded)],
    ['scores of the run itself', scores.length === 0 ? undefined : scoresText(scores)],
    ['divergence', outcome.divergences[0] && `step ${outcome.divergences[0].step}`],
    ['tokens', outcome.usage && shown(outcome.usage)],
    ['cost', outcome.costUsd === undefined ? undefined : `$${outcome.costUsd}`],
    // A second is what an example takes that is not about time.
    ['wall time', outcome.durationMs === 1_000 ? undefined : `${outcome.durationMs} ms`],
  ]
  return facts.flatMap(([what, value]) => (value === undefined ? [] : [[what, value] as const]))
}

/** What a span is, in a few words. */
function stepText(span: Span): string {
  if (span.kind === 'tool') return callText(span.request, span)
  if (span.kind === 'llm') return span.reply === undefined ? span.name : `says ${replyText(span.reply, span)}`
  if (span.kind === 'human') {
    const { request, reply } = span
    const asked = request.question === undefined ? '' : ` ${shown(request.question)}`
    return `asks ${request.name}${asked}${reply === undefined ? '' : ` → ${shown(answerIn(reply.message))}`}`
  }
  const input = 'input' in span && span.input !== undefined ? ` ${shown(span.input)}` : ''
  return `${span.kind} ${span.name}${input}`
}

/** The facts an example gives of the tools in it: what an example says nothing of is left out. */
function knownText(spans: readonly Span[], tools: NonNullable<Subject['tools']>): string | undefined {
  const names = [...new Set(spans.flatMap((span) => (span.kind === 'tool' ? [span.request.name] : [])))]
  const facts = names.flatMap((name) => {
    const { effect, from, volatile: _, volatileInCode: __, ...rest } = tools(name)
    const said = { ...(from === 'name' ? {} : { effect }), ...defined(rest) }
    return Object.keys(said).length === 0 ? [] : [`${name} ${shown(said)}`]
  })
  return facts.length === 0 ? undefined : facts.join(', ')
}

function callText(call: { readonly name: string; readonly arguments: unknown }, span?: Span): string {
  return `${call.name}(${shown(call.arguments)})${served(span)}`
}

function replyText({ message, usage, costUsd }: LlmReply, span: Span): string {
  const cost = costUsd === undefined ? '' : ` $${costUsd}`
  const tokens =
    usage === undefined ? '' : ` (${usage.input + usage.cacheRead + usage.cacheWrite + usage.output} tokens)`
  const asks = toolCallsOf(message).map((call) => callText(call))
  const text = textOf(message)
  const said = [...(asks.length > 0 && text === '' ? [] : [shown(text)]), ...asks.map((ask) => `asks ${ask}`)]
  return `${said.join(' and ')}${tokens}${cost}${served(span)}`
}

function served(span: Span | undefined): string {
  if (span?.served === undefined) return ''
  return span.durationMs === undefined ? ' recorded' : ` recorded in ${span.durationMs} ms`
}

function scoresText(scores: readonly Score[]): string {
  return scores
    .map((score) => `${score.name} ${score.status === 'scored' ? score.value : score.status}`)
    .join(', ')
}

function shown(value: unknown): string {
  const text = flatJson(value)
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`
}

function typeOf(schema: ParamsSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map((each) => typeOf(each)).join(' or ')
  if (schema.enum !== undefined) return schema.enum.map((each) => code(literal(each))).join(', ')
  if (schema.type === 'array') return `list of ${plural(schema.items ?? {})}`
  return schema.type ?? 'any JSON'
}

function plural(items: ParamsSchema): string {
  if (items.properties === undefined) return items.type === undefined ? 'any JSON' : `${items.type}s`
  return code(`{ ${Object.keys(items.properties).join(', ')} }`)
}

/** A value as one writes it in TypeScript here: single quotes, keys plain where they can be. */
function literal(value: unknown): string {
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
  if (Array.isArray(value)) return `[${value.map((item) => literal(item)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.entries(value).map(([key, member]) => {
    return `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key)}: ${literal(member)}`
  })
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

function code(text: string): string {
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

if (process.argv[1] === import.meta.filename) await writeFile(checksFile, checksPage())
