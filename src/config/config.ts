import * as z from 'zod'
import { recordFrom } from '../schema/read.ts'
import { policy } from '../schema/verdict.ts'

/** Each key: schema, description, default, in one line. Types, validation and docs/config.md come from here. */
const shape = {
  evals: key(z.string().min(1), 'Folder of eval files, baselines and the decisions log.', 'evals'),
  datasets: key(z.string().min(1), 'Folder of datasets.', 'datasets'),
  fixtures: key(z.string().min(1), 'Folder of fixtures.', 'fixtures'),
  store: key(z.string().min(1), 'The store: a SQLite file. `--store` wins.', '.evalkit/evalkit.db'),
  reporters: key(z.array(z.string()), 'Reports of `run`, as `--reporter` takes them.', ['terminal']),
  policy: key(policy.partial(), 'Rules for every eval; an eval’s own `gate` wins.', {}),
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
  const config = recordFrom(schema, input ?? {}, { file }, 'config', 'EVK_CONFIG_INVALID')
  const written = Object.keys((input as { policy?: object } | undefined)?.policy ?? {})
  const rules = Object.fromEntries(Object.entries(config.policy).filter(([name]) => written.includes(name)))
  return { ...config, policy: rules as Config['policy'] }
}

/** What docs and help say of each key. */
export function configKeys(): readonly { name: string; description: string; default: unknown }[] {
  return Object.entries(shape).map(([name, one]) => {
    const { description, default: value } = one.meta() ?? {}
    return { name, description: description ?? '', default: value }
  })
}

function key<S extends z.ZodType>(of: S, description: string, value: z.input<S>): z.ZodDefault<S> {
  return (of.default(value as never) as z.ZodDefault<S>).meta({ description, default: value })
}
