/** One fenced code block of a Markdown file. */
export interface Block {
  readonly language: string
  /** The words after the language: `run`, `output`, `file=evals/first.eval.ts`, `exit=1`. */
  readonly words: readonly string[]
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
}

/** The fenced blocks of a Markdown text. A fence that is never closed throws: it swallows what follows. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { fence: string; language: string; words: string[]; line: number; body: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const [, fence, info = ''] = /^(`{3,})([^`]*)$/.exec(line) ?? []
      if (fence === undefined) continue
      const [language = '', ...words] = info.trim().split(/\s+/)
      open = { fence, language, words, line: index + 1, body: [] }
    } else if (line.trimEnd() === open.fence) {
      const { language, words, body } = open
      blocks.push({ language, words, text: body.map((text) => `${text}\n`).join(''), line: open.line })
      open = undefined
    } else open.body.push(line)
  }
  if (open !== undefined) throw new Error(`the block that opens in line ${open.line} is never closed`)
  return blocks
}

/** `exit=1` in the words of a block is `option(block, 'exit') === '1'`. */
export function option(block: Block, name: string): string | undefined {
  return block.words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}

/**
 * Whether real output is what a page shows. In the page, `…` stands for any text within a line, and a line with
 * nothing but `…` for any lines. Spaces at the ends of lines and of the whole do not count.
 */
export function showsOutput(page: string, real: string): boolean {
  const pattern = trimLines(page)
    .split('\n')
    .map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escape).join('.*?')}\\n`))
    .join('')
  return new RegExp(`^${pattern}$`).test(`${trimLines(real)}\n`)
}

/** The page with the block that opens in `line` holding `text` instead. */
export function withBlockText(markdown: string, line: number, text: string): string {
  const lines = markdown.split('\n')
  const block = blocksOf(markdown).find((candidate) => candidate.line === line)
  if (block === undefined) throw new Error(`no block opens in line ${line}`)
  lines.splice(line, block.text.split('\n').length - 1, ...trimLines(text).split('\n'))
  return lines.join('\n')
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
