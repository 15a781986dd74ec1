import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'

/** Files by their path from the root, with `/`. A fake tree of three lines is as good as the real one. */
export type Files = ReadonlyMap<string, string>

export interface Import {
  readonly specifier: string
  /** The file it leads to, for a relative one; it need not exist. */
  readonly target?: string
  readonly line: number
}

/** Something that comes from the world instead of from the caller: `process.env`, `Date.now()`, `console`. */
export interface Ambient {
  readonly what: string
  readonly line: number
}

export interface Source {
  readonly path: string
  readonly text: string
  /** The folder under src; for files directly in src, which are the doors of the package, `index.ts`. */
  readonly room: string
  /** Tests, contracts of seams and their samples: what never ships. */
  readonly isTest: boolean
  readonly imports: readonly Import[]
  readonly ambient: readonly Ambient[]
}

const largest = 2_000_000

/** Everything git tracks or would track. Files too large to be text that a person reads are left out. */
export function readTree(root: string): Files {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const files = new Map<string, string>()
  for (const path of listed.split('\0')) {
    const stat = path === '' ? undefined : statSync(join(root, path), { throwIfNoEntry: false })
    if (stat?.isFile() === true && stat.size <= largest)
      files.set(path, readFileSync(join(root, path), 'utf8'))
  }
  return files
}

/** The TypeScript of src, read by the compiler's own parser: words in comments and strings are not code. */
export function sourcesOf(files: Files): readonly Source[] {
  return [...files]
    .filter(([path]) => path.startsWith('src/') && path.endsWith('.ts'))
    .map(([path, text]) => readSource(path, text))
}

function readSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS)
  const imports: Import[] = []
  const ambient: Ambient[] = []
  const lineOf = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
  const addImport = (node: ts.Node, specifier: ts.Node | undefined): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    const target = specifier.text.startsWith('.')
      ? posix.join(posix.dirname(path), specifier.text)
      : undefined
    imports.push({
      specifier: specifier.text,
      line: lineOf(node),
      ...(target === undefined ? {} : { target }),
    })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) addImport(node, node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      addImport(node, node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      addImport(node, node.arguments[0])
    } else if (ts.isNewExpression(node) && isNamed(node.expression, 'URL'))
      addImport(node, node.arguments?.[0])
    const what = ambientIn(node, tree)
    if (what !== undefined) ambient.push({ what, line: lineOf(node) })
    ts.forEachChild(node, visit)
  }
  visit(tree)
  const [, room = '', ...inside] = path.split('/')
  return {
    path,
    text,
    room: inside.length === 0 ? 'index.ts' : room,
    isTest: /\.(test|contract|sample)\.ts$/.test(path) || path.includes('/testing/'),
    imports,
    ambient,
  }
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name
}

const ambientMembers = new Map([
  ['Date', ['now']],
  ['Math', ['random']],
  ['performance', ['now', 'timeOrigin']],
  ['crypto', ['randomUUID', 'getRandomValues']],
  ['process', ['argv', 'cwd', 'env', 'exit', 'exitCode', 'hrtime', 'stderr', 'stdin', 'stdout']],
])
const ambientImports = new Set(['randomUUID', 'randomBytes', 'randomInt'])

function ambientIn(node: ts.Node, tree: ts.SourceFile): string | undefined {
  if (ts.isIdentifier(node) && node.text === 'console') return 'console'
  if (ts.isPropertyAccessExpression(node)) {
    const owner = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression
    const members = ts.isIdentifier(owner) ? ambientMembers.get(owner.text) : undefined
    if (ts.isIdentifier(owner) && members?.includes(node.name.text) === true)
      return `${owner.text}.${node.name.text}`
  }
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && (node.arguments?.length ?? 0) === 0) {
    return 'new Date()'
  }
  if (ts.isImportSpecifier(node)) {
    const name = (node.propertyName ?? node.name).text
    if (ambientImports.has(name)) return name
  }
  if (ts.isImportDeclaration(node) && /^['"](node:)?process['"]$/.test(node.moduleSpecifier.getText(tree))) {
    return 'node:process'
  }
  if (
    ts.isVariableDeclaration(node) &&
    node.initializer !== undefined &&
    isNamed(node.initializer, 'process')
  ) {
    return 'process'
  }
  return undefined
}
