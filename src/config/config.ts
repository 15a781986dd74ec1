import * as z from 'zod'
import { recordFrom } from '../schema/read.ts'
import { judgeDemand, policy, policyRules } from '../schema/verdict.ts'
import { ageOf, bytesOf } from '../store/retention.ts'

/** Beside the secrets that are always taken out (docs/redaction.md). */
const redactionRules = z.strictObject({
  pii: key(z.boolean(), 'E-mail addresses, telephone numbers, payment cards and IBANs too.', false),
  keys: key(z.array(z.string().min(1)), 'Further names whose text is a secret as a whole.', []),
  allowKeys: key(z.array(z.string().min(1)), 'Names whose text is no secret, whatever the list says.', []),
})

const age = z
  .string()
  .refine((text) => ageOf(text) !== undefined, 'expected an age such as "30d", "12h" or "forever"')
const size = z.string().refine((text) => bytesOf(text) !== undefined, 'expected a size such as "2GB"')

/** How long `evalkit prune` keeps traces. */
const retentionRules = z.strictObject({
  olderThan: key(age, 'Traces that are older go.', 'forever'),
  tags: key(z.record(z.string(), age), 'By tag, instead; of several of a trace the longest counts.', {}),
  keepLast: key(z.number().int().nonnegative(), 'The newest so many stay, however old.', 0),
  maxTraces: z.number().int().nonnegative().optional().describe('No more than so many.'),
  maxSize: size.optional().describe('The store takes about no more than this.'),
})

const usdPerMillion = z.number().nonnegative()

/** What a model costs. */
const modelPrice = z.strictObject({
  input: usdPerMillion,
  output: usdPerMillion,
  cacheRead: usdPerMillion.optional(),
  cacheWrite: usdPerMillion.optional(),
})

/** Each key: schema, description, default, in one line. Types, validation and docs/config.md come from here. */
const shape = {
  evals: key(z.string().min(1), 'Folder of eval files, baselines and the decisions log.', 'evals'),
  datasets: key(z.string().min(1), 'Folder of datasets.', 'datasets'),
  fixtures: key(z.string().min(1), 'Folder of fixtures.', 'fixtures'),
  tools: key(z.string().min(1), 'What tools do to the world (docs/tools.md).', 'evals/tools.json'),
  store: key(z.string().min(1), 'The store: a SQLite file. `--store` wins.', '.evalkit/evalkit.db'),
  reporters: key(z.array(z.string()), 'Reports of `run`, as `--reporter` takes them.', ['terminal']),
  redaction: key(redactionRules, 'What is taken out of imported runs, and what `scan` looks for.', {
    pii: false,
    keys: [],
    allowKeys: [],
  }),
  prices: key(
    z.record(z.string().min(1), modelPrice),
    'By model, in USD per million tokens: `{ input, output, cacheRead?, cacheWrite? }`. Wins over the built-in table.',
    {},
  ),
  retention: key(retentionRules, 'How long `prune` keeps traces (docs/store.md); its options win.', {
    olderThan: 'forever',
    tags: {},
    keepLast: 0,
  }),
  filters: key(
    z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/), z.string().min(1)),
    'Saved filters by name, for `--filter` (docs/store.md).',
    {},
  ),
  policy: key(policyRules, 'Rules for every eval; an eval’s own `gate` wins.', {}),
}

const schema = z.strictObject(shape)

/** The project's settings, all defaults filled in. Paths are relative to the project's folder. */
export type Config = z.output<typeof schema>
export type ConfigInput = z.input<typeof schema>

/**
 * The project's settings: the default export of `evalkit.config.ts`. Throws `EVK_CONFIG_INVALID`.
 *
 * @example
 * export default defineConfig({ policy: { margin: 0.1, onInconclusive: 'fail' } })
 */
export function defineConfig(input: ConfigInput): ConfigInput {
  configFrom(input, 'evalkit.config.ts')
  return input
}

/** Settings from what a config file exports. Throws `EVK_CONFIG_INVALID`, naming the key. */
export function configFrom(input: unknown, file: string): Config {
  return recordFrom(schema, input, { file }, 'config', 'EVK_CONFIG_INVALID')
}

/** A key as docs and help show it: `policy.margin`. `default` is `undefined` where there is none. */
export interface ConfigKey {
  readonly name: string
  readonly description: string
  /** What it takes, in words. */
  readonly takes: string
  readonly default: unknown
}

/** What docs and help say of each key; rules of the policy come one by one. */
export function configKeys(): readonly ConfigKey[] {
  return [
    ...keysOf(schema, ''),
    ...keysOf(redactionRules, 'redaction.'),
    ...keysOf(retentionRules, 'retention.'),
    ...keysOf(policy, 'policy.'),
    ...keysOf(judgeDemand, 'policy.judges.'),
  ]
}

function keysOf(of: z.ZodObject, prefix: string): ConfigKey[] {
  const { properties = {} } = z.toJSONSchema(of, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, one]) => {
    const property = one as KeySchema
    const { description = '' } = property
    return { name: `${prefix}${name}`, description, takes: takesOf(property), default: property.default }
  })
}

/** The part of JSON Schema that settings need. */
interface KeySchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly items?: KeySchema
  readonly properties?: Readonly<Record<string, KeySchema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly exclusiveMaximum?: number
}

function takesOf(of: KeySchema): string {
  if (of.enum !== undefined) return of.enum.map((word) => JSON.stringify(word)).join(' or ')
  if (of.type === 'array') return `list of ${takesOf(of.items ?? {})}`
  if (of.type === 'object') {
    return of.properties === undefined ? 'values by name' : membersOf(of.properties, of.required)
  }
  if (of.type === 'boolean') return '`true` or `false`'
  if (of.type !== 'number' && of.type !== 'integer') return 'text'
  // A whole number without an end has the largest one there is for its end.
  if (of.type === 'integer' && of.maximum === Number.MAX_SAFE_INTEGER)
    return `whole number from ${of.minimum}`
  const from = of.minimum ?? `more than ${of.exclusiveMinimum}`
  const to = of.maximum ?? `less than ${of.exclusiveMaximum}`
  return `number from ${from} to ${to}`
}

/** Members are named where they stand, and one alone with its type; what has more than three has a section of its own. */
function membersOf(
  properties: Readonly<Record<string, KeySchema>>,
  required: readonly string[] = [],
): string {
  const members = Object.entries(properties)
  const [one, ...others] = members
  if (one !== undefined && others.length === 0) return `\`{ ${one[0]}: ${one[1].type ?? 'text'} }\``
  // What has defaults (the rules of redaction) says each of them in a row of its own.
  if (members.length > 3 || members.some(([, { default: value }]) => value !== undefined))
    return 'rules, see below'
  return `\`{ ${members.map(([name]) => (required.includes(name) ? name : `${name}?`)).join(', ')} }\``
}

function key<S extends z.ZodType>(of: S, description: string, value: z.input<S>): z.ZodDefault<S> {
  return of.default(value as never).describe(description)
}
