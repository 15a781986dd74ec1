import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ConfigKey, configKeys } from '../src/config/config.ts'
import { flatJson } from '../src/lib/pretty-json.ts'

/** `node scripts/docs-config.ts`: docs/config.md from the keys' own definitions. A test keeps it fresh. */

export const configFile = join(dirname(import.meta.dirname), 'docs', 'config.md')

const opening = `# Config

*Made by \`node scripts/docs-config.ts\` from the keys in \`src/config/config.ts\` and \`src/schema/verdict.ts\`.*

A project needs no configuration. What it wants otherwise stands in \`evalkit.config.ts\` (or \`.mts\`, \`.js\`, \`.mjs\`) in the
folder evalkit is called in:

\`\`\`ts file=evalkit.config.ts
import { defineConfig } from 'evalkit'

export default defineConfig({ policy: { margin: 0.1, onInconclusive: 'fail' } })
\`\`\`

A key that does not exist, or a value that cannot be, stops every command (\`EVK_CONFIG_INVALID\`, exit 2) and names the
nearest key that does exist. Paths are relative to that folder.

`

const policyOpening = `## The policy

The rules the gate goes by ([how it decides](gate.md)). For each rule alone: the command line wins (\`--metric\`,
\`--margin\`, \`--on-inconclusive\`), then the eval's own \`gate\`, then the config, then the default. An eval that does not
name a rule leaves it to the config.

\`\`\`ts file=evals/strict.eval.ts
import { defineEval } from 'evalkit'
import { equals } from 'evalkit/checks'

export default defineEval({
  name: 'strict',
  dataset: [{ input: 'World', expected: 'Hello World!' }],
  target: (name: string) => \`Hello \${name}!\`,
  checks: [equals()],
  gate: { margin: 0.02 }, // wins over the config's 0.1; 'onInconclusive' still comes from there
})
\`\`\`

`

/** The whole page. */
export function configPage(): string {
  const keys = configKeys()
  const isRule = ({ name }: ConfigKey): boolean => name.startsWith('policy.')
  return `${opening}${tableOf(keys.filter((key) => !isRule(key)))}\n\n${policyOpening}${tableOf(keys.filter(isRule))}\n`
}

function tableOf(keys: readonly ConfigKey[]): string {
  const rows = keys.map(({ name, takes, description, default: value }) => {
    const byDefault = value === undefined ? 'none' : `\`${flatJson(value)}\``
    return `| \`${name}\` | ${takes} | ${byDefault} | ${description} |`
  })
  return ['| key | takes | default | |', '|---|---|---|---|', ...rows].join('\n')
}

if (process.argv[1] === import.meta.filename) await writeFile(configFile, configPage())
