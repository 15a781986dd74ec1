import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeFixture } from '../src/dataset/fixture-file.ts'
import { promote } from '../src/dataset/promote.ts'
import { writeCases } from '../src/dataset/write.ts'
import { writeWhole } from '../src/dataset/write-whole.ts'
import type { Case } from '../src/schema/case.ts'
import { startModel } from './init-demo/model-server.ts'
import { record } from './init-demo/record.ts'
import { scenarios } from './init-demo/scenarios.ts'
import { type FileTexts, formatted, javascriptOf } from './init-demo/templates.ts'

/**
 * `node scripts/init-demo.ts`: what `evalkit init` writes. Runs the agent of examples/init against a scripted model on
 * loopback, promotes its traces into examples/init, and puts all texts of examples/init, in TypeScript and JavaScript,
 * into src/cli/init/demo-files.ts. The same sources give the same bytes; `--check` says whether they are there. Needs
 * a build: the agent imports evalkit by its name.
 */

const root = dirname(import.meta.dirname)
const example = 'examples/init'
const generated = 'src/cli/init/demo-files.ts'
const dataset = 'demo'
const code = ['evalkit.config', 'agents/demo', 'evals/demo.eval']

/** Every file this script makes, by its path from the root of the repository. */
async function make(): Promise<FileTexts> {
  const data = await recordedData()
  const texts = { ...sources(), data }
  const module = `import type { FileTexts } from './files.ts'

/** What \`evalkit init\` writes, by path: code without its ending. Made by \`node scripts/init-demo.ts\` from ${example}. */
export const demoFiles: Readonly<Record<'typescript' | 'javascript' | 'data', FileTexts>> = ${JSON.stringify(texts)}
`
  const inExample = Object.entries(data).map(([path, text]) => [`${example}/${path}`, text])
  return { ...Object.fromEntries(inExample), [generated]: formatted(generated, module, root) }
}

function sources(): Readonly<Record<'typescript' | 'javascript', FileTexts>> {
  const typescript = code.map(
    (name) => [name, readFileSync(join(root, example, `${name}.ts`), 'utf8')] as const,
  )
  const javascript = typescript.map(([name, text]) => [name, javascriptOf(`${name}.ts`, text, root)] as const)
  return { typescript: Object.fromEntries(typescript), javascript: Object.fromEntries(javascript) }
}

/** Dataset and fixtures, as `promote` and the writers of evalkit make them of the agent's traces. */
async function recordedData(): Promise<FileTexts> {
  const { demo } = (await import(join(root, example, 'agents', 'demo.ts'))) as {
    demo: (question: string) => Promise<string>
  }
  const folder = mkdtempSync(join(tmpdir(), 'init-demo-'))
  const model = await startModel(scenarios)
  process.env['OPENAI_BASE_URL'] = model.url
  try {
    const cases = new Map<string, Case>()
    for (const { id, category, question, reference } of scenarios) {
      const trace = await record(question, () => demo(question))
      const promotion = promote(trace, dataset, {}, id)
      cases.set(id, { ...promotion.case, category, reference })
      writeFixture(join(folder, 'fixtures'), promotion.fixture)
    }
    await writeCases(join(folder, 'datasets', `${dataset}.jsonl`), cases)
    return textsIn(folder)
  } finally {
    await model.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function textsIn(folder: string): FileTexts {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
}

/** The made files that are not there as they should be. */
function stale(files: FileTexts): readonly string[] {
  const there = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
  return Object.keys(files).filter((path) => there(path) !== files[path])
}

const files = await make()
if (process.argv.includes('--check')) {
  const old = stale(files)
  if (old.length > 0) {
    console.error(`${old.join('\n')}\n  hint  These are not what node scripts/init-demo.ts makes: run it.`)
    process.exitCode = 1
  }
} else {
  for (const [path, text] of Object.entries(files)) writeWhole(join(root, path), text)
  console.log(`${Object.keys(files).length} files made`)
}
